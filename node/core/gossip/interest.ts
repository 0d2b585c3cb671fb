// Who wants which stream, and from where on. When a node's first local subscriber of a stream appears, it tells all
// peers; each answers with what it holds and with a base for every origin: a sequence that had surely been published when
// the interest began. An origin's own word about itself is exact, because it precedes the batches on the same link; after
// a partition the age of the interest, measured by one clock, makes it exact but for the time that the message took.

import { assert } from '../common/assert.ts'
import type { NodeId, StreamId } from '../common/ids.ts'
import type { OriginState, Replica } from '../stream/replica.ts'
import {
  count,
  type GossipContext,
  gossipLimits,
  liveOrigin,
  ownState,
  type PeerState,
  send,
} from './context.ts'
import { type Holdings, hashStreams } from './holdings.ts'
import { LateAnswers } from './late-answers.ts'
import type { Holding, HoldingsMessage, InterestMessage, ProbeMessage } from './messages.ts'
import type { Push } from './push.ts'
import type { Wants } from './wants.ts'

interface Waiting {
  readonly peers: Set<NodeId>
  readonly deadline: number
}

export class Interest {
  readonly #context: GossipContext
  readonly #push: Push
  readonly #wants: Wants
  readonly #holdings: Holdings
  readonly #late: LateAnswers
  /** Peers that have not answered the interest in a stream yet. */
  readonly #waiting = new Map<StreamId, Waiting>()

  constructor(context: GossipContext, push: Push, wants: Wants, holdings: Holdings) {
    this.#context = context
    this.#push = push
    this.#wants = wants
    this.#holdings = holdings
    this.#late = new LateAnswers(context)
  }

  /** Hash of this node's interests, for probes. */
  get hash(): number {
    return hashStreams(this.#wanted().map((replica) => replica.id))
  }

  /** The first local subscriber of a stream has come, and begins when all have answered; or it is as old as `since`, and may be older than the stream. */
  begin(replica: Replica, since?: number): void {
    replica.interestedSince = since ?? this.#context.now
    const own = ownState(this.#context, replica)
    this.#setBase(replica, own, baseSince(own, replica.interestedSince, this.#context.now))
    this.#settleOwn(replica, own)
    const peers = new Set<NodeId>()
    // Nothing is promised before their answers: what is published while they are asked is not due.
    const addedMs = since === undefined ? -gossipLimits.baseSlackMs : 0
    for (const peer of this.#context.peers.values()) {
      if (peer.boot === undefined) continue
      peers.add(peer.id)
      this.#tellInterest(peer, replica, addedMs)
    }
    this.#waiting.set(replica.id, { peers, deadline: this.#context.now + gossipLimits.interestTimeoutMs })
    this.#settle(replica.id)
  }

  /** The last local subscriber has left. */
  end(replica: Replica): void {
    replica.loseInterest()
    this.#waiting.delete(replica.id)
    this.#wants.forgetStream(replica)
    this.#late.forgetStream(replica.id)
    for (const peer of this.#context.peers.values()) {
      if (peer.boot === undefined) continue
      this.#holdings.forgetHeard(peer, replica.id)
      send(this.#context, peer, { kind: 'interest', stream: replica.id, wanted: false, ageMs: 0 })
    }
  }

  /** Whether some interest is still being made known. */
  get isWaitingForAny(): boolean {
    return this.#waiting.size > 0
  }

  /** Whether an interest is still being made known. */
  isWaiting(replica: Replica): boolean {
    return this.#waiting.has(replica.id)
  }

  onPeerUp(peer: PeerState): void {
    for (const replica of this.#wanted()) {
      // Here is one more who may hold what nobody did.
      for (const state of replica.origins.values()) state.forgetAbsent()
      this.#tellInterest(peer, replica)
      this.#waiting.get(replica.id)?.peers.add(peer.id)
    }
  }

  /** What others hold of the peer's messages now counts, since the peer itself cannot push them. */
  onPeerDown(peer: PeerState): void {
    this.#late.forgetPeer(peer)
    for (const [stream, waiting] of this.#waiting) {
      waiting.peers.delete(peer.id)
      this.#settle(stream)
    }
    this.review()
  }

  onInterest(peer: PeerState, message: InterestMessage): void {
    const { stream, wanted, ageMs, have } = message
    const replica = this.#context.replicas.get(stream)
    if (!wanted) {
      peer.interestedSince.delete(stream)
      this.#holdings.forgetTold(peer, stream)
      if (replica !== undefined) this.#push.retarget(replica)
      return
    }
    peer.interestedSince.set(stream, this.#context.now - ageMs)
    if (replica === undefined) {
      // Nothing was ever published here on a stream that this node has not heard of.
      this.#holdings.forgetTold(peer, stream)
      send(this.#context, peer, { kind: 'holdings', stream, answer: true, holdings: [] })
    } else this.#serve(peer, replica, have)
  }

  /** A stream has become known: peers may have asked for it before. */
  onReplica(replica: Replica): void {
    for (const peer of this.#context.peers.values()) {
      if (peer.interestedSince.has(replica.id)) this.#serve(peer, replica, undefined)
    }
  }

  onHoldings(peer: PeerState, message: HoldingsMessage): void {
    const replica = this.#context.replicas.get(message.stream)
    if (replica === undefined || replica.interestedSince === undefined) return
    this.#holdings.onHoldings(peer, message)
    const addedMs = message.answer ? this.#late.judge(peer, replica, message) : undefined
    if (addedMs !== undefined) this.#tellInterest(peer, replica, addedMs)
    for (const holding of message.holdings) {
      // News of an origin: what nobody held may be held now.
      const state = replica.origins.get(holding.boot)
      if (state !== undefined && state.absent.size > 0) state.forgetAbsent()
      this.#onHolding(peer, replica, holding)
      if (state !== undefined) this.#wants.onClaim(peer, state, holding, message.answer)
    }
    if (!message.answer) return
    this.#waiting.get(replica.id)?.peers.delete(peer.id)
    this.#settle(replica.id)
  }

  onProbe(peer: PeerState, message: ProbeMessage): void {
    const isHeard = message.toldHash === peer.holdingsHash
    const isKnown = message.interestHash === hashStreams(peer.interestedSince.keys())
    if (isHeard && isKnown) return
    count(this.#context, 'resyncs')
    if (!isKnown) {
      // Which of its interests was missed cannot be told; it says all of them again.
      peer.interestedSince.clear()
      this.#holdings.forgetTold(peer)
      for (const replica of this.#context.replicas.values()) this.#push.retarget(replica)
    }
    this.#holdings.forgetHeard(peer)
    send(this.#context, peer, { kind: 'resync' })
    for (const replica of this.#wanted()) this.#tellInterest(peer, replica)
  }

  onResync(peer: PeerState): void {
    for (const replica of this.#wanted()) this.#tellInterest(peer, replica)
  }

  /** Once per tick: peers that do not answer are not waited for for ever. */
  expire(): void {
    for (const [stream, waiting] of this.#waiting) {
      if (waiting.deadline > this.#context.now) continue
      waiting.peers.clear()
      this.#settle(stream)
    }
  }

  /** Compares all that peers said with what is here; what was said while the origin itself was up counts once it is not. */
  review(): void {
    for (const replica of this.#wanted()) {
      for (const peer of this.#context.peers.values()) {
        const known = peer.boot === undefined ? undefined : peer.holdings.get(replica.id)
        for (const holding of known?.values() ?? []) this.#onHolding(peer, replica, holding)
      }
      if (!this.#waiting.has(replica.id)) this.#placeRest(replica)
    }
  }

  #wanted(): Replica[] {
    return [...this.#context.replicas.values()].filter((replica) => replica.interestedSince !== undefined)
  }

  #tellInterest(peer: PeerState, replica: Replica, addedMs: number = 0): void {
    const knownMs = Math.max(0, this.#context.now - (replica.interestedSince ?? this.#context.now))
    const ageMs = knownMs + gossipLimits.baseSlackMs + addedMs
    const { boot } = peer
    const position =
      boot === undefined ? undefined : (replica.origins.get(boot)?.position ?? replica.forgotten.get(boot))
    this.#late.onTold(peer, replica.id, ageMs)
    const message = { kind: 'interest', stream: replica.id, wanted: true, ageMs } as const
    send(this.#context, peer, position === undefined ? message : { ...message, have: position })
  }

  /** Answers an interest and begins to push. */
  #serve(peer: PeerState, replica: Replica, have: number | undefined): void {
    const { now } = this.#context
    const own = ownState(this.#context, replica)
    const base = have ?? baseSince(own, peer.interestedSince.get(replica.id) ?? now, now)
    this.#holdings.answer(peer, replica, base)
    this.#push.startFeed(peer, replica, base + 1)
  }

  #onHolding(peer: PeerState, replica: Replica, holding: Holding): void {
    const { self, boot, now } = this.#context
    if ((holding.node === self && holding.boot === boot) || (holding.last === 0 && holding.node !== peer.id))
      return
    if (replica.origins.get(holding.boot)?.position === undefined && this.#late.isLate(peer, replica)) return
    // Others forget an origin later than this node did: what they still say of it is no news.
    if (peer.boot !== holding.boot && isForgotten(replica, holding)) return
    const state = replica.originState(holding.node, holding.boot, now)
    state.toldTo = Math.max(state.toldTo, holding.last)
    const origin = liveOrigin(this.#context, state)
    // While the origin is up, its own word counts alone: what others hold of it is on its way here as well.
    if (origin !== undefined && origin !== peer) return
    if (state.position === undefined) {
      if (origin === undefined && this.#waiting.has(replica.id)) return
      const base = origin === undefined ? this.#bestBase(replica, state) : holding.base
      this.#setBase(replica, state, Math.max(base, replica.forgotten.get(state.boot) ?? 0))
    }
    if (state.position === undefined || holding.last <= state.position) return
    this.#wants.add(replica, state, state.position + 1, holding.last)
  }

  /** Of an origin that is not up: the highest of all sequences that were surely published before the interest began. */
  #bestBase(replica: Replica, state: OriginState): number {
    const before = state.lastBefore(replica.interestedSince ?? this.#context.now)
    let base = Math.max(before, replica.forgotten.get(state.boot) ?? 0)
    for (const peer of this.#context.peers.values()) {
      if (peer.boot === undefined || this.#late.isLate(peer, replica)) continue
      base = Math.max(base, peer.holdings.get(replica.id)?.get(state.boot)?.base ?? 0)
    }
    return base
  }

  #setBase(replica: Replica, state: OriginState, base: number): void {
    replica.setBase(state, base)
    // Before all else: whatever wakes a subscriber lets it read on in every stream, so it hears of all bases first.
    this.#context.effects.unshift({ kind: 'base', replica, state })
    this.#context.effects.push({ kind: 'delivered', replica })
  }

  /**
   * An interest older than retention begins before what this node dropped of its own messages. Nobody has that any
   * more, and the next publication must not wait for it.
   */
  #settleOwn(replica: Replica, own: OriginState): void {
    // Behind the fence of an epoch that has ended nothing is delivered, or given up.
    const end = Math.min(own.last, own.limit)
    for (let next = (own.position ?? end) + 1; next <= end; next = (own.position ?? end) + 1) {
      const to = Math.min(replica.holeBefore(own)?.to ?? end, end)
      count(this.#context, 'gapsDeclared')
      count(this.#context, 'messagesMissing', to - next + 1)
      replica.skip(own, to)
      assert((own.position ?? 0) >= to, 'what is given up is passed')
    }
  }

  /** Ends the wait for a stream when all have answered. */
  #settle(stream: StreamId): void {
    const waiting = this.#waiting.get(stream)
    const replica = this.#context.replicas.get(stream)
    if (waiting === undefined || replica === undefined || waiting.peers.size > 0) return
    this.#waiting.delete(stream)
    this.#placeRest(replica)
    this.review()
    this.#context.effects.push({ kind: 'interestKnown', replica })
  }

  /** Places origins that cannot answer for themselves. */
  #placeRest(replica: Replica): void {
    for (const state of replica.origins.values()) {
      if (state.position !== undefined || liveOrigin(this.#context, state) !== undefined) continue
      this.#setBase(replica, state, this.#bestBase(replica, state))
    }
  }
}

/** Whether a holding says nothing beyond where this node stood when it forgot the origin. */
function isForgotten(replica: Replica, { boot, last }: Holding): boolean {
  return !replica.origins.has(boot) && last > 0 && last <= (replica.forgotten.get(boot) ?? 0)
}

/** Where an interest in this node's own messages begins that is as old as that. */
function baseSince(own: OriginState, since: number, now: number): number {
  return since >= now ? own.last : own.lastBefore(since)
}
