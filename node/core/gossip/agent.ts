// The gossip machine of one node: inputs in, effects out, no clock and no sockets. It dispatches to three parts that
// share a context: Push spreads this node's own messages, Interest agrees on who wants what from where on,
// Wants repairs what is missing. docs/design.md tells the protocol as a whole.

import { assert, unreachable } from '../common/assert.ts'
import { type Boot, type NodeId, type StreamId, toStreamId } from '../common/ids.ts'
import type { StreamDefinition } from '../stream/definition.ts'
import { type OriginState, Replica } from '../stream/replica.ts'
import { Catalog, type CatalogEntry } from './catalog.ts'
import {
  count,
  type GossipContext,
  type GossipEffect,
  gossipLimits,
  liveOrigin,
  newPeerState,
  ownState,
  send,
} from './context.ts'
import { Interest } from './interest.ts'
import type { BatchMessage, PeerMessage } from './messages.ts'
import { Push } from './push.ts'
import { Wants } from './wants.ts'

export type GossipInput =
  /** A batch that was numbered with `nextSequence`; `token` 0 asks for no confirmation. */
  | {
      readonly kind: 'publish'
      readonly replica: Replica
      readonly frame: Uint8Array
      readonly count: number
      readonly confirm: boolean
      readonly token: number
    }
  | { readonly kind: 'message'; readonly from: NodeId; readonly message: PeerMessage }
  | { readonly kind: 'peerUp'; readonly peer: NodeId; readonly boot: Boot; readonly budget: number }
  | { readonly kind: 'peerDown'; readonly peer: NodeId }
  /** The link's queue has room for so many bytes. */
  | { readonly kind: 'budget'; readonly peer: NodeId; readonly bytes: number }
  /** `since`: when the interest began, if that was before now (milliseconds). */
  | {
      readonly kind: 'interest'
      readonly replica: Replica
      readonly wanted: boolean
      readonly since?: number | undefined
    }
  | {
      readonly kind: 'backfill'
      readonly replica: Replica
      readonly state: OriginState
      readonly from: number
      readonly to: number
    }
  /** Writes a catalog entry as this node; an undefined value removes it. */
  | { readonly kind: 'write'; readonly key: string; readonly value: unknown }
  /** Every 100 ms while `hasDeadlines`, else once a second. */
  | { readonly kind: 'tick' }

/** An origin whose boot is over is forgotten this much longer than retention after its last message. */
const forgetFactor = 2

export class GossipAgent {
  readonly catalog: Catalog = new Catalog()
  readonly #context: GossipContext
  readonly #push: Push
  readonly #interest: Interest
  readonly #wants: Wants
  #nextProbe = 0
  #probes = 0

  constructor(self: NodeId, boot: Boot, peers: Iterable<NodeId>) {
    const states = [...peers].filter((peer) => peer !== self).sort()
    const peerMap = new Map(states.map((peer) => [peer, newPeerState(peer)]))
    this.#context = { self, boot, peers: peerMap, replicas: new Map(), effects: [], now: 0 }
    this.#push = new Push(this.#context)
    this.#wants = new Wants(this.#context)
    this.#interest = new Interest(this.#context, this.#push, this.#wants)
  }

  get replicas(): ReadonlyMap<StreamId, Replica> {
    return this.#context.replicas
  }

  /** Ranges that this node lacks and is asking for. */
  get wantCount(): number {
    return this.#wants.size
  }

  /** Whether something has a deadline, so that ticks should come often; at rest one a second is enough. */
  get hasDeadlines(): boolean {
    return this.#wants.size > 0 || this.#interest.isWaitingForAny || this.#push.hasUnconfirmed
  }

  /** Messages of a stream that this node lacks and is asking for. */
  missing(replica: Replica): number {
    return this.#wants.missing(replica)
  }

  /** Whether the link to a peer is up. */
  isConnected(peer: NodeId): boolean {
    return this.#context.peers.get(peer)?.boot !== undefined
  }

  /** Whether an interest in the stream is still being made known to connected peers. */
  isInterestWaiting(replica: Replica): boolean {
    return this.#interest.isWaiting(replica)
  }

  /** Bytes of this node's own messages that wait for a slow but living link. */
  waitingBytes(replica: Replica): number {
    return this.#push.waitingBytes(replica)
  }

  /** First sequence that a peer says it holds of an origin, the lowest of all; undefined if none holds any. */
  earliestHeld(replica: Replica, boot: Boot): number | undefined {
    let earliest = replica.origins.get(boot)?.log.first?.from
    for (const peer of this.#context.peers.values()) {
      const first = peer.holdings.get(replica.id)?.get(boot)?.first
      if (first !== undefined && first > 0 && (earliest === undefined || first < earliest)) earliest = first
    }
    return earliest
  }

  /** Creates the replica of a stream that has become known, or takes its changed definition over. */
  define(definition: StreamDefinition): Replica {
    const known = this.#context.replicas.get(toStreamId(definition.name))
    if (known !== undefined) {
      known.definition = definition
      return known
    }
    const replica = new Replica(definition)
    this.#context.replicas.set(replica.id, replica)
    return replica
  }

  /** Peers may have asked for a stream before this node knew of it: they are answered now. */
  onReplica(replica: Replica, now: number): readonly GossipEffect[] {
    this.#context.now = now
    this.#interest.onReplica(replica)
    return this.#takeEffects()
  }

  /** Forgets a stream that was removed. Its own numbering goes on if it comes back during this boot. */
  undefine(stream: StreamId): void {
    const replica = this.#context.replicas.get(stream)
    if (replica === undefined) return
    this.#wants.forgetStream(replica)
    replica.definition = { ...replica.definition, retention: { bytes: 0, ageMs: 0 } }
    replica.trim(this.#context.now)
  }

  /** Sequence of the next message of this node on a stream. */
  nextSequence(replica: Replica): number {
    const own = ownState(this.#context, replica)
    return Math.max(own.log.last?.to ?? 0, own.goneTo) + 1
  }

  /** Handles one input at a time `now` (milliseconds, never going back) and returns what is to be done. */
  handle(input: GossipInput, now: number): readonly GossipEffect[] {
    this.#context.now = now
    this.#dispatch(input)
    return this.#takeEffects()
  }

  #takeEffects(): readonly GossipEffect[] {
    const { effects } = this.#context
    this.#context.effects = []
    return effects
  }

  #dispatch(input: GossipInput): void {
    switch (input.kind) {
      case 'publish':
        return this.#onPublish(input)
      case 'message':
        return this.#onMessage(input.from, input.message)
      case 'peerUp':
        return this.#onPeerUp(input.peer, input.boot, input.budget)
      case 'peerDown':
        return this.#onPeerDown(input.peer)
      case 'budget':
        return this.#onBudget(input.peer, input.bytes)
      case 'interest':
        if (input.wanted) this.#interest.begin(input.replica, input.since ?? this.#context.now)
        else this.#interest.end(input.replica)
        return
      case 'backfill':
        return this.#wants.add(input.replica, input.state, input.from, input.to)
      case 'write':
        return this.#tellCatalog([this.catalog.write(input.key, input.value, this.#context.self)], undefined)
      case 'tick':
        return this.#onTick()
      default:
        unreachable(input)
    }
  }

  #onPublish(input: GossipInput & { kind: 'publish' }): void {
    const { replica, frame, confirm, token } = input
    const own = ownState(this.#context, replica)
    const from = this.nextSequence(replica)
    const entry = replica.insert(own, { frame, from, count: input.count, confirm }, this.#context.now)
    assert(typeof entry === 'object', 'an origin never numbers twice')
    if (replica.advance(own)) this.#context.effects.push({ kind: 'delivered', replica })
    this.#push.publish(replica, entry, token)
    replica.trim(this.#context.now)
  }

  #onMessage(from: NodeId, message: PeerMessage): void {
    const peer = this.#context.peers.get(from)
    if (peer === undefined || peer.boot === undefined) return
    switch (message.kind) {
      case 'batch':
        return this.#onBatch(from, message)
      case 'held':
        return this.#push.onHeld(peer, message)
      case 'interest':
        return this.#interest.onInterest(peer, message)
      case 'holdings':
        return this.#interest.onHoldings(peer, message)
      case 'probe':
        this.#interest.onProbe(peer, message.toldHash)
        if (message.catalogHash !== this.catalog.hash) this.#tellCatalog([...this.catalog.entries()], from)
        return
      case 'resync':
        return this.#interest.onResync(peer)
      case 'pull':
        return this.#push.onPull(peer, message)
      case 'pulled':
        return this.#wants.onPulled(peer, message.id, message.busy)
      case 'catalog':
        return this.#onCatalog(message.entries)
      default:
        unreachable(message)
    }
  }

  #onBatch(from: NodeId, message: BatchMessage): void {
    const context = this.#context
    const peer = context.peers.get(from)
    const replica = context.replicas.get(message.stream)
    if (peer === undefined || replica === undefined) return count(context, 'batchesOfUnknownStream')
    const state = this.#stateOf(replica, message.boot, from)
    if (state === undefined) return count(context, 'batchesOfUnknownOrigin')
    this.#wants.onProgress(peer)
    count(context, 'batchesFromPeers')
    const entry = replica.insert(state, message, context.now)
    if (entry === 'full') return count(context, 'batchesRefusedHeldBack')
    if (entry === 'copy') count(context, 'batchCopies')
    else {
      if (replica.advance(state)) context.effects.push({ kind: 'delivered', replica })
      else if (state.position !== undefined && message.from > state.position + 1) {
        this.#wants.add(replica, state, state.position + 1, message.from - 1)
      }
      replica.trim(context.now)
    }
    const origin = message.confirm ? liveOrigin(context, state) : undefined
    if (origin === undefined) return
    const { stream, boot } = message
    send(context, origin, {
      kind: 'held',
      stream,
      boot,
      from: message.from,
      to: message.from + message.count - 1,
    })
  }

  /** The origin of a batch: one that was told of before, or the peer itself. */
  #stateOf(replica: Replica, boot: Boot, from: NodeId): OriginState | undefined {
    const state = replica.origins.get(boot)
    if (state !== undefined) return state
    return this.#context.peers.get(from)?.boot === boot ? replica.originState(from, boot) : undefined
  }

  #onPeerUp(id: NodeId, boot: Boot, budget: number): void {
    const peer = this.#context.peers.get(id)
    if (peer === undefined) return
    const isNewBoot = peer.lastBoot !== boot
    peer.boot = boot
    peer.lastBoot = boot
    peer.budget = budget
    send(this.#context, peer, { kind: 'catalog', entries: [...this.catalog.entries()] })
    this.#push.onPeerUp(peer, isNewBoot)
    this.#interest.onPeerUp(peer)
    this.#wants.onPeerUp()
  }

  #onPeerDown(id: NodeId): void {
    const peer = this.#context.peers.get(id)
    if (peer === undefined || peer.boot === undefined) return
    peer.boot = undefined
    peer.budget = 0
    peer.interestedSince.clear()
    peer.holdings.clear()
    peer.told.clear()
    peer.toldHash = 0
    peer.holdingsHash = 0
    this.#push.onPeerDown(peer)
    this.#interest.onPeerDown(peer)
    this.#wants.onPeerDown(peer)
  }

  #onBudget(id: NodeId, bytes: number): void {
    const peer = this.#context.peers.get(id)
    if (peer === undefined) return
    peer.budget = bytes
    this.#push.pump(peer)
  }

  #onCatalog(entries: readonly CatalogEntry[]): void {
    const changed = entries.filter((entry) => this.catalog.merge(entry))
    if (changed.length === 0) return
    this.#context.effects.push({ kind: 'catalogChanged', keys: changed.map((entry) => entry.key) })
  }

  /** Tells entries to one peer, or to all. */
  #tellCatalog(entries: readonly CatalogEntry[], only: NodeId | undefined): void {
    for (const peer of this.#context.peers.values()) {
      if (peer.boot === undefined || (only !== undefined && peer.id !== only)) continue
      send(this.#context, peer, { kind: 'catalog', entries })
    }
    if (only !== undefined) return
    this.#context.effects.push({ kind: 'catalogChanged', keys: entries.map((entry) => entry.key) })
  }

  #onTick(): void {
    const { now } = this.#context
    this.#push.expire()
    this.#interest.expire()
    this.#wants.expire()
    for (const replica of this.#context.replicas.values()) {
      replica.trim(now)
      this.#forgetOrigins(replica)
    }
    if (now < this.#nextProbe) return
    this.#nextProbe = now + gossipLimits.probeIntervalMs
    const isDue = this.#probes++ % (gossipLimits.probesSkippedAtRest + 1) === 0
    for (const peer of this.#context.peers.values()) {
      if (peer.boot !== undefined) this.#interest.probe(peer, this.catalog.hash, isDue)
    }
  }

  /** Origins whose boot is over leave once retention has passed everywhere, so that vectors stay small. */
  #forgetOrigins(replica: Replica): void {
    const { now, boot } = this.#context
    const patience = replica.definition.retention.ageMs * forgetFactor
    for (const state of replica.origins.values()) {
      const isOver = state.boot !== boot && liveOrigin(this.#context, state) === undefined
      if (isOver && state.log.length === 0 && state.lastArrival < now - patience) replica.forget(state.boot)
    }
  }
}
