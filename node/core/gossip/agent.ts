// The gossip machine of one node: inputs in, effects out, no clock and no sockets. It dispatches to parts that share a
// context: Push spreads this node's own messages, Intake takes those of others, Interest agrees on who wants what from
// where on, Holdings tells who holds what, Wants repairs what is missing. docs/gossip.md tells the protocol as a whole.

import { assert, unreachable } from '../common/assert.ts'
import { type Boot, type NodeId, type StreamId, toStreamId } from '../common/ids.ts'
import { SlabPool } from '../common/slabs.ts'
import type { StreamDefinition } from '../stream/definition.ts'
import type { Replica } from '../stream/replica.ts'
import type { Catalog } from './catalog.ts'
import { CatalogExchange } from './catalog-exchange.ts'
import {
  type GossipContext,
  type GossipEffect,
  gossipLimits,
  ownState,
  type PeerState,
  send,
  toPeers,
} from './context.ts'
import { Holdings } from './holdings.ts'
import type { GossipInput } from './input.ts'
import { Intake } from './intake.ts'
import { Interest } from './interest.ts'
import type { PeerMessage } from './messages.ts'
import { Push } from './push.ts'
import { GossipStreams } from './streams.ts'
import { Wants } from './wants.ts'

export type { GossipInput } from './input.ts'

export class GossipAgent {
  readonly #context: GossipContext
  readonly #catalog: CatalogExchange
  readonly #push: Push
  readonly #holdings: Holdings
  readonly #interest: Interest
  readonly #intake: Intake
  readonly #wants: Wants
  readonly #streams: GossipStreams
  #nextProbe = 0
  #probes = 0

  constructor(
    self: NodeId,
    boot: Boot,
    peers: Iterable<NodeId>,
    copiesTimeoutMs: number = gossipLimits.copiesTimeoutMs,
    slabs: SlabPool = new SlabPool(),
  ) {
    const replicas = new Map<StreamId, Replica>()
    this.#context = {
      self,
      boot,
      peers: toPeers(self, peers),
      replicas,
      copiesTimeoutMs,
      effects: [],
      now: 0,
    }
    this.#catalog = new CatalogExchange(this.#context)
    this.#push = new Push(this.#context)
    this.#wants = new Wants(this.#context)
    this.#holdings = new Holdings(this.#context, this.#push)
    this.#interest = new Interest(this.#context, this.#push, this.#wants, this.#holdings)
    this.#intake = new Intake(this.#context, this.#wants)
    this.#streams = new GossipStreams(this.#context, this.#push, this.#wants, slabs)
  }

  get catalog(): Catalog {
    return this.#catalog.catalog
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
    const isWaiting = this.#interest.isWaitingForAny || this.#catalog.isWaiting
    return isWaiting || this.#wants.size > 0 || this.#push.hasUnconfirmed
  }

  /** Messages of a stream that this node lacks and is asking for. */
  missing(replica: Replica): number {
    return this.#wants.missing(replica)
  }

  /** Every other node of the cluster; its boot is undefined while the link to it is down. */
  get peers(): ReadonlyMap<NodeId, { readonly boot: Boot | undefined }> {
    return this.#context.peers
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
    return this.#holdings.earliest(replica, boot)
  }

  /** Creates the replica of a stream that has become known, or takes its changed definition over. */
  define(definition: StreamDefinition, id: StreamId = toStreamId(definition.name)): Replica {
    return this.#streams.define(definition, id)
  }

  /** Peers may have asked for a stream before this node knew of it: they are answered now. */
  onReplica(replica: Replica, now: number): readonly GossipEffect[] {
    this.#context.now = now
    this.#interest.onReplica(replica)
    return this.#takeEffects()
  }

  /** Drops a stream, or an epoch of it, that was removed. Its own numbering goes on if it comes back during this boot. */
  undefine(id: StreamId): void {
    this.#streams.undefine(id)
  }

  /** Drops an epoch of a stream that has ended long ago. */
  endEpoch(id: StreamId): void {
    this.#streams.end(id)
  }

  /** Sequence of the next message of this node on a stream. */
  nextSequence(replica: Replica): number {
    return ownState(this.#context, replica).last + 1
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
      case 'nodes':
        return this.#onNodes(input.nodes)
      case 'peerUp':
        return this.#onPeerUp(input.peer, input.boot, input.budget)
      case 'peerDown':
        return this.#onPeerDown(input.peer)
      case 'budget':
        return this.#onBudget(input.peer, input.bytes)
      case 'interest':
        if (input.wanted) this.#interest.begin(input.replica, input.since)
        else this.#interest.end(input.replica)
        return
      case 'backfill':
        return this.#wants.add(input.replica, input.state, input.from, input.to)
      case 'adopt':
        return this.#intake.adopt(input.replica, input.state, input.batch)
      case 'write':
        return this.#catalog.write(input.key, input.value)
      case 'ask':
        return this.#catalog.ask(input.token)
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
        return this.#intake.onBatch(peer, message)
      case 'held':
        return this.#push.onHeld(peer, message)
      case 'interest':
        return this.#interest.onInterest(peer, message)
      case 'holdings':
        return this.#interest.onHoldings(peer, message)
      case 'probe':
        this.#interest.onProbe(peer, message)
        return this.#catalog.onProbe(peer, message.catalogHash)
      case 'resync':
        return this.#interest.onResync(peer)
      case 'pull':
        return this.#push.onPull(peer, message)
      case 'pulled':
        return this.#wants.onPulled(peer, message)
      case 'catalog':
        return this.#catalog.onCatalog(peer, message)
      default:
        unreachable(message)
    }
  }

  #onNodes(nodes: readonly NodeId[]): void {
    const { peers, self } = this.#context
    for (const id of peers.keys()) if (!nodes.includes(id)) this.#onPeerDown(id)
    this.#context.peers = toPeers(self, nodes, peers)
  }

  #onPeerUp(id: NodeId, boot: Boot, budget: number): void {
    const peer = this.#context.peers.get(id)
    if (peer === undefined) return
    if (peer.boot !== undefined) this.#onPeerDown(id)
    const isNewBoot = peer.lastBoot !== boot
    peer.boot = boot
    peer.lastBoot = boot
    peer.budget = budget
    this.#catalog.onPeerUp(peer)
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
    this.#catalog.onPeerDown(peer)
    this.#holdings.forgetHeard(peer)
    this.#holdings.forgetTold(peer)
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

  #onTick(): void {
    const { now, peers } = this.#context
    this.#push.expire()
    this.#catalog.expire()
    this.#interest.expire()
    // First what is dropped, then what is given up: what that sets free must be seen before retention looks at it.
    this.#intake.expire()
    this.#wants.expire()
    if (now < this.#nextProbe) return
    this.#nextProbe = now + gossipLimits.probeIntervalMs
    const isDue = this.#probes++ % (gossipLimits.probesSkippedAtRest + 1) === 0
    this.#interest.review()
    for (const peer of peers.values()) if (peer.boot !== undefined) this.#probe(peer, isDue)
  }

  /** Tells what changed, and the hash of all; at rest only where `isDue`. */
  #probe(peer: PeerState, isDue: boolean): void {
    this.#holdings.tellChanges(peer)
    if (peer.isQuiet && !isDue) return
    peer.isQuiet = true
    const { toldHash } = peer
    const interestHash = this.#interest.hash
    send(this.#context, peer, { kind: 'probe', toldHash, interestHash, catalogHash: this.catalog.hash })
  }
}
