// What the gossip agent is told: what happens on the links, what the node's own publishers and subscribers want, and that time
// has passed.

import type { Boot, NodeId } from '../common/ids.ts'
import type { NumberedBatch } from '../stream/entry.ts'
import type { OriginState, Replica } from '../stream/replica.ts'
import type { PeerMessage } from './messages.ts'

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
  /** The nodes of the cluster are these from now on. Who is none any more has no link. */
  | { readonly kind: 'nodes'; readonly nodes: readonly NodeId[] }
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
  /** A batch of an origin that may be gone, which another epoch had and did not count: it is held here as if its origin had sent it. */
  | {
      readonly kind: 'adopt'
      readonly replica: Replica
      readonly state: OriginState
      readonly batch: NumberedBatch
    }
  /** Writes a catalog entry as this node; an undefined value removes it. */
  | { readonly kind: 'write'; readonly key: string; readonly value: unknown }
  /** Asks connected peers for what their catalogs have: it is here when the token is confirmed. */
  | { readonly kind: 'ask'; readonly token: number }
  /** Every 100 ms while `hasDeadlines`, else once a second. */
  | { readonly kind: 'tick' }
