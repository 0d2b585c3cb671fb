// Whether a node may leave: what remains must be able to go on without it.

import type { Refusal } from '../core/common/errors.ts'
import type { NodeId } from '../core/common/ids.ts'
import type { MemberId } from '../core/raft/quorum.ts'
import type { Roster } from './roster.ts'

/** Why a node may not leave now; undefined if it may. A dead one may, as long as a majority of those that remain is up. */
export function leaveProblem(
  roster: Roster,
  node: NodeId,
  isUp: (node: NodeId) => boolean,
): Refusal | undefined {
  const leaving = roster.memberOf(node)
  if (leaving === undefined)
    return { refused: 'NODE_UNKNOWN', reason: `${node} is not a member of the cluster` }
  if (roster.nodes.length === 1)
    return { refused: 'NODE_NEEDED', reason: `${node} is the only member of the cluster` }
  const places: [string, readonly MemberId[]][] = [['META', roster.metaVoters]]
  for (const group of roster.groups.keys()) places.push([`group ${group}`, roster.votersOf(group)])
  for (const [name, voters] of places) {
    const remaining = voters.filter((id) => id !== leaving.id)
    const up = remaining.filter((id) => {
      const each = roster.nodeOf(id)
      return each !== undefined && isUp(each)
    })
    const reason = `without ${node} only ${up.length} of the ${remaining.length} remaining voters of ${name} would be up`
    if (up.length * 2 <= remaining.length) return { refused: 'NODE_NEEDED', reason }
  }
  return undefined
}
