// Operations that have not taken effect yet, in the order of calls and in the order of returns: two linked lists over indexes. What
// was taken last is put back first, so that its neighbours are those that it had.

/** When an operation is called, and when it returns at the latest. */
export interface Interval {
  readonly calledAt: number
  readonly returnedAt: number
}

export class TimeList {
  readonly #intervals: readonly Interval[]
  readonly #calls: Links
  readonly #returns: Links

  /** In the order of calls. */
  constructor(intervals: readonly Interval[]) {
    const indexes = Array.from(intervals.keys())
    const returnOf = (index: number): number => intervals[index]?.returnedAt ?? 0
    this.#intervals = intervals
    this.#calls = new Links(indexes)
    this.#returns = new Links(indexes.toSorted((a, b) => returnOf(a) - returnOf(b)))
  }

  get isEmpty(): boolean {
    return this.first === this.#intervals.length
  }

  /** The one called first; the number of all where none is left. */
  get first(): number {
    return this.#calls.after(this.#intervals.length)
  }

  /** The one called next; the number of all at the end. */
  after(index: number): number {
    return this.#calls.after(index)
  }

  /** When the first one of those left returns. What is called later cannot come before it. */
  get firstReturn(): number {
    const index = this.#returns.after(this.#intervals.length)
    return this.#intervals[index]?.returnedAt ?? Number.POSITIVE_INFINITY
  }

  take(index: number): void {
    this.#calls.remove(index)
    this.#returns.remove(index)
  }

  putBack(index: number): void {
    this.#calls.restore(index)
    this.#returns.restore(index)
  }
}

/** A ring of indexes; the number of all stands for both ends. */
class Links {
  readonly #next: Int32Array
  readonly #previous: Int32Array

  constructor(order: readonly number[]) {
    this.#next = new Int32Array(order.length + 1)
    this.#previous = new Int32Array(order.length + 1)
    let last = order.length
    for (const index of [...order, order.length]) {
      this.#join(last, index)
      last = index
    }
  }

  after(index: number): number {
    return this.#next[index] ?? 0
  }

  remove(index: number): void {
    this.#join(this.#previous[index] ?? 0, this.after(index))
  }

  restore(index: number): void {
    this.#next[this.#previous[index] ?? 0] = index
    this.#previous[this.after(index)] = index
  }

  #join(before: number, after: number): void {
    this.#next[before] = after
    this.#previous[after] = before
  }
}
