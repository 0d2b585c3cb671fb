// Where a node stands in the groups of its cluster.

import type { MemberId } from '../core/raft/quorum.ts'
import type { Group } from '../groups/group.ts'
import type { Cluster } from '../meta/cluster.ts'
import type { Roster } from '../meta/roster.ts'

/** It knows of no cluster that it is in, it has not caught up, or it votes wherever it is to. */
export type Standing = 'outside' | 'learning' | 'settled'

/** Asked behind every turn, while a node without other groups comes to stand elsewhere only by what META has applied. */
export class Rest {
  /** What META had applied when this node was found to be settled. */
  #settledAt: number | undefined

  /** Whether META is the only group, is led, and has nothing to do. */
  isAtRest(agent: Resting): boolean {
    const { groups, cluster } = agent
    if (groups.size !== 1 || !cluster.isLed) return false
    const applied = cluster.group?.status.applied
    if (applied === this.#settledAt) return true
    if (agent.standing !== 'settled') return false
    this.#settledAt = applied
    return true
  }
}

interface Resting {
  readonly groups: { readonly size: number }
  readonly cluster: Cluster
  readonly standing: Standing
}

/** Some groups, which know whether they are as the roster wants them. */
interface Settling {
  hasSettled(roster: Roster): boolean
}

export function standingOf(
  { roster, group, isMember }: Cluster,
  member: MemberId,
  others: readonly Settling[],
): Standing {
  if (roster === undefined || group === undefined || !isMember) return 'outside'
  const isVoting = hasSettled(group, member, roster, roster.metaVoters)
  return isVoting && others.every((each) => each.hasSettled(roster)) ? 'settled' : 'learning'
}

/** Whether a member votes in a group if, and only if, it is to, and the group has nobody who is no member of the cluster any more. */
export function hasSettled(
  { status: { configuration } }: Group,
  member: MemberId,
  roster: Roster,
  voters: readonly MemberId[],
): boolean {
  return (
    configuration.voters.has(member) === voters.includes(member) &&
    configuration.members.every((id) => roster.has(id))
  )
}
