// Latencies as HDR histograms per (stream, topic, sending node), for the journal's `latency` lines.
//
// A histogram covers 0 to 1 hour in microseconds with two significant digits (1 % error): 14 KB of 32-bit counters. At
// most 256 exist per topic, 256 more per (stream, node) with the topic `*`, and what does not fit there goes to
// (`*`, `*`, node): 8 MB in the worst case, and nothing is left out. Encoding one takes about 70 us, so that a
// tick writes only a few and the event loop never waits for all of them.
//
// The library takes 10 MB and 40 ms to load, so it is loaded when the first subscription comes (`prepare`), not with the
// first message, and not at all in a node that only keeps copies.

import { createRequire } from 'node:module'
import type { Histogram } from 'hdr-histogram-js'
import type { LatencyLine } from '../core/common/journal-lines.ts'
import { childMap } from './nested-map.ts'

/** Series that keep their topic; later topics share the topic `*`. */
const topicSeriesMax = 256
/** Series with the topic `*`; later streams share the stream `*`. */
const streamSeriesMax = 256
/** Lines of one tick: 32 encodings are 2 to 3 ms. */
const linesPerTickMax = 32
/** How often a series is written: short enough to see a minute's course, long enough to cost nothing. */
const intervalMs = 10_000
/** One hour; longer latencies count as one hour. */
const latencyUsMax = 3_600_000_000
const significantDigits = 2
const anyName = '*'

interface Series {
  readonly stream: string
  readonly topic: string
  readonly from: string
  readonly histogram: Histogram
  /** When the first value after the last line came. */
  readonly sinceMs: number
}

type HdrLibrary = typeof import('hdr-histogram-js')

export interface JournalLatencyOptions {
  readonly emit: (line: LatencyLine) => void
  readonly now: () => number
}

/** Collects latencies and emits them as lines. */
export class JournalLatency {
  readonly #emit: (line: LatencyLine) => void
  readonly #now: () => number
  /** stream -> topic -> sending node -> series, in the order in which they began. */
  readonly #series: Map<string, Map<string, Map<string, Series>>> = new Map()
  #topicSeries = 0
  #streamSeries = 0
  #last: Series | undefined

  constructor(options: JournalLatencyOptions) {
    this.#emit = options.emit
    this.#now = options.now
  }

  /** Loads the library, so that the first message does not wait for it. */
  prepare(): void {
    library()
  }

  /** `count` messages took so many microseconds from their intended sending to their delivery here. */
  record(stream: string, topic: string, fromNode: string, latencyUs: number, count: number): void {
    let series = this.#last
    if (
      series === undefined ||
      series.topic !== topic ||
      series.stream !== stream ||
      series.from !== fromNode
    ) {
      series = this.#find(stream, topic, fromNode)
      this.#last = series
    }
    // A clock behind the sender's makes latencies negative; they count as 0, and the `clock` lines tell by how much.
    const value = latencyUs <= 0 ? 0 : latencyUs >= latencyUsMax ? latencyUsMax : Math.round(latencyUs)
    series.histogram.recordValueWithCount(value, count)
  }

  /** Writes the series that are due, a few at a time. Called about once a second. */
  tick(): void {
    this.#write(this.#now() - intervalMs, linesPerTickMax)
  }

  /** Writes everything, at stop or before the journal is fetched. */
  flush(): void {
    this.#write(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
  }

  #find(stream: string, topic: string, from: string): Series {
    const known = this.#series.get(stream)?.get(topic)?.get(from)
    if (known !== undefined) return known
    if (topic !== anyName && this.#topicSeries >= topicSeriesMax) return this.#find(stream, anyName, from)
    const isShared = topic === anyName && stream !== anyName
    if (isShared && this.#streamSeries >= streamSeriesMax) return this.#find(anyName, anyName, from)
    if (topic !== anyName) this.#topicSeries++
    else if (isShared) this.#streamSeries++
    const series: Series = { stream, topic, from, histogram: newHistogram(), sinceMs: this.#now() }
    childMap(childMap(this.#series, stream), topic).set(from, series)
    return series
  }

  #write(untilMs: number, linesMax: number): void {
    const at = this.#now()
    let lines = 0
    for (const topics of this.#series.values()) {
      for (const nodes of topics.values()) {
        for (const series of nodes.values()) {
          if (lines >= linesMax) return
          if (series.sinceMs > untilMs) continue
          lines++
          this.#remove(series)
          this.#emit(toLine(series, at))
        }
      }
    }
  }

  /** A series that was written leaves its place to others; a topic that goes on gets a new one. */
  #remove(series: Series): void {
    const topics = this.#series.get(series.stream)
    const nodes = topics?.get(series.topic)
    nodes?.delete(series.from)
    if (nodes?.size === 0) topics?.delete(series.topic)
    if (topics?.size === 0) this.#series.delete(series.stream)
    if (series.topic !== anyName) this.#topicSeries--
    else if (series.stream !== anyName) this.#streamSeries--
    if (this.#last === series) this.#last = undefined
  }
}

let loaded: HdrLibrary | undefined

function library(): HdrLibrary {
  loaded ??= createRequire(import.meta.url)('hdr-histogram-js') as HdrLibrary
  return loaded
}

function newHistogram(): Histogram {
  return library().build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: latencyUsMax,
    numberOfSignificantValueDigits: significantDigits,
  })
}

function toLine(series: Series, at: number): LatencyLine {
  const { stream, topic, from, histogram } = series
  const hdr = library().encodeIntoCompressedBase64(histogram)
  return { t: 'latency', at, stream, topic, from, n: histogram.totalCount, hdr }
}
