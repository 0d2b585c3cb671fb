// report.md for pull requests, and report.json for programs.

import type { Analysis, LatencySummary } from './analysis.ts'
import type { CheckResult } from './check-result.ts'
import {
  dueNotes,
  dueText,
  findingAdvice,
  journalNotes,
  reasonText,
  shortRanges,
  subjectText,
  titleText,
  verdictText,
} from './check-text.ts'
import { formatCount, formatDuration, formatMicroseconds, formatTime } from './report-number.ts'

/** Rows of a table; a comment on a pull request is read, not searched. */
const rowsMax = 20

/** The report as Markdown. */
export function renderReportMarkdown(analysis: Analysis, check: CheckResult): string {
  const lines = [
    '# Herald report',
    '',
    `**${escapeMarkdown(verdictText(check))}**`,
    '',
    escapeMarkdown(spanText(analysis)),
  ]
  lines.push(
    ...subscriptionLines(check),
    ...findingLines(check),
    ...latencyLines(analysis),
    ...pairLines(analysis),
  )
  lines.push(...topicLines(analysis))
  const notes = journalNotes(check)
  if (notes.length > 0)
    lines.push('', '## About the journals', '', ...notes.map((note) => `- ${escapeMarkdown(note)}`))
  return `${lines.join('\n')}\n`
}

/** The report as JSON: everything that the other two show, and the rest. */
export function renderReportJson(analysis: Analysis, check: CheckResult): string {
  return `${JSON.stringify({ schemaVersion: 1, analysis, check }, undefined, 1)}\n`
}

function spanText(analysis: Analysis): string {
  if (analysis.startsAt === null || analysis.endsAt === null) return 'The journals hold no messages.'
  const { sentMessages, deliveredMessages } = analysis.total
  const duration = formatDuration(analysis.endsAt - analysis.startsAt)
  return `${formatTime(analysis.startsAt)}, ${duration}: ${formatCount(sentMessages)} messages sent, ${formatCount(deliveredMessages)} deliveries, on ${analysis.nodes.length} node(s).`
}

function subscriptionLines(check: CheckResult): readonly string[] {
  const header = [
    'Node',
    'Subscription',
    'Stream',
    'Due',
    'Delivered',
    'Lost',
    'Doubled',
    'Out of order',
    'Not due',
    'Pending',
    'Unknown',
  ]
  const due = check.subscribers.map((subscriber) => dueText(subscriber, formatCount))
  const rows = check.subscribers.map(({ node, stream, counts, ...subscriber }, row) => [
    node,
    titleText(subscriber),
    stream,
    due[row] ?? '',
    ...[
      counts.delivered,
      counts.lostSilent + counts.lostTold,
      counts.duplicated,
      counts.outOfOrder,
      counts.phantom + counts.unexpected,
      counts.pending,
      counts.unknown,
    ].map(formatCount),
  ])
  const notes = dueNotes(check.subscribers).flatMap((note) => ['', escapeMarkdown(note)])
  return [...table('Delivery', header, rows, 3), ...notes]
}

function findingLines(check: CheckResult): readonly string[] {
  const header = ['Finding', 'Node', 'Subscription', 'Stream', 'Origin', 'Sequences', 'What to do']
  const rows = check.findings.map((finding) => {
    const { kind, node, sub, stream, ranges, reasons } = finding
    const advice = [...reasons.map(reasonText), findingAdvice.get(kind) ?? ''].join('; ')
    return [kind, node, sub, stream, subjectText(finding), shortRanges(ranges), advice]
  })
  return table('Findings', header, rows, 7)
}

function latencyLines(analysis: Analysis): readonly string[] {
  if (analysis.latency === null) return []
  const rows = [{ name: 'all streams', ...analysis.latency }, ...analysis.latencyByStream]
  return table(
    'Latency',
    ['Stream', ...latencyHeads],
    rows.map((row) => [row.name, ...latencyCells(row)]),
    1,
  )
}

function pairLines(analysis: Analysis): readonly string[] {
  const rows = analysis.latencyByPair.map((pair) => {
    const clock =
      pair.clock === null
        ? 'not measured'
        : `${pair.clock.offsetMs.toFixed(2)} ± ${pair.clock.errorMs.toFixed(2)} ms`
    return [pair.from, pair.to, ...latencyCells(pair), clock]
  })
  return table('Latency between nodes', ['From', 'To', ...latencyHeads, 'Clock of To ahead'], rows, 2)
}

function topicLines(analysis: Analysis): readonly string[] {
  const rows = analysis.topics.map(({ topic, stream, sentMessages, latency }) => [
    topic,
    stream,
    formatCount(sentMessages),
    ...(latency === null ? ['', '', ''] : [latency.p50, latency.p99, latency.max].map(formatMicroseconds)),
  ])
  return table('Topics', ['Topic', 'Stream', 'Sent', 'p50', 'p99', 'Max'], rows, 2)
}

const latencyHeads = ['p50', 'p90', 'p99', 'p99.9', 'p99.99', 'Max', 'Samples'] as const

function latencyCells(latency: LatencySummary): readonly string[] {
  const { p50, p90, p99, p999, p9999, max, samples } = latency
  return [...[p50, p90, p99, p999, p9999, max].map(formatMicroseconds), formatCount(samples)]
}

/** A heading and a table; nothing without rows. The first `leftColumns` hold text, the others numbers. */
function table(
  heading: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
  leftColumns: number,
): readonly string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(' | ')} |`
  const rule = `|${header.map((_, column) => (column < leftColumns ? ' --- |' : ' ---: |')).join('')}`
  const lines = ['', `## ${heading}`, '', line(header), rule, ...rows.slice(0, rowsMax).map(line)]
  if (rows.length > rowsMax) lines.push('', `${rows.length - rowsMax} more are in report.json.`)
  return lines
}

/** Neither markup nor HTML nor a mention of somebody can come out of a topic. */
function escapeMarkdown(text: string): string {
  return text
    .replace(/\p{Cc}/gu, '\u{fffd}')
    .replace(/[&<>]/g, (character) => (character === '&' ? '&amp;' : character === '<' ? '&lt;' : '&gt;'))
    .replace(/[\\`*_[\]|#~!]/g, '\\$&')
    .replaceAll('@', '@\u{200b}')
}
