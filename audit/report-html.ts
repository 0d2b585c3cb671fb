// report.html: one file that needs nothing else, neither a network nor a script. What comes from journals is escaped
// by `markup`; the colours follow the reader's system.

import type { Analysis, LatencySummary, PairLatency, ThroughputSeries, TopicRow } from './analysis.ts'
import type { CheckResult } from './check-result.ts'
import { type Markup, markup, noMarkup } from './markup.ts'
import { percentileChart, throughputChart, totalLines } from './report-chart.ts'
import { findingSection, journalSection, subscriptionSection, verdictSection } from './report-check.ts'
import { formatCount, formatDuration, formatMicroseconds, formatShort, formatTime } from './report-number.ts'
import { reportStyle } from './report-style.ts'

/** Rows of the topic table; report.json has all of them. */
const topicRowsMax = 100
/** Streams with a line of their own in the chart. */
const streamLinesMax = 5

/** The whole page. */
export function renderReportHtml(analysis: Analysis, check: CheckResult): string {
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Herald report, ${formatTime(analysis.startsAt)}</title>
<style>STYLE</style></head><body><main>
<header><h1>Herald report</h1><p>${subtitle(analysis)}</p></header>
${verdictSection(check)}
${tiles(analysis)}
${subscriptionSection(check)}
${findingSection(check)}
${throughputSection(analysis)}
${latencySection(analysis)}
${pairSection(analysis)}
${nodeSection(analysis)}
${topicSection(analysis)}
${journalSection(check)}
</main></body></html>
`
  return page.text.replace('STYLE', () => reportStyle)
}

function subtitle(analysis: Analysis): string {
  if (analysis.startsAt === null || analysis.endsAt === null) return 'The journals hold no messages.'
  const duration = formatDuration(analysis.endsAt - analysis.startsAt)
  return `${formatTime(analysis.startsAt)}, ${duration}, ${analysis.nodes.length} node(s): ${analysis.nodes.join(', ')}`
}

function tiles(analysis: Analysis): Markup {
  const { total, latency } = analysis
  const tile = (value: string, name: string): Markup => markup`<div><b>${value}</b><span>${name}</span></div>`
  const latencies =
    latency === null
      ? noMarkup
      : markup`${tile(formatMicroseconds(latency.p50), 'latency p50')}${tile(formatMicroseconds(latency.p99), 'p99')}${tile(formatMicroseconds(latency.p999), 'p99.9')}${tile(formatMicroseconds(latency.max), 'max')}`
  return markup`<div class="tiles">${tile(formatShort(total.sentMessages), 'messages sent')}${tile(formatShort(total.deliveredMessages), 'deliveries')}${tile(`${formatShort(peakRate(analysis, total.delivered))}/s`, 'peak deliveries')}${latencies}</div>`
}

function throughputSection(analysis: Analysis): Markup {
  if (analysis.startsAt === null) return noMarkup
  const { streams, bucketMs } = analysis
  const busiest = [...streams]
    .sort((a, b) => b.deliveredMessages - a.deliveredMessages)
    .slice(0, streamLinesMax)
  const lines = busiest.map(({ name, delivered }) => ({ name, counts: delivered }))
  const byStream =
    streams.length < 2
      ? noMarkup
      : markup`<h2 class="next">Deliveries by stream</h2>${throughputChart(analysis, lines, 'Deliveries per second by stream')}`
  return markup`<section><h2>Throughput</h2>
${throughputChart(analysis, totalLines(analysis.total), 'Messages sent and delivered per second')}${byStream}
<p class="note">Each step is ${formatDuration(bucketMs)}. A message that reaches three subscriptions counts three times as delivered.</p></section>`
}

function latencySection(analysis: Analysis): Markup {
  if (analysis.latency === null) return noMarkup
  const rows = [{ name: 'all streams', ...analysis.latency }, ...analysis.latencyByStream].map(
    (row) => markup`<tr><td class="name">${row.name}</td>${latencyCells(row)}</tr>`,
  )
  return markup`<section><h2>Latency</h2>${percentileChart(analysis.curves)}
<div class="scroll"><table><thead><tr><th>Stream</th>${latencyHeads}</tr></thead><tbody>${rows}</tbody></table></div>
<p class="note">From the intended time of sending to the delivery on the subscriber's node. Grey: fewer than a hundred samples lie beyond that percentile.</p></section>`
}

const latencyHeads: Markup = markup`<th class="n">p50</th><th class="n">p90</th><th class="n">p99</th><th class="n">p99.9</th><th class="n">p99.99</th><th class="n">Max</th><th class="n">Samples</th>`

function latencyCells(latency: LatencySummary): Markup {
  // A percentile is worth something when about a hundred samples lie beyond it.
  const cell = (microseconds: number, beyond: number): Markup =>
    markup`<td class="n ${latency.samples * beyond < 100 ? 'few' : ''}">${formatMicroseconds(microseconds)}</td>`
  return markup`${cell(latency.p50, 0.5)}${cell(latency.p90, 0.1)}${cell(latency.p99, 0.01)}${cell(latency.p999, 0.001)}${cell(latency.p9999, 0.0001)}
<td class="n">${formatMicroseconds(latency.max)}</td><td class="n">${formatCount(latency.samples)}</td>`
}

/** Rows send, columns deliver; the deeper the colour, the higher the p99. */
function pairSection(analysis: Analysis): Markup {
  const { latencyByPair } = analysis
  if (latencyByPair.length === 0) return noMarkup
  const senders = [...new Set(latencyByPair.map((pair) => pair.from))].sort()
  const deliverers = [...new Set(latencyByPair.map((pair) => pair.to))].sort()
  const worst = latencyByPair.reduce((highest, pair) => Math.max(highest, pair.p99), 1)
  const pairs = new Map(latencyByPair.map((pair) => [JSON.stringify([pair.from, pair.to]), pair]))
  const rows = senders.map((from) => {
    const cells = deliverers.map((to) => pairCell(pairs.get(JSON.stringify([from, to])), worst))
    return markup`<tr><th>${from}</th>${cells}</tr>`
  })
  return markup`<section><h2>Latency between nodes: p50 / p99</h2><div class="scroll"><table class="matrix">
<thead><tr><th>from \\ to</th>${deliverers.map((to) => markup`<th style="text-align:center">${to}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>
<p class="note">Below: how far the clock of the delivering node is ahead of the sender's, and the error of that measurement. A latency between two nodes is no more exact than this.</p></section>`
}

function pairCell(pair: PairLatency | undefined, worst: number): Markup {
  if (pair === undefined) return markup`<td>–</td>`
  const depth = (0.04 + 0.3 * (Math.log1p(pair.p99) / Math.log1p(worst)) ** 3).toFixed(3)
  const isSame = pair.from === pair.to
  const clock =
    pair.clock === null
      ? 'clock not measured'
      : isSame
        ? 'same clock'
        : `clock ${signed(pair.clock.offsetMs)} ± ${pair.clock.errorMs.toFixed(2)} ms`
  return markup`<td style="background:rgb(var(--heat)/${depth})">${formatMicroseconds(pair.p50)} / ${formatMicroseconds(pair.p99)}<small>${clock}</small></td>`
}

function signed(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${Math.abs(ms).toFixed(2)}`
}

function nodeSection(analysis: Analysis): Markup {
  if (analysis.byNode.length === 0) return noMarkup
  const rows = analysis.byNode.map(
    (series) => markup`<tr><td class="name">${series.name}</td>${rateCells(analysis, series)}</tr>`,
  )
  return markup`<section><h2>Nodes</h2><div class="scroll"><table><thead><tr><th>Node</th><th class="n">Sent</th><th class="n">Peak sent/s</th>
<th class="n">Delivered</th><th class="n">Peak delivered/s</th></tr></thead><tbody>${rows}</tbody></table></div></section>`
}

function rateCells(analysis: Analysis, series: ThroughputSeries): Markup {
  return markup`<td class="n">${formatCount(series.sentMessages)}</td><td class="n">${formatShort(peakRate(analysis, series.sent))}</td>
<td class="n">${formatCount(series.deliveredMessages)}</td><td class="n">${formatShort(peakRate(analysis, series.delivered))}</td>`
}

function topicSection(analysis: Analysis): Markup {
  const { topics } = analysis
  if (topics.length === 0) return noMarkup
  const row = ({ stream, topic, sentMessages, latency }: TopicRow): Markup => {
    const cells =
      latency === null ? markup`<td class="n few" colspan="7">not measured</td>` : latencyCells(latency)
    return markup`<tr><td class="name"><code>${topic}</code></td><td class="name">${stream}</td><td class="n">${formatCount(sentMessages)}</td>${cells}</tr>`
  }
  const more =
    topics.length <= topicRowsMax
      ? noMarkup
      : markup`<p class="note">${formatCount(topics.length - topicRowsMax)} more are in report.json.</p>`
  return markup`<section><h2>Topics</h2><div class="scroll"><table><thead><tr><th>Topic</th><th>Stream</th><th class="n">Sent</th>${latencyHeads}</tr></thead>
<tbody>${topics.slice(0, topicRowsMax).map(row)}</tbody></table></div>${more}</section>`
}

function peakRate(analysis: Analysis, counts: readonly number[]): number {
  return counts.reduce((peak, count) => Math.max(peak, count), 0) / (analysis.bucketMs / 1_000)
}
