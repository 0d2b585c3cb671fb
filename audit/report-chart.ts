// The charts of the report as inline SVG: throughput as steps over time, latency over percentiles.
//
// Colours come from the style sheet by class, so that the same drawing serves light, dark and paper.

import type { Analysis, LatencyCurve, ThroughputSeries } from './analysis.ts'
import { type Markup, markup } from './markup.ts'
import { formatDuration, formatMicroseconds, formatShort } from './report-number.ts'

const width = 960
const height = 292
const plot = { left: 64, right: 948, top: 14, bottom: 244 } as const

/** A line of a chart. */
interface Line {
  readonly name: string
  readonly path: string
  /** Which of the colours; the same stream has the same one in every chart. */
  readonly colour: number
  readonly hasArea: boolean
}

/** What is drawn in the throughput chart: one series, either what was sent or what was delivered. */
export interface RateLine {
  readonly name: string
  readonly counts: readonly number[]
}

/** Sent and delivered messages per second of everything. */
export function totalLines(total: ThroughputSeries): readonly RateLine[] {
  return [
    { name: 'sent', counts: total.sent },
    { name: 'delivered', counts: total.delivered },
  ]
}

/** Messages per second over time. */
export function throughputChart(analysis: Analysis, series: readonly RateLine[], label: string): Markup {
  const seconds = analysis.bucketMs / 1_000
  const peak = peakOf(series) / seconds
  const top = niceCeiling(peak)
  const durationMs = (analysis.endsAt ?? 0) - (analysis.startsAt ?? 0)
  const y = (rate: number): number => plot.bottom - (rate / top) * (plot.bottom - plot.top)
  const lines = series.map(({ name, counts }, index) => ({
    name,
    path: stepPath(counts.map((count) => y(count / seconds))),
    colour: index,
    hasArea: index === 0 && series.length <= 2,
  }))
  const yTicks = [0, 1, 2, 3, 4].map((step) => ({
    at: y((top * step) / 4),
    text: formatShort((top * step) / 4),
  }))
  const stepMs = timeStepsMs.find((step) => durationMs / step <= timeTicksMax) ?? durationMs / timeTicksMax
  const xTicks: Tick[] = []
  for (let ms = 0; ms <= durationMs; ms += stepMs) {
    const at = plot.left + ((plot.right - plot.left) * ms) / Math.max(1, durationMs)
    xTicks.push({ at, text: ms === 0 ? '0' : formatDuration(ms) })
  }
  return frame({ label, lines, xTicks, yTicks, xTitle: 'time since the first message', yTitle: 'messages/s' })
}

/** More labels than this run into each other. */
const timeTicksMax = 8
/** Steps that people count time in: seconds, minutes, hours, days. */
const timeStepsMs: readonly number[] = [
  ...[1, 2, 5, 10, 20, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 20, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 4, 6, 12, 24].map((hours) => hours * 3_600_000),
]

/** Latency over percentiles, x = log10(1 / (1 - p)): every step to the right is ten times rarer. */
export function percentileChart(curves: readonly LatencyCurve[]): Markup {
  const values = curves.flatMap((curve) => curve.points.map((point) => Math.max(1, point[1])))
  const reach = Math.max(2, ...curves.flatMap((curve) => curve.points.map((point) => point[0])))
  const low = Math.floor(Math.log10(values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(values.reduce((a, b) => Math.max(a, b), 1))))
  const x = (at: number): number => plot.left + (at / reach) * (plot.right - plot.left)
  const y = (microseconds: number): number => {
    const share = (Math.log10(Math.max(1, microseconds)) - low) / (high - low)
    return plot.bottom - share * (plot.bottom - plot.top)
  }
  const lines = curves.map(({ name, points }, index) => ({
    name,
    // The first curve is that of everything, in grey; the streams follow in the order of the throughput chart.
    colour: index === 0 ? 5 : index - 1,
    path: points
      .map((point, index) => `${index === 0 ? 'M' : 'L'}${round(x(point[0]))} ${round(y(point[1]))}`)
      .join(''),
    hasArea: false,
  }))
  const xTicks = percentileTicks
    .filter(({ share }) => share <= reach + 1e-9)
    .map(({ share, text }) => ({ at: x(share), text }))
  const yTicks: Tick[] = []
  for (let power = low; power <= high; power++)
    yTicks.push({ at: y(10 ** power), text: formatMicroseconds(10 ** power) })
  return frame({
    label: 'Latency by percentile, on a logarithmic scale',
    lines,
    xTicks,
    yTicks,
    xTitle: 'percentile',
    yTitle: 'latency',
  })
}

const percentileTicks: readonly { readonly share: number; readonly text: string }[] = [
  { share: 0, text: '0' },
  { share: Math.log10(2), text: '50' },
  { share: 1, text: '90' },
  { share: 2, text: '99' },
  { share: 3, text: '99.9' },
  { share: 4, text: '99.99' },
  { share: 5, text: '99.999' },
]

interface Tick {
  readonly at: number
  readonly text: string
}

interface Frame {
  readonly label: string
  readonly lines: readonly Line[]
  readonly xTicks: readonly Tick[]
  readonly yTicks: readonly Tick[]
  readonly xTitle: string
  readonly yTitle: string
}

/** Grid, ticks, lines and legend. */
function frame({ label, lines, xTicks, yTicks, xTitle, yTitle }: Frame): Markup {
  const horizontal = yTicks.map(
    ({
      at,
      text,
    }) => markup`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${round(at)}" y2="${round(at)}"/>
<text x="${plot.left - 8}" y="${round(at + 4)}" text-anchor="end">${text}</text>`,
  )
  const vertical = xTicks.map(
    (
      { at, text },
      index,
    ) => markup`<line class="tick" x1="${round(at)}" x2="${round(at)}" y1="${plot.bottom}" y2="${plot.bottom + 5}"/>
<text x="${round(at)}" y="${plot.bottom + 20}" text-anchor="${index === xTicks.length - 1 ? 'end' : 'middle'}">${text}</text>`,
  )
  const drawn = lines.map(({ path, colour, hasArea }) => {
    const area =
      hasArea && path !== ''
        ? markup`<path class="area s${colour}" d="${path}V${plot.bottom}H${plot.left}Z"/>`
        : markup``
    return markup`${area}<path class="line s${colour}" d="${path}"/>`
  })
  const legend = lines.map(({ name, colour }) => markup`<li><i class="s${colour}"></i>${name}</li>`)
  return markup`<figure>
<ul class="legend">${legend}<li class="unit">${yTitle}</li></ul>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
${horizontal}${vertical}
<text x="${(plot.left + plot.right) / 2}" y="${height - 2}" text-anchor="middle">${xTitle}</text>
${drawn}
</svg>
</figure>`
}

/** Every bucket is a level stretch, so that a single bucket is visible too. */
function stepPath(levels: readonly number[]): string {
  const step = (plot.right - plot.left) / Math.max(1, levels.length)
  let path = ''
  let previous: number | undefined
  for (const [index, level] of levels.entries()) {
    const rounded = round(level)
    if (index === 0) path += `M${plot.left} ${rounded}`
    else if (rounded !== previous) path += `H${round(plot.left + index * step)}V${rounded}`
    previous = rounded
  }
  return path === '' ? '' : `${path}H${plot.right}`
}

/** The next of 1, 2, 4, 5, 8 times a power of ten: four even steps below it are round numbers. */
function niceCeiling(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 4, 5, 8, 10].find((factor) => factor * power >= value) ?? 10) * power
}

function peakOf(series: readonly RateLine[]): number {
  let peak = 0
  for (const { counts } of series) for (const count of counts) peak = Math.max(peak, count)
  return peak
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
