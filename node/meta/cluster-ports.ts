// What a node's part in META is made with, and what it needs of its surroundings.

import type { Boot, NodeId } from '../core/common/ids.ts'
import type { SlabPool } from '../core/common/slabs.ts'
import type { MemberId } from '../core/raft/quorum.ts'
import type { GroupLog } from '../groups/group-log.ts'
import type { Groups } from '../groups/groups.ts'
import type { GroupLimits } from '../groups/raft-options.ts'
import type { Roster } from './roster.ts'

export interface ClusterOptions {
  readonly node: NodeId
  readonly boot: Boot
  /** Of this node over its data directory: drawn when that is made, and never used by anybody else. */
  readonly member: MemberId
  /** Whether it may have been in a cluster of which it knows nothing any more. */
  readonly hasLostLog: boolean
  /** Where nodes are, as peers.json says: `HOST:PORT`. */
  readonly nodes: ReadonlyMap<NodeId, string>
  readonly groups: Groups
  /** What the log on disk had, by group. */
  readonly logs: ReadonlyMap<number, GroupLog>
  readonly limits: GroupLimits & { readonly metaFloorEntries: number }
  readonly slabs: SlabPool
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly ports: ClusterPorts
}

export interface ClusterPorts {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly sendFrame: (node: NodeId, frame: Uint8Array) => void
  /** Whether the link to a node is up. */
  readonly isUp: (node: NodeId) => boolean
  /** The roster is here, or has changed. */
  readonly onRoster: (roster: Roster, meta: number) => void
}
