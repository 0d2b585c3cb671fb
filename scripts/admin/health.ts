// Whether a cluster is healthy, and waiting until it is: every node answers, is ready, has a link to every other node, can write its
// journal, votes wherever it is to, and knows who leads each stream in leader mode.

import { setTimeout as delay } from 'node:timers/promises'
import type { AdminClient } from './admin-client.ts'
import type { LinkAnswer, StatusAnswer } from './answers.ts'
import { askAll, type Round } from './round.ts'

const pollIntervalMs = 50

/** What keeps the cluster from being healthy, one line each; empty when it is. */
export function findProblems(round: Round<StatusAnswer>): readonly string[] {
  const problems = [
    ...round.unreachable.map(({ node, reason }) => `node ${node} cannot be reached: ${reason}`),
    ...round.refused.map(({ node, reason }) => `node ${node} refuses to answer: ${reason}`),
  ]
  for (const { node, value } of round.answers) {
    if (value.state !== 'ready') problems.push(`node ${node} is ${value.state}`)
    const { journal } = value
    if (journal.state !== 'ok')
      problems.push(`node ${node} cannot write its journal: ${journal.reason ?? 'no reason told'}`)
    const { member } = value
    const why = member.damage === undefined ? '' : `; its log was set aside: ${member.damage}`
    if (member.state !== 'settled') problems.push(`node ${node} ${standings[member.state]}${why}`)
    for (const link of value.links) if (link.state !== 'up') problems.push(describeLink(node, link))
  }
  return [...problems, ...findLeaderless(round)]
}

/** What an operator is to hear though the cluster is healthy: logs that were set aside when their nodes started last. */
export function findNotes({ answers }: Round<StatusAnswer>): readonly string[] {
  return answers.flatMap(({ node, value: { member } }) =>
    member.damage === undefined || member.state !== 'settled'
      ? []
      : [`node ${node} has learned again what it had; its log was set aside: ${member.damage}`],
  )
}

/** Streams on which nodes refuse publications, one line for each node. Who is in no cluster has a line of its own. */
export function findLeaderless({ answers }: Round<StatusAnswer>): readonly string[] {
  const inCluster = answers.filter(({ value }) => value.member.state !== 'outside')
  return inCluster.flatMap(({ node, value }) =>
    value.streams.flatMap(({ name, order }) =>
      order?.refuses === undefined
        ? []
        : [`stream ${name} has no leader at ${node}: it refuses publications with ${order.refuses}`],
    ),
  )
}

/** Asks until there are no problems; returns those that are left when the time is over, with the last answers. */
export async function waitHealthy(
  clients: readonly AdminClient[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ readonly problems: readonly string[]; readonly round: Round<StatusAnswer> }> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const round = await askAll(clients, (client) => client.status())
    const problems = findProblems(round)
    if (problems.length === 0 || Date.now() >= deadline || signal.aborted) return { problems, round }
    await delay(pollIntervalMs, undefined, { signal }).catch(() => undefined)
  }
}

const standings = {
  outside:
    'is in no cluster yet: the first node of peers.json founds one when all of them are up, and none has a log of before',
  learning: 'has not caught up with its groups, and does not vote in all of them yet',
} as const

function describeLink(node: string, link: LinkAnswer): string {
  const reason = link.reason ? `: ${link.reason}` : ''
  return `node ${node}: the link to ${link.peer} is ${link.state}${reason}`
}
