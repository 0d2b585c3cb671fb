// Messages per second from runs: the messages of a run are spread evenly over its first..last time.

import type { ThroughputSeries } from './analysis.ts'
import { mapEntry } from './map-entry.ts'
import { countUntil } from './timed-runs.ts'

/** Buckets of one second while counting. */
const countedBucketMs = 1_000
/** Buckets of a result; longer histories get wider buckets, so that a report stays a page and not a book. */
const bucketsMax = 3_600
/** A run that claims to last longer than this has a wrong clock: all of it counts at its end. */
const runBucketsMax = 3_600

/** Counts per second, sparse. */
class Buckets {
  readonly counts: Map<number, number> = new Map()
  messages = 0

  /** `count` messages between `first` and `last`. */
  add(count: number, first: number, last: number): void {
    this.messages += count
    const lastBucket = Math.floor(last / countedBucketMs)
    const firstBucket = Math.floor(Math.min(first, last) / countedBucketMs)
    const begin = lastBucket - firstBucket > runBucketsMax ? lastBucket : firstBucket
    let before = 0
    for (let bucket = begin; bucket < lastBucket; bucket++) {
      // The bucket ends right before the next one begins.
      const until = countUntil((bucket + 1) * countedBucketMs - 1e-3, count, first, last)
      this.#put(bucket, until - before)
      before = until
    }
    this.#put(lastBucket, count - before)
  }

  #put(bucket: number, count: number): void {
    if (count > 0) this.counts.set(bucket, (this.counts.get(bucket) ?? 0) + count)
  }
}

/** What was sent and delivered under one name. */
export class SeriesCounter {
  readonly sent: Buckets = new Buckets()
  readonly delivered: Buckets = new Buckets()
}

/** The buckets that all series of a result share. */
export interface TimeAxis {
  readonly startsAt: number
  readonly bucketMs: number
  readonly buckets: number
}

/** The axis that covers everything counted; undefined when nothing was. */
export function timeAxis(counter: SeriesCounter): TimeAxis | undefined {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const { counts } of [counter.sent, counter.delivered]) {
    for (const bucket of counts.keys()) {
      first = Math.min(first, bucket)
      last = Math.max(last, bucket)
    }
  }
  if (first > last) return undefined
  const seconds = last - first + 1
  const width = Math.ceil(seconds / bucketsMax)
  return {
    startsAt: first * countedBucketMs,
    bucketMs: width * countedBucketMs,
    buckets: Math.ceil(seconds / width),
  }
}

/** One series on the axis. */
export function toSeries(name: string, counter: SeriesCounter, axis: TimeAxis | undefined): ThroughputSeries {
  return {
    name,
    sentMessages: counter.sent.messages,
    deliveredMessages: counter.delivered.messages,
    sent: axis === undefined ? [] : toArray(counter.sent, axis),
    delivered: axis === undefined || counter.delivered.messages === 0 ? [] : toArray(counter.delivered, axis),
  }
}

/** The counter of a name. */
export function counterOf(counters: Map<string, SeriesCounter>, name: string): SeriesCounter {
  return mapEntry(counters, name, () => new SeriesCounter())
}

function toArray(buckets: Buckets, axis: TimeAxis): readonly number[] {
  const array = new Array<number>(axis.buckets).fill(0)
  for (const [bucket, count] of buckets.counts) {
    const index = Math.floor((bucket * countedBucketMs - axis.startsAt) / axis.bucketMs)
    array[index] = (array[index] ?? 0) + count
  }
  return array
}
