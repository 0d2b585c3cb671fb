// Nodes that leave: whether one may, and when it is let go of. What remains must be able to go on without it, also while it goes.

import type { Refusal } from '../core/common/errors.ts'
import type { NodeId } from '../core/common/ids.ts'
import type { Configuration } from '../core/raft/configuration.ts'
import { type MemberId, nobody } from '../core/raft/quorum.ts'
import { isMeta } from '../groups/group-numbers.ts'
import type { Groups } from '../groups/groups.ts'
import type { Roster, RosterMember } from './roster.ts'

/**
 * Why a node may not leave now; undefined if it may. A dead one may, as long as a majority of those that vote can let it go, and a majority of
 * those that remain is up. `groups`: those of META's leader, which is in all that there are.
 */
export function leaveProblem(
  roster: Roster,
  node: NodeId,
  isUp: (node: NodeId) => boolean,
  groups: Groups,
): Refusal | undefined {
  const leaving = roster.memberOf(node)
  if (leaving === undefined)
    return { refused: 'NODE_UNKNOWN', reason: `${node} is not a member of the cluster` }
  if (roster.leaving.has(leaving.id)) return undefined
  if (roster.staying.length === 1)
    return { refused: 'NODE_NEEDED', reason: `${node} is the only member of the cluster` }
  for (const id of roster.leaving) {
    const reason = `${roster.nodeOf(id)} is leaving: one node after the other`
    return { refused: 'NODE_NEEDED', reason }
  }
  const isUpMember = (id: MemberId): boolean => {
    const each = roster.nodeOf(id)
    return roster.has(id) && each !== undefined && isUp(each)
  }
  const configurations = configurationsOf(roster, groups)
  if (typeof configurations === 'string') return { refused: 'NO_LEADER', reason: configurations }
  for (const [name, { voters, outgoing }] of configurations) {
    for (const half of [voters, outgoing]) {
      const problem = half.size === 0 ? undefined : halfProblem([...half], leaving, isUpMember)
      if (problem !== undefined)
        return { refused: 'NODE_NEEDED', reason: `${problem} of ${name} would be up` }
    }
  }
  return undefined
}

/** Those who vote now must be able to let it go, and those that remain to go on without it. */
function halfProblem(
  half: readonly MemberId[],
  { id: leaving, node }: RosterMember,
  isUp: (id: MemberId) => boolean,
): string | undefined {
  const remaining = half.filter((id) => id !== leaving)
  const up = remaining.filter(isUp).length
  if (up * 2 <= remaining.length)
    return `without ${node} only ${up} of the ${remaining.length} remaining voters`
  const all = half.filter(isUp).length
  return all * 2 <= half.length ? `to let ${node} go only ${all} of the ${half.length} voters` : undefined
}

/** Members that are leaving and that no group names any more. */
export function releasedMembers(roster: Roster, groups: Groups): MemberId[] {
  const configurations = roster.leaving.size === 0 ? '' : configurationsOf(roster, groups)
  if (typeof configurations === 'string') return []
  const isNamed = (id: MemberId): boolean => configurations.some(([, { members }]) => members.includes(id))
  return [...roster.leaving].filter((id) => !isNamed(id))
}

/** The configurations of all groups, by name; or of which group this node does not know it, or knows that it is behind. */
function configurationsOf(roster: Roster, groups: Groups): [string, Configuration][] | string {
  const configurations: [string, Configuration][] = []
  const missing = [...roster.groups.keys()].find((id) => groups.get(id) === undefined)
  if (missing !== undefined) return `META's leader is not in group ${missing} yet`
  for (const { id, status } of groups.all) {
    const name = isMeta(id) ? 'META' : `group ${id}`
    if (status.leader === nobody) return `nobody leads ${name}`
    if (status.commit !== status.applied) return `META's leader is behind in ${name}`
    configurations.push([name, status.configuration])
  }
  return configurations
}
