// Everything of one run of the leader world that its parts and the invariants look at.

import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import type { Entry } from '../../node/core/stream/entry.ts'
import type { FeedItem } from '../../node/core/stream/feed.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import type { Placed } from '../../node/leader/submissions.ts'
import type { Network } from '../network.ts'
import type { LeaderNode } from './leader-node.ts'
import type { LeaderSubscriber } from './leader-subscriber.ts'
import type { LogObserver, LogWorld } from './log-world.ts'
import type { Order } from './order.ts'
import type { LeaderPlan } from './plan.ts'
import type { Publication, Publications } from './publications.ts'

/** Hears of what happens. */
export interface LeaderObserver extends LogObserver {
  /** A batch has come into the delivery log of a node. */
  onDelivered?(node: LeaderNode, replica: Replica, entry: Entry): void
  /** A publisher heard what became of its batch. */
  onPlaced?(publication: Publication, placed: Placed | undefined): void
  /** A subscriber got something. */
  onHanded?(subscriber: LeaderSubscriber, item: FeedItem): void
  /** All faults are over, and nothing waits any more. */
  onSettled?(): void
}

/** A promise of leader mode, checked while a run goes on and at its end. */
export interface LeaderInvariant extends LeaderObserver {
  readonly name: string
}

export interface LeaderWorld extends LogWorld {
  readonly plan: LeaderPlan
  readonly network: Network<Uint8Array>
  /** As they are now; nodes that are up may not have heard of it. */
  readonly definitions: StreamDefinition[]
  readonly nodes: readonly LeaderNode[]
  readonly audience: readonly LeaderSubscriber[]
  readonly publications: Publications
  readonly order: Order
  readonly observers: readonly LeaderObserver[]
}
