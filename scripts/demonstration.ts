// What `npm start` proves: every node subscribes, every node sends, and the journals say whether each message reached each
// subscriber exactly once and in order. Only messages of this run count; older ones in the same journals do not.

import type { CheckResult, OriginReport } from '../audit/check-result.ts'
import type { AdminClient } from './admin/admin-client.ts'
import { showCount, sum } from './cli/numbers.ts'
import { CommandError, exitCodes } from './cli/outcome.ts'
import { checkLive } from './collection/delivery-verdict.ts'

const demonstrationPattern = 'demo.>'
const messagesPerNode = 200
const settleMs = 10_000

/** The outcome, for the table and the exit code. */
export interface Demonstration {
  /** By node: what it sent, and what was delivered to its subscription. */
  readonly nodes: ReadonlyMap<string, { readonly sent: number; readonly delivered: number }>
  readonly isProven: boolean
  /** One line that says it. */
  readonly text: string
}

/** Messages acknowledged to each origin of this run. */
export type Sent = ReadonlyMap<string, number>

/** Subscribes every node, lets every node send, and checks. */
export async function demonstrate(
  clients: readonly AdminClient[],
  signal: AbortSignal,
): Promise<Demonstration> {
  await Promise.all(clients.map((client) => client.changeSubscription('PUT', demonstrationPattern)))
  const answers = await Promise.all(
    clients.map((client) => {
      const [topic, message] = [`demo.${client.node}`, `hello from ${client.node}`]
      return client.send({ topic, message, count: messagesPerNode, ack: 'copies' })
    }),
  )
  const sent: Sent = new Map(answers.map((answer) => [answer.origin, answer.acknowledged]))
  const sentInAll = sum([...sent.values()])
  const due = clients.length * sentInAll
  const isSettled = (result: CheckResult): boolean =>
    sum([...countDelivered(result, sent, demonstrationPattern).values()]) >= due
  const { result } = await checkLive(clients, { settleMs, signal, isSettled })
  if (result === undefined) throw new CommandError(exitCodes.unreachable, 'no node gave its journal')
  const delivered = countDelivered(result, sent, demonstrationPattern)
  const problems = findProblems(result, sent, demonstrationPattern)
  const deliveredInAll = sum([...delivered.values()])
  const isProven =
    problems.length === 0 && deliveredInAll === due && sentInAll === clients.length * messagesPerNode
  const counts = `${showCount(sentInAll)} sent, ${showCount(deliveredInAll)} delivered`
  return {
    nodes: new Map(
      clients.map(({ node }, index) => {
        return [node, { sent: answers[index]?.acknowledged ?? 0, delivered: delivered.get(node) ?? 0 }]
      }),
    ),
    isProven,
    text: isProven
      ? `every message reached every subscriber exactly once and in order (${counts})`
      : `not every message reached every subscriber once and in order: ${[...problems, counts].join('; ')}`,
  }
}

/** Reports about the demonstration's own subscriptions and origins, with the node that subscribed. */
function listReports(
  result: CheckResult,
  sent: Sent,
  pattern: string,
): readonly { readonly node: string; readonly report: OriginReport }[] {
  const ours = result.subscribers.filter(
    ({ kind, patterns }) => kind === 'node' && patterns.includes(pattern),
  )
  return ours.flatMap(({ node, origins }) =>
    origins.filter(({ origin }) => sent.has(origin)).map((report) => ({ node, report })),
  )
}

/** Messages of those origins that were delivered to the nodes' subscriptions to a pattern, by node. */
export function countDelivered(
  result: CheckResult,
  sent: Sent,
  pattern: string,
): ReadonlyMap<string, number> {
  const delivered = new Map<string, number>()
  for (const { node, report } of listReports(result, sent, pattern)) {
    delivered.set(node, (delivered.get(node) ?? 0) + report.delivered.count)
  }
  return delivered
}

/** What is wrong with them. */
export function findProblems(result: CheckResult, sent: Sent, pattern: string): readonly string[] {
  const kinds = [
    ['lost', ({ lostSilent, lostTold }: OriginReport) => lostSilent.count + lostTold.count],
    ['doubled', ({ duplicated }: OriginReport) => duplicated.count],
    ['out of order', ({ outOfOrder }: OriginReport) => outOfOrder.count],
    ['never sent', ({ phantom }: OriginReport) => phantom.count],
    ['not meant for the subscriber', ({ unexpected }: OriginReport) => unexpected.count],
    ['unknown', ({ unknown }: OriginReport) => unknown.count],
  ] as const
  const reports = listReports(result, sent, pattern)
  const counted = kinds.flatMap(([name, count]) => {
    const found = sum(reports.map(({ report }) => count(report)))
    return found > 0 ? [`${showCount(found)} ${name}`] : []
  })
  const isOurs = new Set(
    result.subscribers.filter(({ patterns }) => patterns.includes(pattern)).map(({ stream }) => stream),
  )
  const disagreed = result.findings.filter(({ kind, stream }) => kind === 'disagreed' && isOurs.has(stream))
  return disagreed.length === 0
    ? counted
    : [...counted, `${showCount(disagreed.length)} got another order than others`]
}
