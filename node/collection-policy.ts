// When V8 collects, where its own judgement does not fit a node.
// Under load: V8 collects everything after every seven or eight MiB that a small heap and what lies outside of it have grown by. A
// node that retains what flows through it grows all the time, and these collections find nothing; at 10,000 messages/s one came every
// four seconds, took fifteen milliseconds of both cores, and was most of the latency above p99.9. So a node with traffic may grow by
// more: about 32 MiB, by percents of the heap, against which V8 of Node 24 weighs what lies outside as well.
// In a flood: V8 starts no scavenge for what lies outside, and lets hundreds of megabytes of reads gather, which leave holes in the
// C library's memory. So a node scavenges by the bytes that come (docs/decisions/11-slabs.md).
// Quiet again: V8 collects when something is allocated. A node that has become quiet allocates nothing, and batches that
// retention has dropped would stay in memory until the next flood. So it collects, and not again before there is more to give back; once
// at rest, since loading modules leaves room for 16 MiB of young objects, which a collection takes back: 92 MB resident become 82.

import v8 from 'node:v8'
import vm from 'node:vm'

/** Memory beyond what is retained that a node may hold: the heap of a node at rest is half of it. */
const sparedBytesMax = 33_554_432
/** A second in which less than this came in is quiet: V8's own judgement then costs one collection in minutes. */
const quietBytesMax = 65_536
/** Quiet seconds in a row after which a node is at rest. */
const restSeconds = 5
/** Kept in one second, or since the last scavenge. Measured with 16 and 32 MiB: 218 and 240 MB resident after floods. */
const scavengeBytes = 16_777_216
/** Percent of growth between two collections below which V8's own judgement is no stricter. */
const growthPercentMin = 50
const growthPercentMax = 300

/** V8's controls; tests bring their own. */
export interface Collector {
  /** What lives on the heap. */
  heapBytes(): number
  /** That, and what lives outside of it on the heap's account: batches, and what was read from sockets. */
  heldBytes(): number
  /** Percent of the heap that heap and outside may grow by before the next full collection; 0 leaves it to V8. */
  setGrowth(percent: number): void
  /** Collects what is young and dead. */
  scavenge(): void
  /** Starts a full collection. */
  collect(): void
}

/** Decides once a second. */
export class CollectionPolicy {
  /** Taken in until the last second. */
  #lastInsertedBytes = 0
  /** Kept since the last scavenge that this started, or the last second. */
  #keptBytes = 0
  /** What the last collection of this quiet time left beyond what was retained. */
  #leftBytes = 0
  /** The last second started a collection. */
  #isCollected = false
  #quietSeconds = 0
  /** Whether a collection was started in this quiet time. */
  #hasCollected = false
  /** As it was set last. */
  #growthPercent = 0
  readonly #collector: Collector

  constructor(collector: Collector = new V8Collector()) {
    this.#collector = collector
  }

  /** So many bytes came that are kept, for however short. */
  onKept(bytes: number): void {
    this.#keptBytes += bytes
    if (this.#keptBytes < scavengeBytes) return
    this.#keptBytes = 0
    this.#collector.scavenge()
  }

  /** Once a second: `insertedBytes` were taken in over the node's life, `retainedBytes` are held now. */
  onSecond(insertedBytes: number, retainedBytes: number): void {
    const newBytes = insertedBytes - this.#lastInsertedBytes
    this.#lastInsertedBytes = insertedBytes
    this.#keptBytes = 0
    // A stream was removed, and what it had taken in is not counted any more.
    if (newBytes < 0) return
    if (newBytes < quietBytesMax) {
      this.#setGrowth(0)
      this.#quietSeconds++
      this.#giveBack(retainedBytes)
    } else {
      this.#quietSeconds = 0
      this.#hasCollected = false
      this.#setGrowth(toGrowthPercent(this.#collector.heapBytes()))
      this.#leftBytes = 0
    }
  }

  #setGrowth(percent: number): void {
    if (percent === this.#growthPercent) return
    this.#growthPercent = percent
    this.#collector.setGrowth(percent)
  }

  #giveBack(retainedBytes: number): void {
    const bytes = this.#collector.heldBytes() - retainedBytes
    // The second after a collection shows what it left; from there on only what comes on top counts.
    if (this.#isCollected) {
      this.#isCollected = false
      this.#leftBytes = bytes
    }
    const comesToRest = this.#quietSeconds === restSeconds && !this.#hasCollected
    if (!comesToRest && bytes < Math.max(0, this.#leftBytes) + sparedBytesMax) return
    this.#isCollected = true
    this.#hasCollected = true
    this.#collector.collect()
  }
}

/** Growth by the spared bytes, in steps of 50 % so that it seldom changes; 0 where that is less than V8 itself allows. */
function toGrowthPercent(heapBytes: number): number {
  const percent = 50 * Math.floor((2 * sparedBytesMax) / heapBytes)
  return percent < growthPercentMin ? 0 : Math.min(growthPercentMax, percent)
}

class V8Collector implements Collector {
  #exposed: Collect | undefined

  heapBytes(): number {
    return v8.getHeapStatistics().used_heap_size
  }

  heldBytes(): number {
    const { used_heap_size: heapBytes, external_memory: externalBytes } = v8.getHeapStatistics()
    return heapBytes + externalBytes
  }

  setGrowth(percent: number): void {
    v8.setFlagsFromString(`--heap-growing-percent=${percent}`)
  }

  scavenge(): void {
    this.#exposed ??= exposeCollection()
    this.#exposed({ type: 'minor', execution: 'sync' })
  }

  collect(): void {
    this.#exposed ??= exposeCollection()
    this.#exposed({ type: 'major', execution: 'async' })
  }
}

type Collect = (options: { type: 'minor' | 'major'; execution: 'sync' | 'async' }) => void

/** V8's own collector, which Node only shows where a flag says so. */
function exposeCollection(): Collect {
  v8.setFlagsFromString('--expose-gc')
  const collect: unknown = vm.runInNewContext('gc')
  v8.setFlagsFromString('--no-expose-gc')
  return typeof collect === 'function' ? (options) => collect(options) : () => undefined
}
