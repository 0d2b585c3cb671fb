// What nodes say to each other in gossip mode, as values; wire/peer-codec.ts turns them into bytes. Streams are named
// by number, origins by node and boot. Batches travel as the frames that the origin numbered.

import type { Boot, NodeId, StreamId } from '../common/ids.ts'
import type { CatalogEntry } from './catalog.ts'

/** A numbered batch, pushed by its origin or sent in answer to a pull. */
export interface BatchMessage {
  readonly kind: 'batch'
  readonly stream: StreamId
  readonly boot: Boot
  readonly from: number
  readonly count: number
  /** The origin wants to hear when the batch is held. */
  readonly confirm: boolean
  readonly frame: Uint8Array
}

/** Says to an origin that the sender holds these of its sequences. */
export interface HeldMessage {
  readonly kind: 'held'
  readonly stream: StreamId
  readonly boot: Boot
  readonly from: number
  readonly to: number
}

/** Local subscribers want (or no longer want) a stream. Answered by `holdings` with bases. */
export interface InterestMessage {
  readonly kind: 'interest'
  readonly stream: StreamId
  readonly wanted: boolean
  /** How long ago the interest began, so that the two clocks need not agree. */
  readonly ageMs: number
  /** Last sequence delivered of the receiver's present boot; absent where the sender knows none. */
  readonly have?: number
}

/** What the sender holds of an origin. */
export interface Holding {
  readonly node: NodeId
  readonly boot: Boot
  /**
   * First sequence held, 0 if none is; and the last one that was ever held, so that others hear of what is gone. Of the
   * sender's own origin, `last` is how far it has pushed. A `last` of 0 takes the holding back.
   */
  readonly first: number
  readonly last: number
  /** A sequence that had surely been published when the receiver's interest began. */
  readonly base: number
}

/** What the sender holds of a stream: everything in answer to an interest, else what changed. */
export interface HoldingsMessage {
  readonly kind: 'holdings'
  readonly stream: StreamId
  readonly answer: boolean
  /** In an answer: how old the interest is to the sender, who counts from when it heard of it. */
  readonly ageMs?: number
  readonly holdings: readonly Holding[]
}

/** Sent once per probe interval: hashes of all holdings told so far, of the sender's interests, and of the catalog. */
export interface ProbeMessage {
  readonly kind: 'probe'
  readonly toldHash: number
  readonly interestHash: number
  readonly catalogHash: number
}

/** The probe did not agree with what arrived: tell interests and holdings again. */
export interface ResyncMessage {
  readonly kind: 'resync'
}

/** Asks for sequences from..to of an origin. */
export interface PullMessage {
  readonly kind: 'pull'
  readonly id: number
  readonly stream: StreamId
  readonly boot: Boot
  readonly from: number
  readonly to: number
}

/** Everything that the sender holds of the pull was sent before this; `busy` means nothing was even tried. */
export interface PulledMessage {
  readonly kind: 'pulled'
  readonly id: number
  /** Batches that were sent; if fewer came, the rest was lost on the way and is asked for again. */
  readonly batches: number
  readonly busy: boolean
}

/** Stream definitions and stored cursors that changed, or all of them. */
export interface CatalogMessage {
  readonly kind: 'catalog'
  readonly entries: readonly CatalogEntry[]
  /** A question: the receiver is to tell everything, unless its hash is this one, and to give the number back with the last of it. */
  readonly asks?: { readonly id: number; readonly hash: number }
  /** The question that this is the last message of an answer to. */
  readonly answers?: number
}

export type PeerMessage =
  | BatchMessage
  | HeldMessage
  | InterestMessage
  | HoldingsMessage
  | ProbeMessage
  | ResyncMessage
  | PullMessage
  | PulledMessage
  | CatalogMessage
