// Who is in the cluster, for whoever operates it: the list, and letting a node go. What is asked for is said to META's leader until it has
// come true here.

import { setTimeout as delay } from 'node:timers/promises'
import { now } from './clock.ts'
import type { Refusal } from './core/common/errors.ts'
import { isNodeId, type NodeId } from './core/common/ids.ts'
import type { LeaderAgent } from './leader/agent.ts'
import type { MemberAnswer, MembersAnswer } from './net/admin-port.ts'

/** Between two looks at how far it is, milliseconds. */
const lookMs = 20
/** The wish may have been lost, or have come before somebody led. */
const askAgainMs = 250
/** Longer than META is without a leader while a majority is up, milliseconds. */
const giveUpMs = 10_000

/** All members, and where each votes. */
export function listMembers(leader: LeaderAgent): MembersAnswer {
  const { cluster } = leader
  const { roster, group: meta } = cluster
  const standings = [...leader.groups.all].map((group) => {
    const { configuration, leader: leading } = group.status
    return { number: group === meta ? 0 : group.id, voters: configuration.voters, leading }
  })
  const numbersOf = (groups: typeof standings): number[] =>
    groups.map(({ number }) => number).toSorted((a, b) => a - b)
  const members = Array.from(roster?.members ?? [], ({ id, node, address }): MemberAnswer => {
    const votes = numbersOf(standings.filter(({ voters }) => voters.has(id)))
    const leads = numbersOf(standings.filter(({ leading }) => leading === id))
    return { node, address, member: id, votes, leads, isLeaving: roster?.leaving.has(id) === true }
  })
  const leaderNode = meta === undefined ? undefined : cluster.nodeOf(meta.status.leader)
  return {
    ...(leaderNode !== undefined && { leader: leaderNode }),
    members: members.toSorted((a, b) => (a.node < b.node ? -1 : 1)),
  }
}

/** Resolves when a node has left the cluster, and all groups that it was in. */
export async function removeMember(
  leader: LeaderAgent,
  name: string,
  signal: AbortSignal,
): Promise<MembersAnswer | Refusal> {
  const { cluster } = leader
  const id = isNodeId(name) ? cluster.roster?.memberOf(name)?.id : undefined
  if (id === undefined) return { refused: 'NODE_UNKNOWN', reason: `${name} is not a member of the cluster` }
  const begin = now()
  let askedAt = Number.NEGATIVE_INFINITY
  let problem: Refusal | undefined
  for (;;) {
    if (cluster.roster?.has(id) === false) return listMembers(leader)
    if (signal.aborted) return { refused: 'NODE_DRAINING', reason: 'the node is shutting down' }
    // Nobody leads for a moment now and then; what else speaks against it does not go away by itself.
    if (problem !== undefined && problem.refused !== 'NO_LEADER') return problem
    if (now() - begin > giveUpMs) {
      const why = problem === undefined ? 'groups have not let it go' : problem.reason
      return { refused: 'NO_LEADER', reason: `${name} is not removed yet: ${why}; it may happen yet` }
    }
    if (now() - askedAt >= askAgainMs) {
      askedAt = now()
      cluster.leave(name as NodeId, (answer) => {
        problem = answer
      })
    }
    await delay(lookMs)
  }
}
