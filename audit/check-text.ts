// The verdict for a terminal: one line that says it, a table with the worst subscriptions first, what to do.

import {
  type CheckResult,
  type Finding,
  type FindingKind,
  isFault,
  type SubscriberReport,
  type UnknownReason,
} from './check-result.ts'
import { formatCount } from './report-number.ts'

/** Rows and findings that are shown; the JSON value has all. */
const rowsMax = 20
const findingsMax = 20
/** Ranges of one finding longer than this are cut. */
const rangesLengthMax = 60

/** What each kind means and what to do about it; the same words in every report. */
export const findingAdvice: ReadonlyMap<FindingKind, string> = new Map<FindingKind, string>([
  [
    'lost-silent',
    'lost without a word: where all nodes that had it were killed at once (gossip mode), nobody was left to tell; else keep the journals and report a defect',
  ],
  ['phantom', 'delivered but never sent: keep the journals and report a defect'],
  ['duplicated', 'delivered more than once: keep the journals and report a defect'],
  ['out-of-order', 'delivered after a higher sequence: keep the journals and report a defect'],
  ['disagreed', 'one order, and two subscriptions got it differently: keep the journals and report a defect'],
  ['unexpected', 'delivered to a subscription that it is not for: keep the journals and report a defect'],
  [
    'lost-told',
    'held by nobody when it was needed, and the subscriber was told: raise the retention of the stream; where nodes crashed, publish with copies; where the stream was removed meanwhile, it went with that',
  ],
  [
    'gone',
    'published before the subscription was made, and held by nobody when it came by: it was told, and this is no fault',
  ],
  ['unknown', 'the journals do not tell; fetch what is missing and check again'],
])

const reasonTexts: ReadonlyMap<string, string> = new Map<UnknownReason, string>([
  ['origin-journal-missing', 'the journal of the origin is not here'],
  ['origin-journal-truncated', 'the end or the beginning of the journal of the origin is missing'],
  ['origin-journal-damaged', 'lines are damaged or missing in the journal of the origin'],
  ['subscriber-journal-truncated', "the subscriber's node ended without writing its last lines"],
  ['subscriber-journal-damaged', "lines are damaged or missing in the journal of the subscriber's node"],
  ['subscription-not-journaled', 'the beginning of the subscription is not in the journal'],
  ['start-not-journaled', 'the origin was over before, and no line says where the subscription starts'],
  ['session-broken', 'the connection broke, what came last may not have reached the client'],
  [
    'not-acknowledged',
    'no line says that it got its place, nobody got it, and so no publisher need have heard of it',
  ],
])

/** A reason in words; a gap's own reason stays as it is. */
export function reasonText(reason: string): string {
  return reasonTexts.get(reason) ?? reason
}

/** Whose sequences the ranges of a finding are; or of which epoch they are offsets, and who got it otherwise. */
export function subjectText({ node, sub, origin, order }: Finding): string {
  if (order === undefined) return origin
  const { epoch, other } = order
  const isItself = other.node === node && other.sub === sub
  const against = isItself ? 'behind higher ones' : `unlike ${other.node} ${other.sub}`
  return `epoch ${epoch}, ${against}, offsets`
}

/** The one line that says it. */
export function verdictText(result: CheckResult): string {
  const { totals } = result
  if (!result.ok) {
    const kinds = new Set(result.findings.map((finding) => finding.kind).filter(isFault))
    return `NOT OK: ${[...kinds].map((kind) => `${formatCount(countOf(result, kind))} ${kind}`).join(', ')}`
  }
  if (result.subscribers.length === 0) return 'NOTHING TO CHECK: there are no subscriptions in these journals'
  const parts = [
    `OK: ${formatCount(totals.delivered)} deliveries of ${formatCount(result.sent)} messages, none lost, doubled or out of order`,
  ]
  if (totals.pending > 0) parts.push(`${formatCount(totals.pending)} on their way`)
  if (totals.gone > 0) parts.push(`${formatCount(totals.gone)} of the past were gone`)
  if (result.findings.some(({ kind }) => kind === 'unknown'))
    parts.push(totals.unknown > 0 ? `${formatCount(totals.unknown)} unknown` : 'with open questions')
  return parts.join('; ')
}

/** The whole verdict as text, without colours. Control characters of journal text are shown as `?`. */
export function renderCheckText(result: CheckResult): string {
  const lines = [verdictText(result)]
  if (result.subscribers.length > 0) lines.push('', ...subscriberTable(result.subscribers))
  if (result.findings.length > 0) lines.push('', ...findingLines(result.findings))
  const notes = journalNotes(result)
  if (notes.length > 0) lines.push('', ...notes)
  return `${lines.map(printable).join('\n')}\n`
}

/** Oddities of the journals themselves, one a line. */
export function journalNotes(result: CheckResult): readonly string[] {
  const notes = result.missingJournals.map(
    (node) => `The journal of ${node} is missing: fetch it and check again.`,
  )
  for (const journal of result.journals) {
    if (journal.tornLines > 0)
      notes.push(`${journal.node}: ${journal.tornLines} torn last line(s), tolerated.`)
    for (const place of journal.damaged)
      notes.push(`${journal.node}: ${place.file} line ${place.line} is damaged.`)
    const unnamed = journal.damagedLines - journal.damaged.length
    if (unnamed > 0) notes.push(`${journal.node}: ${unnamed} more damaged lines.`)
    if (journal.droppedLines > 0) {
      notes.push(
        `${journal.node}: its disk did not take ${journal.droppedLines} line(s); free space or repair the disk.`,
      )
    }
    for (const { kind, lines } of journal.unknownKinds) {
      notes.push(
        `${journal.node}: ${lines} line(s) of the unknown kind "${kind}"; a newer version wrote them.`,
      )
    }
  }
  return notes
}

/** What is not known of an origin, or of the subscription, so that more may have been due. */
const hidesWhatWasDue: ReadonlySet<UnknownReason> = new Set([
  'origin-journal-missing',
  'origin-journal-truncated',
  'origin-journal-damaged',
  'subscription-not-journaled',
])

/** Whether more may have been due than the journals tell. */
export function isDueAtLeast({ origins }: SubscriberReport): boolean {
  return origins.some(({ unknownReasons }) => unknownReasons.some((reason) => hidesWhatWasDue.has(reason)))
}

/** What a subscription is called; a queue and a durable subscription may have one name. */
export function titleText({ kind, name, sub }: Pick<SubscriberReport, 'kind' | 'name' | 'sub'>): string {
  return kind === 'queue' ? sub : (name ?? sub)
}

/** How much was due, as "≥ 10" where it is a lower bound. */
export function dueText(subscriber: SubscriberReport, format: (count: number) => string): string {
  const due = format(subscriber.counts.expected)
  return isDueAtLeast(subscriber) ? `≥ ${due}` : due
}

/** What "≥" means; nothing where it does not appear. */
export function dueNotes(subscribers: readonly SubscriberReport[]): readonly string[] {
  if (!subscribers.some(isDueAtLeast)) return []
  return [
    '≥: at least. Journals lack lines, so more may have been sent than they tell; what was got of that is unknown, and no fault.',
  ]
}

function subscriberTable(subscribers: readonly SubscriberReport[]): readonly string[] {
  const header = [
    'node',
    'subscription',
    'stream',
    'due',
    'got',
    'lost',
    'twice',
    'order',
    'other',
    'pending',
    'unknown',
  ]
  const rows = subscribers
    .slice(0, rowsMax)
    .map((subscriber) => ({ ...subscriber, due: dueText(subscriber, String) }))
    .map(({ node, stream, counts, due, ...subscriber }) => [
      node,
      titleText(subscriber),
      stream,
      due,
      ...[
        counts.delivered,
        counts.lostSilent + counts.lostTold,
        counts.duplicated,
        counts.outOfOrder,
        counts.phantom + counts.unexpected,
        counts.pending,
        counts.unknown,
      ].map(String),
    ])
  const lines = [...alignColumns([header, ...rows], 3)]
  if (subscribers.length > rowsMax) lines.push(`… and ${subscribers.length - rowsMax} more, none worse`)
  return [...lines, ...dueNotes(subscribers.slice(0, rowsMax))]
}

function findingLines(findings: readonly Finding[]): readonly string[] {
  const lines: string[] = []
  let kind: FindingKind | undefined
  for (const finding of findings.slice(0, findingsMax)) {
    if (finding.kind !== kind) lines.push(`${finding.kind}: ${findingAdvice.get(finding.kind)}`)
    kind = finding.kind
    const which = finding.ranges === '' ? '' : ` ${shortRanges(finding.ranges)}`
    const why = finding.reasons.length === 0 ? '' : ` (${finding.reasons.map(reasonText).join('; ')})`
    lines.push(`  ${finding.node} ${finding.sub} ${finding.stream}: ${subjectText(finding)}${which}${why}`)
  }
  if (findings.length > findingsMax)
    lines.push(`… and ${findings.length - findingsMax} more; --json shows all`)
  return lines
}

/** The ranges cut at a comma, with what was left out. */
export function shortRanges(ranges: string): string {
  if (ranges.length <= rangesLengthMax) return ranges
  const cut = ranges.lastIndexOf(',', rangesLengthMax)
  return cut < 0 ? ranges : `${ranges.slice(0, cut)},…`
}

function countOf({ totals, findings }: CheckResult, kind: FindingKind): number {
  switch (kind) {
    case 'lost-silent':
      return totals.lostSilent
    case 'lost-told':
      return totals.lostTold
    case 'gone':
      return totals.gone
    case 'duplicated':
      return totals.duplicated
    case 'out-of-order':
      return totals.outOfOrder
    case 'disagreed':
      return findings.filter((finding) => finding.kind === kind).length
    case 'phantom':
      return totals.phantom
    case 'unexpected':
      return totals.unexpected
    case 'unknown':
      return totals.unknown
  }
}

/** Columns padded to equal width: the first `leftColumns` to the left, the numbers to the right. */
function alignColumns(rows: readonly (readonly string[])[], leftColumns: number): readonly string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0
      return column < leftColumns ? cell.padEnd(width) : cell.padStart(width)
    })
    return cells.join('  ').trimEnd()
  })
}

/** A journal must not be able to write to the terminal. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '?')
}
