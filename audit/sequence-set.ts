// A set of sequences as sorted, disjoint, never touching ranges in one flat array: [from, to, from, to, ...].
//
// Journals speak in runs, and so does every answer of the check; a set of a million consecutive sequences
// is two numbers here. Appending at the end is O(1), the operations on two sets are one merge over both.

/** A compact set of integers from 0 to 2^53-1. */
export class SequenceSet {
  /** Pairs of first and last member, ascending; between two pairs at least one integer is missing. */
  #bounds: number[] = []

  /** The set of one range, both ends included; empty when `to` is below `from`. */
  static range(from: number, to: number): SequenceSet {
    return new SequenceSet().add(from, to)
  }

  /** All members of all sets, by merging in pairs, so that many small sets cost n log n. */
  static unionOf(sets: readonly SequenceSet[]): SequenceSet {
    let level = sets
    while (level.length > 1) {
      const merged: SequenceSet[] = []
      for (let index = 0; index < level.length; index += 2) {
        const left = level[index] ?? emptySet
        const right = level[index + 1]
        merged.push(right === undefined ? left : left.union(right))
      }
      level = merged
    }
    return level[0] ?? emptySet
  }

  get isEmpty(): boolean {
    return this.#bounds.length === 0
  }

  /** The smallest member; undefined when empty. */
  get first(): number | undefined {
    return this.#bounds[0]
  }

  /** The largest member; undefined when empty. */
  get last(): number | undefined {
    return this.#bounds.at(-1)
  }

  /** The number of members. */
  get count(): number {
    let sum = 0
    for (const [from, to] of this.ranges()) sum += to - from + 1
    return sum
  }

  /** Every range in ascending order, both ends included. */
  *ranges(): Generator<readonly [from: number, to: number], void> {
    for (let at = 0; at < this.#bounds.length; at += 2) yield [this.#from(at), this.#to(at)]
  }

  has(sequence: number): boolean {
    const at = this.#firstEndingAtOrAfter(sequence)
    return at < this.#bounds.length && this.#from(at) <= sequence
  }

  /** Puts a range in, both ends included, and returns this set. */
  add(from: number, to: number): this {
    if (to < from) return this
    const bounds = this.#bounds
    const lastTo = bounds.at(-1)
    if (lastTo === undefined || from > lastTo + 1) {
      bounds.push(from, to)
      return this
    }
    // Touching counts as overlapping, so that 1-3 and 4-5 become 1-5.
    const start = this.#firstEndingAtOrAfter(from - 1)
    let end = start
    let low = from
    let high = to
    while (end < bounds.length && this.#from(end) <= to + 1) {
      low = Math.min(low, this.#from(end))
      high = Math.max(high, this.#to(end))
      end += 2
    }
    if (end === start + 2) {
      bounds[start] = low
      bounds[start + 1] = high
    } else {
      bounds.splice(start, end - start, low, high)
    }
    return this
  }

  /** Puts every member of another set in, and returns this set. */
  addAll(other: SequenceSet): this {
    if (other.#bounds.length <= 8) {
      for (const [from, to] of other.ranges()) this.add(from, to)
    } else {
      this.#bounds = this.union(other).#bounds
    }
    return this
  }

  /** The members of either set. */
  union(other: SequenceSet): SequenceSet {
    const result = new SequenceSet()
    let left = 0
    let right = 0
    while (left < this.#bounds.length || right < other.#bounds.length) {
      if (this.#from(left) <= other.#from(right)) {
        result.add(this.#from(left), this.#to(left))
        left += 2
      } else {
        result.add(other.#from(right), other.#to(right))
        right += 2
      }
    }
    return result
  }

  /** The members of both sets. */
  intersect(other: SequenceSet): SequenceSet {
    const result = new SequenceSet()
    const start = this.#bounds[0]
    if (start === undefined) return result
    let left = 0
    let right = other.#firstEndingAtOrAfter(start)
    while (left < this.#bounds.length && right < other.#bounds.length) {
      const from = Math.max(this.#from(left), other.#from(right))
      const to = Math.min(this.#to(left), other.#to(right))
      if (from <= to) result.#bounds.push(from, to)
      if (this.#to(left) < other.#to(right)) left += 2
      else right += 2
    }
    return result
  }

  /** The members of this set that the other lacks. */
  subtract(other: SequenceSet): SequenceSet {
    const result = new SequenceSet()
    const start = this.#bounds[0]
    if (start === undefined) return result
    let right = other.#firstEndingAtOrAfter(start)
    for (const [rangeFrom, to] of this.ranges()) {
      let from = rangeFrom
      while (right < other.#bounds.length && other.#from(right) <= to) {
        if (other.#from(right) > from) result.#bounds.push(from, other.#from(right) - 1)
        from = Math.max(from, other.#to(right) + 1)
        if (other.#to(right) > to) break
        right += 2
      }
      if (from <= to) result.#bounds.push(from, to)
    }
    return result
  }

  /** The members inside a window, both ends included; `to` may be Infinity. */
  within(from: number, to: number): SequenceSet {
    return this.intersect(SequenceSet.range(from, to))
  }

  /** The text form: "1-3,5"; the empty set is the empty text. */
  format(): string {
    const parts: string[] = []
    for (const [from, to] of this.ranges()) parts.push(from === to ? `${from}` : `${from}-${to}`)
    return parts.join(',')
  }

  /** Past the end the bounds read as Infinity, which no merge ever prefers. */
  #from(at: number): number {
    return this.#bounds[at] ?? Number.POSITIVE_INFINITY
  }

  #to(at: number): number {
    return this.#bounds[at + 1] ?? Number.POSITIVE_INFINITY
  }

  /** Index of the first range whose last member is not below `sequence`; the length when there is none. */
  #firstEndingAtOrAfter(sequence: number): number {
    let low = 0
    let high = this.#bounds.length / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#to(middle * 2) < sequence) low = middle + 1
      else high = middle
    }
    return low * 2
  }
}

/** Shared by everybody who needs nothing; never added to. */
const emptySet = new SequenceSet()
