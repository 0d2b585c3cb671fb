// The part of the report that says whether every message arrived: verdict, subscriptions, findings, notes.

import type { CheckResult, Finding, FindingKind } from './check-result.ts'
import {
  dueNotes,
  dueText,
  findingAdvice,
  isDueAtLeast,
  journalNotes,
  reasonText,
  shortRanges,
  subjectText,
  titleText,
  verdictText,
} from './check-text.ts'
import { type Markup, markup, noMarkup } from './markup.ts'
import { formatCount } from './report-number.ts'

/** Rows of a table; report.json has all of them. */
const rowsMax = 100

/** The verdict in one sentence, coloured and worded. */
export function verdictSection(check: CheckResult): Markup {
  const tone = !check.ok
    ? 'bad'
    : check.findings.some(({ kind }) => kind === 'unknown') || check.subscribers.length === 0
      ? 'open'
      : 'good'
  const atLeast = check.subscribers.some(isDueAtLeast) ? 'at least ' : ''
  const detail =
    check.subscribers.length === 0
      ? `${formatCount(check.sent)} messages were sent.`
      : `${formatCount(check.subscribers.length)} subscription(s); ${atLeast}${formatCount(check.totals.expected)} deliveries were due, ${formatCount(check.totals.delivered)} were made.`
  return markup`<section class="verdict ${tone}"><strong>${verdictText(check)}</strong><p class="note">${detail}</p></section>`
}

/** Subscriptions, worst first. */
export function subscriptionSection(check: CheckResult): Markup {
  if (check.subscribers.length === 0) return noMarkup
  const rows = check.subscribers.slice(0, rowsMax).map((subscriber) => {
    const { node, stream, patterns, counts } = subscriber
    const wrong = [
      counts.lostSilent + counts.lostTold,
      counts.duplicated,
      counts.outOfOrder,
      counts.phantom + counts.unexpected,
    ].map((count) => numberCell(count, 'wrong'))
    return markup`<tr><td>${node}</td><td class="name">${titleText(subscriber)}</td><td class="name">${stream}</td><td class="name"><code>${patterns.join(' ')}</code></td>
<td class="n">${dueText(subscriber, formatCount)}</td><td class="n">${formatCount(counts.delivered)}</td>${wrong}${numberCell(counts.pending, '')}${numberCell(counts.unknown, 'unsure')}</tr>`
  })
  const notes = dueNotes(check.subscribers).map((note) => markup`<p class="note">${note}</p>`)
  return markup`<section><h2>Delivery to each subscription</h2><div class="scroll"><table>
<thead><tr><th>Node</th><th>Subscription</th><th>Stream</th><th>Patterns</th><th class="n">Due</th><th class="n">Delivered</th><th class="n">Lost</th>
<th class="n">Doubled</th><th class="n">Unordered</th><th class="n">Not due</th><th class="n">Pending</th><th class="n">Unknown</th></tr></thead>
<tbody>${rows}</tbody></table></div>${notes}${moreNote(check.subscribers.length)}</section>`
}

/** Every finding with its exact sequences, by kind. */
export function findingSection(check: CheckResult): Markup {
  if (check.findings.length === 0) return noMarkup
  const kinds = new Map<FindingKind, Finding[]>()
  for (const finding of check.findings.slice(0, rowsMax)) {
    kinds.set(finding.kind, [...(kinds.get(finding.kind) ?? []), finding])
  }
  const groups = [...kinds].map(([kind, findings]) => {
    const items = findings.map((finding) => {
      const { node, sub, stream, ranges, count, reasons, order } = finding
      const why = reasons.length === 0 ? '' : ` (${reasons.map(reasonText).join('; ')})`
      const which = ranges === '' ? noMarkup : markup` <code>${shortRanges(ranges)}</code>`
      const of = markup`<code>${subjectText(finding)}</code>`
      const what = order === undefined ? markup`${formatCount(count)} from ${of}` : of
      return markup`<dd>${node}, subscription <code>${sub}</code>, stream ${stream}: ${what}${which}${why}</dd>`
    })
    return markup`<dt>${kind}: ${findingAdvice.get(kind) ?? ''}</dt>${items}`
  })
  return markup`<section><h2>Findings</h2><dl>${groups}</dl>${moreNote(check.findings.length)}</section>`
}

/** What is odd about the journals themselves. */
export function journalSection(check: CheckResult): Markup {
  const notes = journalNotes(check)
  if (notes.length === 0) return noMarkup
  return markup`<section><h2>About the journals</h2>${notes.map((note) => markup`<p class="note">${note}</p>`)}</section>`
}

function numberCell(count: number, tone: string): Markup {
  return markup`<td class="n ${count > 0 ? tone : ''}">${formatCount(count)}</td>`
}

function moreNote(count: number): Markup {
  return count <= rowsMax
    ? noMarkup
    : markup`<p class="note">${formatCount(count - rowsMax)} more are in report.json.</p>`
}
