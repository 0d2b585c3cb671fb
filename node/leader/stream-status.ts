// What can be seen of a stream in leader mode on one node.

import type { ErrorCode } from '../core/common/errors.ts'
import type { NodeId } from '../core/common/ids.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { Cluster } from '../meta/cluster.ts'
import type { DataGroups } from './data-groups.ts'

export interface LeaderStreamStatus {
  /** Undefined while there is no cluster. */
  readonly group: number | undefined
  readonly leader: NodeId | undefined
  /** Nodes whose majority decides, as the group has them now. */
  readonly voters: readonly NodeId[]
  /** Offset of the last message that this node has. */
  readonly last: number
  /** Index of the last entry of the group's log that is known to be committed here. */
  readonly commit: number
  /** Entries of the group that are known to be committed here and are not applied here. */
  readonly lag: number
  /** With which code publications are refused here, because nobody has led the group for too long; undefined while they are taken. */
  readonly refuses: ErrorCode | undefined
}

export function toStreamStatus(
  replica: Pick<Replica, 'stream' | 'name'>,
  groups: Pick<DataGroups, 'of' | 'numberOf' | 'leaderProblem'>,
  cluster: Pick<Cluster, 'nodeOf'>,
): LeaderStreamStatus {
  const { stream } = replica
  const group = groups.numberOf(stream)
  const data = groups.of(stream)
  const refuses = groups.leaderProblem(replica)?.refused
  if (data === undefined) return { group, leader: undefined, voters: [], last: 0, commit: 0, lag: 0, refuses }
  const { leader, commit, applied, configuration } = data.group.status
  const { last = 0 } = data.machine.ledger.streams.get(stream) ?? {}
  const voters = [...configuration.voters].flatMap((id) => cluster.nodeOf(id) ?? []).sort()
  return { group, leader: cluster.nodeOf(leader), voters, last, commit, lag: commit - applied, refuses }
}
