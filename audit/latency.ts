// Latency from the histograms in `latency` lines: percentiles cannot be averaged, histograms can be added.

import { build, decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { LatencyCurve, LatencyRow, LatencySummary } from './analysis.ts'
import type { JournalEvent } from './journal-event.ts'
import { mapEntry } from './map-entry.ts'

/** Combinations of stream, topic, sender and deliverer that are kept apart: a histogram takes 20 to 200 KB. */
const rowsMax = 1_000
/** Where the combinations beyond `rowsMax` go. */
const otherTopics = '(other topics)'
/** Characters of one encoded histogram; a wide one at three digits has 17 KB. */
const encodedLengthMax = 256 * 1024
/** One hour, as far as a node's own histograms reach; longer values make the histogram grow. */
const latencyMicrosecondsMax = 3_600_000_000

interface Row {
  readonly stream: string
  readonly topic: string
  readonly from: string
  readonly to: string
  readonly histogram: Histogram
}

/** Merges latency lines by stream, topic, sending and delivering node. */
export class LatencyTable {
  readonly #rows = new Map<string, Row>()
  damagedHistograms = 0

  /** A `latency` line in the journal of node `to`. */
  add(event: JournalEvent & { readonly t: 'latency' }, to: string): void {
    const histogram = tryDecode(event.hdr)
    if (histogram === undefined) this.damagedHistograms++
    else this.#row(event.stream, event.topic, event.from, to, histogram).histogram.add(histogram)
  }

  rows(): readonly LatencyRow[] {
    return [...this.#rows.values()].map(({ stream, topic, from, to, histogram }) => {
      return { stream, topic, from, to, ...summarize(histogram) }
    })
  }

  /** One histogram for each key that `keyOf` gives. */
  groupBy(keyOf: (row: Omit<Row, 'histogram'>) => string): ReadonlyMap<string, Histogram> {
    const groups = new Map<string, Histogram>()
    for (const row of this.#rows.values())
      mapEntry(groups, keyOf(row), () => emptyLike(row.histogram)).add(row.histogram)
    return groups
  }

  #row(stream: string, topic: string, from: string, to: string, first: Histogram): Row {
    const key = JSON.stringify([stream, topic, from, to])
    const known = this.#rows.get(key)
    if (known !== undefined) return known
    if (this.#rows.size >= rowsMax && topic !== otherTopics)
      return this.#row(stream, otherTopics, from, to, first)
    return mapEntry(this.#rows, key, () => ({ stream, topic, from, to, histogram: emptyLike(first) }))
  }
}

export function summarize(histogram: Histogram): LatencySummary {
  return {
    samples: histogram.totalCount,
    p50: histogram.getValueAtPercentile(50),
    p90: histogram.getValueAtPercentile(90),
    p99: histogram.getValueAtPercentile(99),
    p999: histogram.getValueAtPercentile(99.9),
    p9999: histogram.getValueAtPercentile(99.99),
    max: histogram.maxValue,
  }
}

/** The percentile curve up to where at least one sample lies beyond. */
export function toCurve(name: string, histogram: Histogram): LatencyCurve {
  const points: (readonly [number, number])[] = []
  const reach = Math.min(5, Math.log10(Math.max(1, histogram.totalCount)))
  for (let step = 0; step / 20 <= reach; step++) {
    const x = step / 20
    points.push([x, histogram.getValueAtPercentile(100 * (1 - 10 ** -x))])
  }
  return { name, points }
}

/**
 * Of the same precision and range as `like`, so that adding is exact: journals of one cluster share them. A histogram
 * that asks for more than any node writes gets less, because a thousand of its size would not fit into memory.
 */
function emptyLike(like: Histogram): Histogram {
  return build({
    bitBucketSize: 64,
    autoResize: true,
    highestTrackableValue: Math.max(2, Math.min(like.highestTrackableValue, latencyMicrosecondsMax)),
    numberOfSignificantValueDigits: like.numberOfSignificantValueDigits === 2 ? 2 : 3,
  })
}

/** The bytes come from a file: whatever is wrong with them must not end the analysis. */
function tryDecode(encoded: string): Histogram | undefined {
  if (encoded.length > encodedLengthMax) return undefined
  try {
    return decodeFromCompressedBase64(encoded, 64)
  } catch {
    return undefined
  }
}
