// What the leader agent needs of its surroundings, and what it is made with.

import type { Boot, NodeId, Origin } from '../core/common/ids.ts'
import type { SlabPool } from '../core/common/slabs.ts'
import type { MemberId } from '../core/raft/quorum.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { LogStart } from '../core/wal/writer.ts'
import type { GroupLog } from '../groups/group-log.ts'
import type { GroupsPorts } from '../groups/groups.ts'
import type { Roster } from '../meta/roster.ts'
import type { EpochHost } from './epoch-host.ts'
import type { LeaderLimits } from './limits.ts'

export interface LeaderPorts extends GroupsPorts {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Bytes that wait on the link to a node; undefined while it is down. */
  readonly queuedBytes: (node: NodeId) => number | undefined
  /** The delivery log of the stream has grown. */
  readonly onDelivered: (replica: Replica) => void
  /** Sequences of an origin passed by with no message: a copy of what was stored before. */
  readonly onVoid: (stream: string, origin: Origin, from: number, to: number) => void
  /** The cluster has other members, or other groups. */
  readonly onRoster: (roster: Roster, meta: number) => void
  /** Who has the replicas of all epochs. */
  readonly epochs: EpochHost
}

export interface LeaderOptions {
  readonly node: NodeId
  readonly boot: Boot
  /** Of this node over its data directory, in all of its groups: drawn when that is made. */
  readonly member: MemberId
  /** Whether it may have been in a cluster of which it knows nothing any more: then it founds none. By default not. */
  readonly hasLostLog?: boolean
  /** All nodes of peers.json, and where each is, `HOST:PORT`. */
  readonly nodes: ReadonlyMap<NodeId, string>
  readonly ports: LeaderPorts
  /** Where the log on disk goes on, and what the groups had in it. */
  readonly start: LogStart
  readonly logs: ReadonlyMap<number, GroupLog>
  readonly slabs: SlabPool
  /** Uniform in [0, 1): draws the times of elections. */
  readonly random: () => number
  /** A publication that has no place after so long is unknown, milliseconds. */
  readonly timeoutMs: number
  /** What is to be otherwise than `leaderLimits`. */
  readonly limits?: Partial<LeaderLimits>
}
