// The state that the parts of the gossip agent share, and the effects they ask for.

import type { Boot, NodeId, StreamId } from '../common/ids.ts'
import type { OriginState, Replica } from '../stream/replica.ts'
import type { Holding, PeerMessage, PullMessage } from './messages.ts'

/** What the agent asks its driver to do, in this order. */
export type GossipEffect =
  /** The frame of a batch is held; its driver lets it go when it has sent it, or held it itself. */
  | { readonly kind: 'send'; readonly to: NodeId; readonly message: PeerMessage }
  /** The delivery log of the stream has grown, or something that a feed waits for has been decided. */
  | { readonly kind: 'delivered'; readonly replica: Replica }
  /** The node has learnt where its interest in an origin begins. */
  | { readonly kind: 'base'; readonly replica: Replica; readonly state: OriginState }
  /** All connected nodes know of the interest: what is published from now on will come. */
  | { readonly kind: 'interestKnown'; readonly replica: Replica }
  /** A publication that asked for copies has them, or a question to all peers its answers; or not in time. */
  | { readonly kind: 'confirmed'; readonly token: number; readonly ok: boolean }
  | { readonly kind: 'catalogChanged'; readonly keys: readonly string[] }
  | { readonly kind: 'count'; readonly counter: GossipCounter; readonly by: number }

export type GossipCounter =
  | 'batchesFromPeers'
  | 'batchCopies'
  | 'batchesRefusedHeldBack'
  | 'batchesOfUnknownStream'
  | 'batchesOfUnknownOrigin'
  | 'pullsSent'
  | 'pullsServed'
  | 'pullsRefusedBusy'
  | 'gapsDeclared'
  | 'messagesMissing'
  | 'resyncs'
  | 'catalogEntriesRefused'

/** How far this node's own messages of one stream were pushed to one peer. */
export interface PushFeed {
  readonly replica: Replica
  /** Next own sequence to send. */
  next: number
  /** The peer confirmed that it holds heldFrom..heldTo; 1 and 0 if nothing. */
  heldFrom: number
  heldTo: number
  /** Whether the peer is to get what is published: it is interested, or chosen as a keeper. */
  active: boolean
  /** When a batch was last sent, milliseconds. */
  lastSent: number
}

/** A pull of a peer that is being served. */
export interface Serving {
  readonly pull: PullMessage
  /** Next sequence to look for. */
  next: number
  /** Batches sent so far. */
  batches: number
}

export interface PeerState {
  readonly id: NodeId
  /** The boot at the other end of the link; undefined while the link is down. */
  boot: Boot | undefined
  /** The boot of the last link, which outlives it. */
  lastBoot: Boot | undefined
  /** Bytes that may be handed to the link before its queue counts as full. */
  budget: number
  readonly feeds: Map<StreamId, PushFeed>
  /** Since when the peer's subscribers want a stream, in this node's clock. */
  readonly interestedSince: Map<StreamId, number>
  /** What the peer said that it holds, by stream and boot. */
  readonly holdings: Map<StreamId, Map<Boot, Holding>>
  /** What was told to the peer, by stream and boot. */
  readonly told: Map<StreamId, Map<Boot, Holding>>
  /** Order-independent hashes of `told` and `holdings`. */
  toldHash: number
  holdingsHash: number
  /** Nothing but probes went to the peer since the last probe, so the next one would say nothing new. */
  isQuiet: boolean
  /** Pulls of the peer that are being served, in order. */
  serving: Serving[]
}

export const gossipLimits = {
  /** Pulls of one peer that wait to be served. */
  servingMax: 64,
  /** Pulls of this node in flight to all peers. */
  pullsMax: 64,
  /** A probe a second finds a lost frame within a second. */
  probeIntervalMs: 1000,
  /** Where nothing was sent, every fifth probe is enough: five nodes at rest wake each other four times a second. */
  probesSkippedAtRest: 4,
  /** A pull that brought nothing for so long is sent again, or to another peer. */
  pullTimeoutMs: 1000,
  /** After this, a publish that asked for copies ends as unknown. */
  copiesTimeoutMs: 5000,
  /** Peers that have not told by then what their catalogs have are not waited for. */
  catalogTimeoutMs: 2000,
  /** Peers that have not answered an interest by then are not waited for. */
  interestTimeoutMs: 1000,
  /** A base that counts so much less than the age of the interest is not asked for again. */
  baseSlackMs: 250,
} as const

export interface GossipContext {
  readonly self: NodeId
  readonly boot: Boot
  /** Every other node of the cluster, in the order of their ids. */
  peers: ReadonlyMap<NodeId, PeerState>
  readonly replicas: Map<StreamId, Replica>
  /** A publish that asked for copies ends as unknown after so long, milliseconds. */
  readonly copiesTimeoutMs: number
  effects: GossipEffect[]
  /** Time of the input being handled, milliseconds. */
  now: number
}

function newPeerState(id: NodeId): PeerState {
  return {
    id,
    boot: undefined,
    lastBoot: undefined,
    budget: 0,
    feeds: new Map(),
    interestedSince: new Map(),
    holdings: new Map(),
    told: new Map(),
    toldHash: 0,
    holdingsHash: 0,
    isQuiet: true,
    serving: [],
  }
}

/** The others among some nodes, in the order of their ids; what is known of some of them stays known. */
export function toPeers(
  self: NodeId,
  nodes: Iterable<NodeId>,
  known: ReadonlyMap<NodeId, PeerState> = new Map(),
): ReadonlyMap<NodeId, PeerState> {
  const others = [...nodes].filter((node) => node !== self).sort()
  return new Map(others.map((node) => [node, known.get(node) ?? newPeerState(node)]))
}

/** The peer if the origin is its present boot and the link is up: then it pushes by itself. */
export function liveOrigin(context: GossipContext, state: OriginState): PeerState | undefined {
  const peer = context.peers.get(state.node)
  return peer !== undefined && peer.boot === state.boot ? peer : undefined
}

export function send(context: GossipContext, peer: PeerState, message: PeerMessage): void {
  if (message.kind !== 'probe') peer.isQuiet = false
  context.effects.push({ kind: 'send', to: peer.id, message })
}

export function count(context: GossipContext, counter: GossipCounter, by = 1): void {
  context.effects.push({ kind: 'count', counter, by })
}

/** This node's own origin on a stream. */
export function ownState(context: GossipContext, replica: Replica): OriginState {
  return replica.originState(context.self, context.boot, context.now)
}
