// What `herald analyze` shows in a terminal: the verdict, and a line a stream. The rest is in the files that it writes.

import type { Analysis, ThroughputSeries } from '../../audit/analysis.ts'
import type { CheckResult } from '../../audit/check-result.ts'
import { verdictText } from '../../audit/check-text.ts'
import { formatMicroseconds, formatShort } from '../../audit/report-number.ts'
import { showCount, sum } from '../cli/numbers.ts'
import { toTable } from '../cli/table.ts'

/** Streams that are shown, the busiest first. */
const rowsMax = 10

/** The summary, line by line. */
export function toAnalysisLines(analysis: Analysis, check: CheckResult): readonly string[] {
  const busiest = analysis.streams.toSorted((a, b) => b.deliveredMessages - a.deliveredMessages)
  const lines = [verdictText(check)]
  if (busiest.length === 0) return lines
  const latencies = new Map(analysis.latencyByStream.map((latency) => [latency.name, latency]))
  const rows = busiest.slice(0, rowsMax).map((series) => {
    const latency = latencies.get(series.name)
    return [
      printable(series.name),
      showCount(series.sentMessages),
      showCount(series.deliveredMessages),
      ...toRates(series, analysis.bucketMs).map(formatShort),
      ...(latency === undefined ? ['-', '-'] : [latency.p50, latency.p99].map(formatMicroseconds)),
    ]
  })
  lines.push(
    '',
    ...toTable(['STREAM', '>SENT', '>DELIVERED', '>DELIVERED/S', '>PEAK/S', '>P50', '>P99'], rows),
  )
  if (busiest.length > rowsMax) lines.push(`… and ${busiest.length - rowsMax} more streams`)
  return lines
}

/** Deliveries a second: the mean over the buckets that have any, so that idle times do not count, and the best bucket. */
function toRates({ delivered }: ThroughputSeries, bucketMs: number): readonly [mean: number, peak: number] {
  const busy = delivered.filter((count) => count > 0)
  if (busy.length === 0) return [0, 0]
  const peak = busy.reduce((highest, count) => Math.max(highest, count))
  return [sum(busy) / busy.length / (bucketMs / 1000), peak / (bucketMs / 1000)]
}

/** A journal must not be able to write to the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
