// The performance analysis: from journals to throughput over time and latency per stream, topic and node pair.

import type { Analysis, LatencyCurve, PairLatency, TopicRow } from './analysis.ts'
import { ClockTable } from './clock-table.ts'
import type { JournalEvent } from './journal-event.ts'
import { type JournalSink, type JournalText, readJournal } from './journal-reader.ts'
import { LatencyTable, summarize, toCurve } from './latency.ts'
import { mapEntry } from './map-entry.ts'
import { counterOf, SeriesCounter, timeAxis, toSeries } from './throughput.ts'

/** Topics with a series of their own over time; the table has all of them. */
const topicSeriesMax = 10
/** Lines of the percentile plot besides the one of everything. */
const curvesMax = 5

interface TopicCounter {
  readonly stream: string
  readonly topic: string
  readonly counter: SeriesCounter
}

/** Collects journals and analyzes them. */
export class PerformanceAnalysis {
  readonly #nodes = new Set<string>()
  readonly #clocks = new ClockTable()
  readonly #latency = new LatencyTable()
  readonly #total = new SeriesCounter()
  readonly #streams = new Map<string, SeriesCounter>()
  readonly #byNode = new Map<string, SeriesCounter>()
  readonly #topics = new Map<string, TopicCounter>()

  /** Where to feed the journal of a node. */
  openJournal(node: string): JournalSink {
    this.#nodes.add(node)
    return {
      onEvent: (event) => this.#onEvent(node, event),
      onHole: () => undefined,
      onRemoval: () => undefined,
    }
  }

  /** The analysis of everything that was fed. */
  finish(): Analysis {
    const axis = timeAxis(this.#total)
    const series = (counters: ReadonlyMap<string, SeriesCounter>): Analysis['streams'] =>
      [...counters]
        .map(([name, counter]) => toSeries(name, counter, axis))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    const busiest = [...this.#topics.values()].sort(
      (a, b) => b.counter.sent.messages - a.counter.sent.messages,
    )
    const all = this.#latency.groupBy(() => '').get('')
    const byStream = this.#latency.groupBy((row) => row.stream)
    return {
      schemaVersion: 1,
      startsAt: axis?.startsAt ?? null,
      endsAt: axis === undefined ? null : axis.startsAt + axis.buckets * axis.bucketMs,
      bucketMs: axis?.bucketMs ?? 1_000,
      nodes: [...this.#nodes].sort(),
      total: toSeries('', this.#total, axis),
      streams: series(this.#streams),
      byNode: series(this.#byNode),
      byTopic: busiest.slice(0, topicSeriesMax).map(({ topic, counter }) => toSeries(topic, counter, axis)),
      topics: this.#topicRows(busiest),
      latency: all === undefined ? null : summarize(all),
      latencyByStream: [...byStream].map(([name, histogram]) => ({ name, ...summarize(histogram) })),
      latencyByPair: this.#pairs(),
      latencyRows: [...this.#latency.rows()].sort((a, b) => b.p99 - a.p99),
      curves: this.#curves(),
      damagedHistograms: this.#latency.damagedHistograms,
    }
  }

  #onEvent(node: string, event: JournalEvent): void {
    if (event.t === 'sent') this.#onSent(node, event)
    else if (event.t === 'got') this.#onGot(node, event)
    else if (event.t === 'latency') this.#latency.add(event, node)
    else if (event.t === 'clock') this.#clocks.add(node, event.peer, event)
  }

  #onSent(node: string, event: JournalEvent & { readonly t: 'sent' }): void {
    const count = event.to - event.from + 1
    for (const counter of [
      this.#total,
      counterOf(this.#streams, event.stream),
      counterOf(this.#byNode, node),
    ]) {
      counter.sent.add(count, event.first, event.last)
    }
    const counts = new Map<string, number>()
    for (const run of event.topics) counts.set(run.topic, (counts.get(run.topic) ?? 0) + run.count)
    for (const [topic, messages] of counts) {
      const { counter } = mapEntry(this.#topics, topicKey(event.stream, topic), () => {
        return { stream: event.stream, topic, counter: new SeriesCounter() }
      })
      counter.sent.add(messages, event.first, event.last)
    }
  }

  #onGot(node: string, event: JournalEvent & { readonly t: 'got' }): void {
    let count = 0
    for (const [from, to] of event.ranges) count += to - from + 1
    for (const counter of [
      this.#total,
      counterOf(this.#streams, event.stream),
      counterOf(this.#byNode, node),
    ]) {
      counter.delivered.add(count, event.first, event.last)
    }
  }

  #topicRows(busiest: readonly TopicCounter[]): readonly TopicRow[] {
    const latencies = this.#latency.groupBy((row) => topicKey(row.stream, row.topic))
    const rows = busiest.map(({ stream, topic, counter }): TopicRow => {
      const histogram = latencies.get(topicKey(stream, topic))
      const latency = histogram === undefined ? null : summarize(histogram)
      return { stream, topic, sentMessages: counter.sent.messages, latency }
    })
    // Delivered here and sent by nodes whose journal is missing, or merged by a node under the topic `*`.
    const listed = new Set(this.#topics.keys())
    for (const { stream, topic } of this.#latency.rows()) {
      const key = topicKey(stream, topic)
      const histogram = latencies.get(key)
      if (histogram === undefined || listed.has(key)) continue
      listed.add(key)
      rows.push({ stream, topic, sentMessages: 0, latency: summarize(histogram) })
    }
    return rows
  }

  #pairs(): readonly PairLatency[] {
    const pairs = new Map<string, { readonly from: string; readonly to: string }>()
    const histograms = this.#latency.groupBy(({ from, to }) => {
      const key = JSON.stringify([from, to])
      pairs.set(key, { from, to })
      return key
    })
    const rows: PairLatency[] = []
    for (const [key, { from, to }] of pairs) {
      const histogram = histograms.get(key)
      const clock = this.#clocks.between(from, to) ?? null
      if (histogram !== undefined) rows.push({ from, to, ...summarize(histogram), clock })
    }
    return rows.sort((a, b) => (a.from === b.from ? (a.to < b.to ? -1 : 1) : a.from < b.from ? -1 : 1))
  }

  #curves(): readonly LatencyCurve[] {
    const all = this.#latency.groupBy(() => '').get('')
    if (all === undefined) return []
    const delivered = (stream: string): number => this.#streams.get(stream)?.delivered.messages ?? 0
    const streams = [...this.#latency.groupBy((row) => row.stream)].sort(
      (a, b) => delivered(b[0]) - delivered(a[0]),
    )
    const named = streams.length < 2 ? [] : streams.slice(0, curvesMax)
    return [toCurve('all streams', all), ...named.map(([name, histogram]) => toCurve(name, histogram))]
  }
}

/** Analyzes journals that are held in memory. */
export function analyzeJournals(journals: readonly JournalText[]): Analysis {
  const analysis = new PerformanceAnalysis()
  for (const journal of journals) readJournal(journal, [analysis.openJournal(journal.node)])
  return analysis.finish()
}

function topicKey(stream: string, topic: string): string {
  return JSON.stringify([stream, topic])
}
