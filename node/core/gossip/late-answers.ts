// Whether the bases of an answer are good. The peer counts the age of an interest from when it heard of it, so its bases lie
// too late by the time that the interest was under way: nothing to speak of, unless the link stood still meanwhile. An
// answer therefore says how old the interest is to the peer. If that is too little, its bases are not used and the interest
// is told again: once with its age as it is, for a link mostly stands still once; then older by what went wrong before.

import type { StreamId } from '../common/ids.ts'
import type { Replica } from '../stream/replica.ts'
import { type GossipContext, gossipLimits, type PeerState } from './context.ts'
import type { HoldingsMessage } from './messages.ts'

export class LateAnswers {
  readonly #context: GossipContext
  /** Until when a better answer is waited for; should it get lost, what is known serves. */
  readonly #until = new Map<PeerState, Map<StreamId, number>>()

  constructor(context: GossipContext) {
    this.#context = context
  }

  /** Judges an answer: undefined if it is good, else what is to be added to the age when the interest is told again. */
  judge(peer: PeerState, replica: Replica, message: HoldingsMessage): number | undefined {
    const { now } = this.#context
    const known = this.#until.get(peer) ?? new Map<StreamId, number>()
    const ageMs = now - (replica.interestedSince ?? now)
    const lateMs = ageMs - (message.ageMs ?? ageMs)
    // Told at once, an interest promises nothing before the wait for its answers is over.
    const allowedMs = message.ageMs === 0 ? gossipLimits.interestTimeoutMs : gossipLimits.baseSlackMs
    const isNews = message.holdings.some(({ boot }) => replica.origins.get(boot)?.position === undefined)
    if (lateMs <= allowedMs || !isNews) {
      known.delete(replica.id)
      return undefined
    }
    const addedMs = known.has(replica.id) ? lateMs : 0
    this.#until.set(peer, known.set(replica.id, now + lateMs + gossipLimits.interestTimeoutMs))
    return addedMs
  }

  /** Whether what a peer said of a stream came too late, and a better answer is under way. */
  isLate(peer: PeerState, replica: Replica): boolean {
    return (this.#until.get(peer)?.get(replica.id) ?? 0) > this.#context.now
  }

  forgetPeer(peer: PeerState): void {
    this.#until.delete(peer)
  }

  forgetStream(stream: StreamId): void {
    for (const known of this.#until.values()) known.delete(stream)
  }
}
