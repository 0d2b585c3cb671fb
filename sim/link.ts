// What the network knows of a link between two nodes.

import type { NodeId } from '../node/core/common/ids.ts'

/** The node's end of its links, which carry messages of a kind. */
export interface LinkEnd<Message> {
  readonly id: NodeId
  readonly isAlive: boolean
  /** Alive and handling what comes: a paused node shakes no hands. */
  readonly isResponsive: boolean
  onLinkUp(peer: NodeId, budget: number): void
  onLinkDown(peer: NodeId): void
  onLinkMessage(peer: NodeId, message: Message): void
  onLinkRoom(peer: NodeId, bytes: number): void
}

/** One way of a link. */
export interface Direction<Message> {
  readonly from: LinkEnd<Message>
  readonly to: LinkEnd<Message>
  readonly latencyMs: number
  /** Cuts that are in force; several may overlap. */
  cuts: number
  bytesPerMs: number
  /** Frames that wait to be sent, the one that is being sent first. */
  queue: QueuedFrame[]
  queuedBytes: number
  /** Tells a sending that was begun under another rate or on another connection from the present one. */
  sending: number
  /** No frame arrives before this. */
  arrivedAt: number
  /** Frames that wait for the direction to be healed. */
  held: (() => void)[]
}

/** Bytes are held while they wait. */
interface QueuedFrame {
  readonly content: Uint8Array | string
  readonly receive: (content: Uint8Array | string) => void
}

/** Two nodes, and both ways between them. */
export interface Link<Message> {
  readonly directions: readonly [Direction<Message>, Direction<Message>]
  /** Grows with every break, so that frames of an earlier connection are known. */
  generation: number
  /** Nodes whose end is up. */
  readonly up: Set<NodeId>
  isConnecting: boolean
  /** When a cut that nobody had noticed was healed. */
  healedAt: number
}
