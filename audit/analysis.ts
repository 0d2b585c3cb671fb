// The outcome of the performance analysis: a plain JSON value. Latencies are in microseconds, times in milliseconds
// since 1970 by the clock of the node that wrote them.

/** Messages numbered and deliveries made, per bucket of `Analysis.bucketMs`, from `Analysis.startsAt` on. */
export interface ThroughputSeries {
  /** Of a stream, node or topic; '' for all together. */
  readonly name: string
  readonly sentMessages: number
  readonly deliveredMessages: number
  readonly sent: readonly number[]
  readonly delivered: readonly number[]
}

/** Percentiles of one merged histogram; a percentile beyond what the samples can tell is the maximum. */
export interface LatencySummary {
  readonly samples: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly p9999: number
  readonly max: number
}

/** Clock of the delivering node minus that of the sending one. */
export interface PairClock {
  readonly offsetMs: number
  readonly errorMs: number
}

/** From the intended time of sending to the delivery. */
export interface LatencyRow extends LatencySummary {
  readonly stream: string
  readonly topic: string
  /** The node of the origin. */
  readonly from: string
  /** The node that delivered. */
  readonly to: string
}

export interface PairLatency extends LatencySummary {
  readonly from: string
  readonly to: string
  /** Null when the two nodes never measured each other; zero between a node and itself. */
  readonly clock: PairClock | null
}

export interface NamedLatency extends LatencySummary {
  readonly name: string
}

/** One line of the percentile plot: latency at 1 - 10^-x. */
export interface LatencyCurve {
  readonly name: string
  /** Pairs of x = log10(1 / (1 - p)) and microseconds, ascending, as far as the samples reach. */
  readonly points: readonly (readonly [x: number, microseconds: number])[]
}

export interface TopicRow {
  readonly stream: string
  readonly topic: string
  readonly sentMessages: number
  /** Deliveries whose latency was measured; null when none was. */
  readonly latency: LatencySummary | null
}

/** Throughput and latency of everything that the journals tell. */
export interface Analysis {
  readonly schemaVersion: 1
  /** The beginning of the first bucket, and the end of the last one; null without any message. */
  readonly startsAt: number | null
  readonly endsAt: number | null
  readonly bucketMs: number
  readonly nodes: readonly string[]
  readonly total: ThroughputSeries
  readonly streams: readonly ThroughputSeries[]
  readonly byNode: readonly ThroughputSeries[]
  /** The busiest topics only; `topics` has them all. Deliveries are not journaled by topic: `delivered` is empty. */
  readonly byTopic: readonly ThroughputSeries[]
  readonly topics: readonly TopicRow[]
  /** Null when no latency was journaled. */
  readonly latency: LatencySummary | null
  readonly latencyByStream: readonly NamedLatency[]
  readonly latencyByPair: readonly PairLatency[]
  readonly latencyRows: readonly LatencyRow[]
  readonly curves: readonly LatencyCurve[]
  /** Lines whose histogram could not be read. */
  readonly damagedHistograms: number
}
