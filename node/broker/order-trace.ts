// A running hash over an unbroken stretch of the one order, as one subscription was handed it: subscriptions that were handed the same up
// to an offset have the same hash there. It costs the hot path a few additions a batch.
//
// A message is (origin, sequence, offset). Where the next offset has the next sequence of the same origin, nothing is added; where it has not,
// a number is that follows from all three. So the hash does not depend on where batches end. It is a sum, so that what was added between two
// offsets is the same for two subscriptions which began at different places.
//
// Subscriptions write at different moments and must find common offsets. So of all offsets since it wrote last, one writes the
// roundest: the one that the highest power of two divides. Whoever was handed 2^k messages or less between two lines writes every
// multiple of 2^k or a rounder one near it; and all write where they stand once nothing comes any more.

/** The hash over everything from `from` to `offset`. */
export interface OrderPoint {
  readonly from: number
  readonly offset: number
  readonly hash: number
}

export class OrderTrace {
  readonly epoch: number
  readonly #from: number
  /** Origin of the last message, and its offset less its sequence: the same for all that follow one another. */
  #boot = 0
  #shift = 0
  /** Sum of what was added, 32 bits. */
  #hash = 0
  /** Offset of the last message; `from` - 1 before the first. */
  #end: number
  /** The same when the last second ended. */
  #endBefore: number
  /** The last offset that was written. */
  #told: number
  /** The roundest offset since the last second ended, and the hash there; that end itself while there is none. */
  #round: number
  #roundHash = 0
  /** The next offset that is rounder. */
  #nextRound: number

  /** Begins in front of an offset. */
  constructor(epoch: number, from: number) {
    this.epoch = epoch
    this.#from = from
    this.#end = from - 1
    this.#endBefore = this.#end
    this.#told = this.#end
    this.#round = this.#end
    this.#nextRound = from
  }

  /** The offset that continues the stretch. */
  get next(): number {
    return this.#end + 1
  }

  /** The subscription was handed messages of one origin; `sequence` and `offset` are of the first one. */
  pass(boot: number, sequence: number, offset: number, count: number): void {
    const shift = offset - sequence
    if (boot !== this.#boot || shift !== this.#shift) {
      this.#boot = boot
      this.#shift = shift
      this.#hash = (this.#hash + mix(boot, sequence, offset)) >>> 0
    }
    this.#end = offset + count - 1
    if (this.#end >= this.#nextRound) this.#goRound()
  }

  /** A second has passed: what is to be written of it. */
  onSecond(): OrderPoint | undefined {
    if (this.#end === this.#endBefore) return this.finish()
    const point = { from: this.#from, offset: this.#round, hash: this.#roundHash }
    this.#told = this.#round
    this.#beginSecond()
    return point
  }

  /** The last point, if it is not written. */
  finish(): OrderPoint | undefined {
    if (this.#end === this.#told) return undefined
    this.#told = this.#end
    this.#beginSecond()
    return { from: this.#from, offset: this.#end, hash: this.#hash }
  }

  #beginSecond(): void {
    this.#endBefore = this.#end
    this.#round = this.#end
    this.#nextRound = this.#end + 1
  }

  /** What was handed last has a rounder offset than all before it: takes the roundest of them. */
  #goRound(): void {
    let offset = this.#end
    let size = 1
    for (;;) {
      while (offset % (size * 2) === 0) size *= 2
      if (offset - size <= this.#round) break
      offset -= size
    }
    this.#round = offset
    this.#roundHash = this.#hash
    this.#nextRound = offset + size
  }
}

/** A number of 32 bits that follows from the low halves of three, after the finalizer of MurmurHash3. */
function mix(boot: number, sequence: number, offset: number): number {
  let hash = Math.imul(boot ^ 0x9e3779b9, 0x85ebca6b)
  hash = Math.imul((hash ^ (hash >>> 15)) + sequence, 0xc2b2ae35)
  hash = Math.imul((hash ^ (hash >>> 13)) + offset, 0x27d4eb2f)
  return (hash ^ (hash >>> 16)) >>> 0
}
