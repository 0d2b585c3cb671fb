// Virtual time: a binary heap of events ordered by (time, number), so that two events of the same microsecond happen in
// the order in which they were scheduled and a run depends on nothing but its seed.

interface Scheduled {
  readonly time: number
  readonly number: number
  readonly run: () => void
}

export class Timeline {
  readonly #heap: Scheduled[] = []
  #number = 0
  /** Milliseconds since 1970, in whole microseconds. */
  now: number
  /** Events that have happened. */
  events = 0

  constructor(startMs: number) {
    this.now = startMs
  }

  /** Calls back after so many milliseconds of virtual time. */
  after(delayMs: number, run: () => void): void {
    this.at(this.now + Math.max(0, delayMs), run)
  }

  at(time: number, run: () => void): void {
    const rounded = Math.max(this.now, Math.round(time * 1000) / 1000)
    this.#push({ time: rounded, number: this.#number++, run })
  }

  /** Lets everything happen up to and including a time. */
  runUntil(time: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.time <= time; next = this.#heap[0]) {
      this.#pop()
      this.now = next.time
      this.events++
      next.run()
    }
    this.now = Math.max(this.now, time)
  }

  #push(item: Scheduled): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(item)
    while (index > 0) {
      const above = (index - 1) >>> 1
      const parent = heap[above] as Scheduled
      if (!isBefore(item, parent)) break
      heap[index] = parent
      index = above
    }
    heap[index] = item
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      let below = index * 2 + 1
      if (below >= heap.length) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, heap[below] as Scheduled)) below++
      const child = heap[below] as Scheduled
      if (!isBefore(child, last)) break
      heap[index] = child
      index = below
    }
    heap[index] = last
  }
}

function isBefore(left: Scheduled, right: Scheduled): boolean {
  return left.time < right.time || (left.time === right.time && left.number < right.number)
}
