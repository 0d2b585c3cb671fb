// The cluster's state as lines of text: one table of nodes, one of streams, then what is wrong. Pure but for the colours.

import { formatBytes, formatDuration } from '../../node/config/quantity.ts'
import type { StatusAnswer, StreamStatusAnswer } from '../admin/answers.ts'
import { findNotes, findProblems } from '../admin/health.ts'
import { type Sample, toRates } from '../admin/sample.ts'
import { showCount, sum } from '../cli/numbers.ts'
import { toTable } from '../cli/table.ts'
import type { Terminal } from '../cli/terminal.ts'

const nodeHeadings = [
  'NODE',
  'STATE',
  '>UP',
  '>LINKS',
  '>SENT/S',
  '>DELIVERED/S',
  '>MISSING',
  '>LOOP P99',
  '>MEMORY',
  '>SUBS',
  '>SESSIONS',
]
const streamHeadings = [
  'STREAM',
  'TOPICS',
  'MODE',
  '>EPOCH',
  '>GROUP',
  'LEADER',
  '>OFFSET',
  '>COMMIT',
  '>LAG',
  '>PUBLISHED',
  '>DELIVERED',
  '>RETAINED',
  '>MISSING',
]

/** Everything that `status` shows. */
export function toStatusLines(terminal: Terminal, first: Sample, second: Sample): readonly string[] {
  const { answers } = second.round
  const lines: string[] = []
  if (answers.length > 0) {
    const rows = answers.map(({ node, value }) => toNodeRow(terminal, value, toRates(node, first, second)))
    lines.push(...toTable(nodeHeadings, rows), '')
    lines.push(...toTable(streamHeadings, toStreamRows(answers.map((answer) => answer.value))))
  }
  const problems = [...findProblems(second.round), ...findNotes(second.round)]
  if (problems.length > 0 && lines.length > 0) lines.push('')
  lines.push(...problems.map((problem) => terminal.paint('yellow', problem)))
  return lines
}

function toNodeRow(terminal: Terminal, status: StatusAnswer, rates: ReturnType<typeof toRates>): string[] {
  const up = status.links.filter((link) => link.state === 'up').length
  const missing = sum(status.streams.map((stream) => stream.missing))
  return [
    status.node,
    terminal.paint(status.state === 'ready' ? 'green' : 'yellow', status.state),
    formatDuration(status.uptimeMs),
    `${up}/${status.links.length}`,
    rates === undefined ? '-' : showCount(rates.publishedPerSecond),
    rates === undefined ? '-' : showCount(rates.deliveredPerSecond),
    missing > 0 ? terminal.paint('yellow', showCount(missing)) : '0',
    `${status.loopLagMs.p99.toFixed(1)} ms`,
    formatBytes(status.memory.rssBytes),
    String(status.subscriptions),
    String(status.sessions),
  ]
}

function toStreamRows(statuses: readonly StatusAnswer[]): string[][] {
  const names = [
    ...new Set(statuses.flatMap((status) => status.streams.map((stream) => stream.name))),
  ].toSorted()
  return names.map((name) => {
    const parts = statuses.flatMap((status) => status.streams.filter((stream) => stream.name === name))
    return [
      name,
      parts[0]?.topics.join(' ') || '(all others)',
      toAnyOf(parts.map(({ mode }) => mode)),
      toAnyOf(parts.map(({ epoch }) => String(epoch))),
      ...toOrder(parts),
      showCount(sum(parts.map((part) => part.publishedMessages))),
      showCount(sum(parts.map((part) => part.deliveredMessages))),
      formatBytes(sum(parts.map((part) => part.retainedBytes))),
      showCount(sum(parts.map((part) => part.missing))),
    ]
  })
}

/**
 * Group and leader of a stream in leader mode, how long its order is, what is committed, and how much of that the last node has not applied, as
 * far as nodes know. A node that knows no leader is not hidden by others that do.
 */
function toOrder(parts: readonly StreamStatusAnswer[]): string[] {
  const orders = parts.flatMap(({ order }) => order ?? [])
  if (orders.length === 0) return ['-', '-', '-', '-', '-']
  const commit = Math.max(...orders.map((order) => order.commit))
  const applied = orders.map((order) => order.commit - order.lag)
  return [
    toAnyOf(orders.map(({ group }) => (group === undefined ? '-' : String(group)))),
    toAnyOf(orders.map(({ leader }) => leader ?? 'none').toSorted(noneLast)),
    showCount(Math.max(...orders.map(({ last }) => last))),
    showCount(commit),
    showCount(commit - Math.min(...applied)),
  ]
}

function noneLast(one: string, other: string): number {
  return Number(one === 'none') - Number(other === 'none')
}

/** What nodes say, each once. */
function toAnyOf(values: readonly string[]): string {
  return [...new Set(values)].join(' or ')
}
