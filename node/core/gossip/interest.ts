// Who wants which stream, and from where on. When a node's first local subscriber of a stream appears, it tells all
// peers; each answers with what it holds and with a base for every origin: the last sequence it had when the interest
// began. An origin's own word about itself is exact, because it precedes the batches on the same link; after a
// partition the age of the interest, measured by one clock, makes it exact as well.
//
// Afterwards each node tells interested peers once per probe interval what has changed among its holdings; a hash of all
// that was told rides on every probe, so that a lost message is noticed and everything told again.

import type { Boot, NodeId, StreamId } from '../common/ids.ts'
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
import type { Holding, HoldingsMessage, InterestMessage } from './messages.ts'
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
  /** Peers that have not answered the interest in a stream yet. */
  readonly #waiting = new Map<StreamId, Waiting>()

  constructor(context: GossipContext, push: Push, wants: Wants) {
    this.#context = context
    this.#push = push
    this.#wants = wants
  }

  /** The first local subscriber of a stream has come. */
  begin(replica: Replica, since: number): void {
    const { now } = this.#context
    const ageMs = now - since
    replica.interestedSince = since
    const own = ownState(this.#context, replica)
    this.#setBase(replica, own, ageMs === 0 ? (own.log.last?.to ?? own.goneTo) : baseSince(own, since))
    const peers = new Set<NodeId>()
    for (const peer of this.#context.peers.values()) {
      if (peer.boot === undefined) continue
      peers.add(peer.id)
      send(this.#context, peer, { kind: 'interest', stream: replica.id, wanted: true, ageMs })
    }
    this.#waiting.set(replica.id, { peers, deadline: now + gossipLimits.interestTimeoutMs })
    this.#settle(replica.id)
  }

  /** The last local subscriber has left. */
  end(replica: Replica): void {
    replica.loseInterest()
    this.#waiting.delete(replica.id)
    this.#wants.forgetStream(replica)
    for (const peer of this.#context.peers.values()) {
      if (peer.boot === undefined) continue
      peer.holdings.delete(replica.id)
      peer.holdingsHash = hashHoldings(peer.holdings)
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
    for (const replica of this.#context.replicas.values()) {
      if (replica.interestedSince === undefined) continue
      this.#tellInterest(peer, replica)
      this.#waiting.get(replica.id)?.peers.add(peer.id)
    }
  }

  onPeerDown(peer: PeerState): void {
    for (const [stream, waiting] of this.#waiting) {
      waiting.peers.delete(peer.id)
      this.#settle(stream)
    }
  }

  onInterest(peer: PeerState, message: InterestMessage): void {
    const { stream, wanted, ageMs, have } = message
    const replica = this.#context.replicas.get(stream)
    const since = this.#context.now - ageMs
    if (wanted) peer.interestedSince.set(stream, since)
    else {
      peer.interestedSince.delete(stream)
      peer.told.delete(stream)
      peer.toldHash = hashTold(peer.told)
    }
    if (replica === undefined) {
      // Nothing was ever published here on a stream that this node has not heard of.
      if (wanted) send(this.#context, peer, { kind: 'holdings', stream, answer: true, holdings: [] })
      return
    }
    if (!wanted) {
      this.#push.retarget(replica)
      return
    }
    const own = ownState(this.#context, replica)
    const base = have ?? (ageMs === 0 ? (own.log.last?.to ?? own.goneTo) : baseSince(own, since))
    this.#tell(peer, replica, base)
    this.#push.startFeed(peer, replica, base + 1)
  }

  /** A stream has become known: peers may have asked for it before. */
  onReplica(replica: Replica): void {
    for (const peer of this.#context.peers.values()) {
      if (!peer.interestedSince.has(replica.id)) continue
      this.#tell(peer, replica, 0)
      this.#push.startFeed(peer, replica, 1)
    }
  }

  onHoldings(peer: PeerState, message: HoldingsMessage): void {
    const replica = this.#context.replicas.get(message.stream)
    if (replica === undefined || replica.interestedSince === undefined) return
    let known = peer.holdings.get(replica.id)
    if (known === undefined) {
      known = new Map()
      peer.holdings.set(replica.id, known)
    }
    if (message.answer) known.clear()
    for (const holding of message.holdings) {
      known.set(holding.boot, holding)
      this.#onHolding(peer, replica, holding)
    }
    peer.holdingsHash = hashHoldings(peer.holdings)
    if (message.answer) {
      this.#waiting.get(replica.id)?.peers.delete(peer.id)
      this.#settle(replica.id)
    }
  }

  /** Once per probe interval: what changed, and the hash of all; at rest only where `isDue`. */
  probe(peer: PeerState, catalogHash: number, isDue: boolean): void {
    for (const stream of peer.interestedSince.keys()) {
      const replica = this.#context.replicas.get(stream)
      if (replica !== undefined) this.#tell(peer, replica, undefined)
    }
    if (peer.isQuiet && !isDue) return
    peer.isQuiet = true
    send(this.#context, peer, { kind: 'probe', toldHash: peer.toldHash, catalogHash })
  }

  onProbe(peer: PeerState, toldHash: number): void {
    if (toldHash === peer.holdingsHash) return
    count(this.#context, 'resyncs')
    peer.holdings.clear()
    peer.holdingsHash = hashHoldings(peer.holdings)
    send(this.#context, peer, { kind: 'resync' })
    for (const replica of this.#context.replicas.values()) {
      if (replica.interestedSince !== undefined) this.#tellInterest(peer, replica)
    }
  }

  onResync(peer: PeerState): void {
    peer.told.clear()
    peer.toldHash = hashTold(peer.told)
  }

  /** Peers that do not answer are not waited for for ever. */
  expire(): void {
    for (const [stream, waiting] of this.#waiting) {
      if (waiting.deadline > this.#context.now) continue
      waiting.peers.clear()
      this.#settle(stream)
    }
  }

  #tellInterest(peer: PeerState, replica: Replica): void {
    const ageMs = this.#context.now - (replica.interestedSince ?? this.#context.now)
    const position = peer.boot === undefined ? undefined : replica.origins.get(peer.boot)?.position
    const stream = replica.id
    const have = position === undefined ? {} : { have: position }
    send(this.#context, peer, { kind: 'interest', stream, wanted: true, ageMs, ...have })
  }

  #onHolding(peer: PeerState, replica: Replica, holding: Holding): void {
    if (holding.node === this.#context.self && holding.boot === this.#context.boot) return
    const state = replica.originState(holding.node, holding.boot)
    const origin = liveOrigin(this.#context, state)
    if (state.position === undefined) {
      // The origin itself knows best and will answer; others are asked only where it cannot be.
      if (origin !== undefined && origin !== peer) return
      this.#setBase(replica, state, holding.base)
    } else if (origin === undefined && holding.base < state.base && state.position === state.base) {
      this.#setBase(replica, state, holding.base)
    }
    if (state.position === undefined || holding.last <= state.position) return
    this.#wants.onClaim(peer, state, holding.last)
    if (origin === undefined || origin === peer)
      this.#wants.add(replica, state, state.position + 1, holding.last)
  }

  #setBase(replica: Replica, state: OriginState, base: number): void {
    replica.setBase(state, base)
    this.#context.effects.push({ kind: 'base', replica, state })
    this.#context.effects.push({ kind: 'delivered', replica })
  }

  /**
   * Tells a peer what this node holds of a stream: what changed, or, in answer to an interest, everything, with the
   * sequence after which this node will push its own messages.
   */
  #tell(peer: PeerState, replica: Replica, answerBase: number | undefined): void {
    const answer = answerBase !== undefined
    let told = peer.told.get(replica.id)
    if (told === undefined || answer) {
      told = new Map()
      peer.told.set(replica.id, told)
    }
    const since = peer.interestedSince.get(replica.id) ?? this.#context.now
    const own = ownState(this.#context, replica)
    const holdings: Holding[] = []
    for (const state of replica.origins.values()) {
      if (state.node === peer.id && state.boot === peer.boot) continue
      const { node, boot, log } = state
      const last = state === own ? (answerBase ?? this.#push.sentTo(peer, replica, own)) : (log.last?.to ?? 0)
      if (!answer && (told.get(boot) ?? 0) === last) continue
      if (last === 0 && state !== own) continue
      told.set(boot, last)
      const base = state === own && answer ? answerBase : baseSince(state, since)
      holdings.push({ node, boot, first: log.first?.from ?? 0, last, base })
    }
    peer.toldHash = hashTold(peer.told)
    if (answer || holdings.length > 0) {
      send(this.#context, peer, { kind: 'holdings', stream: replica.id, answer, holdings })
    }
  }

  /** Ends the wait for a stream when all have answered; origins that nobody could place begin where this node stands. */
  #settle(stream: StreamId): void {
    const waiting = this.#waiting.get(stream)
    const replica = this.#context.replicas.get(stream)
    if (waiting === undefined || replica === undefined || waiting.peers.size > 0) return
    this.#waiting.delete(stream)
    for (const state of replica.origins.values()) {
      if (state.position !== undefined || liveOrigin(this.#context, state) !== undefined) continue
      this.#setBase(replica, state, state.log.last?.to ?? state.goneTo)
    }
    this.#context.effects.push({ kind: 'interestKnown', replica })
  }
}

/** The last sequence that this node had of an origin at a time. */
function baseSince(state: OriginState, since: number): number {
  const first = state.log.first
  if (first === undefined) return state.position ?? state.goneTo
  return state.log.lastBefore(since, Math.min(first.from - 1, Math.max(state.goneTo, 0)))
}

function hashTold(told: ReadonlyMap<StreamId, ReadonlyMap<Boot, number>>): number {
  let hash = 0
  for (const [stream, lasts] of told) {
    for (const [boot, last] of lasts) hash ^= hashPoint(stream, boot, last)
  }
  return hash >>> 0
}

function hashHoldings(holdings: ReadonlyMap<StreamId, ReadonlyMap<Boot, Holding>>): number {
  let hash = 0
  for (const [stream, known] of holdings) {
    for (const [boot, holding] of known) hash ^= hashPoint(stream, boot, holding.last)
  }
  return hash >>> 0
}

/** Mixes three integers below 2^53 into 32 bits (the finaliser of MurmurHash3 over their halves). */
function hashPoint(stream: number, boot: number, last: number): number {
  let hash = 0x9747b28c
  for (const value of [stream, boot, last]) {
    hash = Math.imul(hash ^ (value >>> 0), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13) ^ Math.floor(value / 4294967296), 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  return hash
}
