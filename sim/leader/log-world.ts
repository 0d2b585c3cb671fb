// Everything of a run that those look at who watch and hurt nodes with logs, in whatever world these nodes are.

import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { GroupLog } from '../../node/groups/group-log.ts'
import type { RaftMessage } from '../../node/wire/raft-frames.ts'
import type { FaultyNetwork } from '../cluster-faults.ts'
import type { Run } from '../run.ts'
import type { Commits } from './commits.ts'
import type { DurableEntry, DurableGroup, GroupRecord } from './durable-log.ts'
import type { LogNode } from './log-node.ts'
import type { NodeStorage } from './node-storage.ts'
import type { DiskPlan } from './plan.ts'

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

/** Hears of what happens to the logs. */
export interface LogObserver {
  onSent?(sent: Sent): void
  onDurable?(durable: Durable): void
  /** A node has put together what its groups had. */
  onRecovered?(storage: NodeStorage, logs: ReadonlyMap<number, GroupLog>): void
  /** An entry became committed. */
  onCommitted?(group: number, entry: DurableEntry): void
}

/** Somebody who reads at a node. */
export interface LogReader {
  readonly number: number
  readonly node: LogNode | undefined
  isStalled: boolean
  onCrash(): void
}

export interface LogWorld extends Pick<Run, 'timeline' | 'tally' | 'tell'> {
  readonly plan: DiskPlan & { readonly seed: number }
  readonly network: FaultyNetwork & { onCrash(node: NodeId): void }
  readonly nodes: readonly LogNode[]
  readonly audience: readonly LogReader[]
  readonly commits: Commits
  readonly observers: readonly LogObserver[]
}

/** A promise of Raft or of its log, checked whenever something is sent or becomes durable. */
export interface LogInvariant extends LogObserver {
  readonly name: string
}
