// Who holds what. Each node tells every interested peer once per probe interval what has changed among its holdings of a
// stream; hashes of all that was told ride on every probe, so that a lost message is noticed and everything told again.

import type { Boot, StreamId } from '../common/ids.ts'
import type { Replica } from '../stream/replica.ts'
import { type GossipContext, ownState, type PeerState, send } from './context.ts'
import type { Holding, HoldingsMessage } from './messages.ts'
import type { Push } from './push.ts'

export class Holdings {
  readonly #context: GossipContext
  readonly #push: Push

  constructor(context: GossipContext, push: Push) {
    this.#context = context
    this.#push = push
  }

  /** Answers an interest with everything; `base` is the sequence after which this node will push its own messages. */
  answer(peer: PeerState, replica: Replica, base: number): void {
    peer.told.set(replica.id, new Map())
    this.#tell(peer, replica, base)
  }

  /** First sequence that this node holds of an origin, or a peer says that it does; undefined if nobody holds any. */
  earliest(replica: Replica, boot: Boot): number | undefined {
    let earliest = replica.origins.get(boot)?.log.first?.from
    for (const peer of this.#context.peers.values()) {
      const first = peer.holdings.get(replica.id)?.get(boot)?.first
      if (first !== undefined && first > 0 && (earliest === undefined || first < earliest)) earliest = first
    }
    return earliest
  }

  /** Tells what changed since the last time. */
  tellChanges(peer: PeerState): void {
    for (const stream of peer.interestedSince.keys()) {
      const replica = this.#context.replicas.get(stream)
      if (replica !== undefined && peer.told.has(stream)) this.#tell(peer, replica, undefined)
    }
  }

  /** The peer wants a stream no more, or has lost what it was told. */
  forgetTold(peer: PeerState, stream?: StreamId): void {
    if (stream === undefined) peer.told.clear()
    else peer.told.delete(stream)
    peer.toldHash = hashHoldings(peer.told)
  }

  /** Forgets what a peer said that it holds, of one stream or of all. */
  forgetHeard(peer: PeerState, stream?: StreamId): void {
    if (stream === undefined) peer.holdings.clear()
    else peer.holdings.delete(stream)
    peer.holdingsHash = hashHoldings(peer.holdings)
  }

  /** Notes what a peer says that it holds. */
  onHoldings(peer: PeerState, message: HoldingsMessage): void {
    const { stream, answer, holdings } = message
    const known = peer.holdings.get(stream) ?? new Map<Boot, Holding>()
    if (answer) known.clear()
    for (const holding of holdings) {
      const isOwn = holding.node === peer.id && holding.boot === peer.boot
      if (holding.last === 0 && !isOwn) known.delete(holding.boot)
      else known.set(holding.boot, holding)
    }
    peer.holdings.set(stream, known)
    peer.holdingsHash = hashHoldings(peer.holdings)
  }

  #tell(peer: PeerState, replica: Replica, answerBase: number | undefined): void {
    const told = peer.told.get(replica.id) ?? new Map<Boot, Holding>()
    const since = peer.interestedSince.get(replica.id) ?? this.#context.now
    const own = ownState(this.#context, replica)
    const holdings: Holding[] = []
    for (const state of replica.origins.values()) {
      const { node, boot, log } = state
      // The peer knows best what it holds of its own.
      if (node === peer.id && boot === peer.boot) continue
      const before = told.get(boot)
      const isOwn = state === own
      const last = isOwn ? (answerBase ?? this.#push.sentTo(peer, replica, own)) : state.heldTo
      const first = log.first?.from ?? 0
      if (before === undefined ? last === 0 && !isOwn : before.last === last && before.first === first)
        continue
      const base = before?.base ?? (isOwn ? answerBase : undefined) ?? state.lastBefore(since)
      holdings.push({ node, boot, first, last, base })
    }
    for (const { node, boot } of told.values()) {
      if (!replica.origins.has(boot)) holdings.push({ node, boot, first: 0, last: 0, base: 0 })
    }
    if (answerBase === undefined && holdings.length === 0) return
    for (const holding of holdings) {
      if (holding.last === 0 && holding.boot !== own.boot) told.delete(holding.boot)
      else told.set(holding.boot, holding)
    }
    peer.told.set(replica.id, told)
    peer.toldHash = hashHoldings(peer.told)
    const answer = answerBase !== undefined
    const age = answer ? { ageMs: Math.max(0, this.#context.now - since) } : {}
    send(this.#context, peer, { kind: 'holdings', stream: replica.id, answer, ...age, holdings })
  }
}

/** A hash of the streams that somebody wants, in any order. */
export function hashStreams(streams: Iterable<StreamId>): number {
  let hash = 0
  for (const stream of streams) hash ^= hashPoint([stream])
  return hash >>> 0
}

function hashHoldings(holdings: ReadonlyMap<StreamId, ReadonlyMap<Boot, Holding>>): number {
  let hash = 0
  for (const [stream, known] of holdings) {
    for (const { boot, first, last } of known.values()) hash ^= hashPoint([stream, boot, first, last])
  }
  return hash >>> 0
}

/** Mixes integers below 2^53 into 32 bits (the finaliser of MurmurHash3 over their halves). */
function hashPoint(values: readonly number[]): number {
  let hash = 0x9747b28c
  for (const value of values) {
    hash = Math.imul(hash ^ (value >>> 0), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13) ^ Math.floor(value / 4294967296), 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  return hash
}
