// Everything of one run of the leader world that its parts and the invariants look at.

import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import type { Entry } from '../../node/core/stream/entry.ts'
import type { FeedItem } from '../../node/core/stream/feed.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import type { GroupLog } from '../../node/groups/group-log.ts'
import type { Placed } from '../../node/leader/submissions.ts'
import type { RaftMessage } from '../../node/wire/raft-frames.ts'
import type { Network } from '../network.ts'
import type { Run } from '../run.ts'
import type { Commits } from './commits.ts'
import type { DurableEntry, DurableGroup, GroupRecord } from './durable-log.ts'
import type { LeaderNode } from './leader-node.ts'
import type { LeaderSubscriber } from './leader-subscriber.ts'
import type { Order } from './order.ts'
import type { LeaderPlan } from './plan.ts'
import type { Publication, Publications } from './publications.ts'

/** A node is about to send a message. */
export interface Sent {
  readonly node: NodeId
  readonly boot: Boot
  readonly group: number
  readonly message: RaftMessage
  /** What its disk has of the group at that moment. */
  readonly disk: DurableGroup
}

/** A record has become durable. */
export interface Durable {
  readonly node: NodeId
  readonly record: GroupRecord
  /** The group on this disk, with the record. */
  readonly disk: DurableGroup
  /** Entries that the record brought. */
  readonly entries: readonly DurableEntry[]
}

/** Hears of what happens. */
export interface LeaderObserver {
  onSent?(sent: Sent): void
  onDurable?(durable: Durable): void
  /** A node has put together what its groups had. */
  onRecovered?(node: LeaderNode, logs: ReadonlyMap<number, GroupLog>): void
  /** An entry became committed. */
  onCommitted?(group: number, entry: DurableEntry): void
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

export interface LeaderWorld extends Pick<Run, 'timeline' | 'tally' | 'tell'> {
  readonly plan: LeaderPlan
  readonly network: Network<Uint8Array>
  /** As they are now; nodes that are up may not have heard of it. */
  readonly definitions: StreamDefinition[]
  readonly nodes: readonly LeaderNode[]
  readonly audience: readonly LeaderSubscriber[]
  readonly publications: Publications
  readonly commits: Commits
  readonly order: Order
  readonly observers: readonly LeaderObserver[]
}
