// Whether the bases of an answer are good. The peer counts the age of an interest from when it heard of it, so its bases lie
// too late by the time that the interest was under way. One that is not new is therefore told as older by a slack, and an
// answer says how old it is to the peer. If that is too little, the link stood still meanwhile: its bases are not used, and the
// interest is told again, once with nothing but the slack, for a link mostly stands still once; then older by what went wrong
// before. After a while a late base is better than none.

import type { StreamId } from '../common/ids.ts'
import type { Replica } from '../stream/replica.ts'
import { type GossipContext, gossipLimits, type PeerState } from './context.ts'
import type { HoldingsMessage } from './messages.ts'

interface Wait {
  /** Set once: should no better answer come by then, what is known serves. */
  readonly until: number
  /** What the age was raised by when the interest was told last. */
  addedMs: number
}

export class LateAnswers {
  readonly #context: GossipContext
  readonly #waits = new Map<PeerState, Map<StreamId, Wait>>()
  /** Interests that a peer heard of last when they began: to it they are not older than they are. It may answer when it hears of the stream. */
  readonly #toldAtOnce = new Map<PeerState, Set<StreamId>>()

  constructor(context: GossipContext) {
    this.#context = context
  }

  /** A peer is told of an interest that is so old: as old as it may be when it is heard of, so that what is published meanwhile is due. */
  onTold(peer: PeerState, stream: StreamId, ageMs: number): void {
    const atOnce = this.#toldAtOnce.get(peer)
    if (ageMs > 0) atOnce?.delete(stream)
    else this.#toldAtOnce.set(peer, (atOnce ?? new Set()).add(stream))
  }

  /** Judges an answer: undefined if it is good, else what is to be added to the age when the interest is told again. */
  judge(peer: PeerState, replica: Replica, message: HoldingsMessage): number | undefined {
    const { now } = this.#context
    const waits = this.#waits.get(peer) ?? new Map<StreamId, Wait>()
    const wait = waits.get(replica.id)
    const ageMs = now - (replica.interestedSince ?? now)
    const lateMs = ageMs - (message.ageMs ?? ageMs)
    // Told at once, an interest promises nothing before the wait for its answers is over. Later it is told as older by the slack.
    const slackMs = this.#toldAtOnce.get(peer)?.has(replica.id) === true ? gossipLimits.baseSlackMs : 0
    const allowedMs = message.ageMs === 0 ? gossipLimits.interestTimeoutMs : slackMs
    const isNews = message.holdings.some(({ boot }) => replica.origins.get(boot)?.position === undefined)
    if (lateMs <= allowedMs || !isNews || (wait !== undefined && wait.until <= now)) {
      waits.delete(replica.id)
      return undefined
    }
    if (wait === undefined) {
      const until = now + lateMs + gossipLimits.interestTimeoutMs
      this.#waits.set(peer, waits.set(replica.id, { until, addedMs: 0 }))
      return 0
    }
    // What is still missing comes on top of what was added already.
    wait.addedMs += lateMs
    return wait.addedMs
  }

  /** Whether what a peer said of a stream came too late, and a better answer is under way. */
  isLate(peer: PeerState, replica: Replica): boolean {
    return (this.#waits.get(peer)?.get(replica.id)?.until ?? 0) > this.#context.now
  }

  forgetPeer(peer: PeerState): void {
    this.#waits.delete(peer)
    this.#toldAtOnce.delete(peer)
  }

  forgetStream(stream: StreamId): void {
    for (const waits of this.#waits.values()) waits.delete(stream)
    for (const atOnce of this.#toldAtOnce.values()) atOnce.delete(stream)
  }
}
