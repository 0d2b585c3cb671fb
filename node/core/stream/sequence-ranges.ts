// A set of sequences as sorted ranges that neither overlap nor touch. It stands for what is gone from an origin's log, which is
// one range from the first message on unless repair came in an odd order.

/** First and last member of consecutive sequences. */
export interface SequenceRange {
  readonly from: number
  readonly to: number
}

/** Beyond so many ranges the two lowest become one: what lies between them is so old that it counts as gone too. */
export const sequenceRangesMax = 64

export class SequenceRanges {
  #ranges: SequenceRange[] = []

  /** The highest member; 0 if there is none. */
  get last(): number {
    return this.#ranges[this.#ranges.length - 1]?.to ?? 0
  }

  /** How many ranges there are. */
  get size(): number {
    return this.#ranges.length
  }

  add(from: number, to: number): void {
    const ranges = this.#ranges
    const last = ranges[ranges.length - 1]
    if (last !== undefined && from > last.from && from <= last.to + 1) {
      // The common case: retention drops what follows.
      if (to > last.to) ranges[ranges.length - 1] = { from: last.from, to }
      return
    }
    const below = ranges.filter((range) => range.to < from - 1)
    const above = ranges.filter((range) => range.from > to + 1)
    const touched = ranges.slice(below.length, ranges.length - above.length)
    const start = Math.min(from, touched[0]?.from ?? from)
    const end = Math.max(to, touched[touched.length - 1]?.to ?? to)
    this.#ranges = [...below, { from: start, to: end }, ...above]
    const [lowest, next] = this.#ranges
    if (this.#ranges.length > sequenceRangesMax && lowest !== undefined && next !== undefined) {
      this.#ranges.splice(0, 2, { from: lowest.from, to: next.to })
    }
  }

  has(sequence: number): boolean {
    return this.endAt(sequence) !== undefined
  }

  /** The end of the range that holds a sequence; undefined if none does. */
  endAt(sequence: number): number | undefined {
    for (let index = this.#ranges.length - 1; index >= 0; index--) {
      const range = this.#ranges[index] as SequenceRange
      if (range.from <= sequence) return range.to >= sequence ? range.to : undefined
    }
    return undefined
  }

  /** The parts of a range that are not members, ascending. */
  without(range: SequenceRange): SequenceRange[] {
    const rest: SequenceRange[] = []
    let next = range.from
    for (const { from, to } of this.#ranges) {
      if (to < next) continue
      if (from > range.to) break
      if (from > next) rest.push({ from: next, to: from - 1 })
      next = to + 1
    }
    if (next <= range.to) rest.push({ from: next, to: range.to })
    return rest
  }
}
