// What a node holds of one origin's numbered batches, sorted by sequence. Appending at the end and dropping at
// the front are the common cases and cost O(1); a late batch is inserted by binary search. Batches never overlap: their
// borders are drawn once, by their origin.

import type { Boot } from '../common/ids.ts'

/** One retained batch. */
export interface Entry {
  readonly boot: Boot
  /** Sequences from..to, both included. */
  readonly from: number
  readonly to: number
  /** The batch frame; undefined once retention has dropped the entry. */
  frame: Uint8Array | undefined
  /** What the entry counts against retention. */
  readonly bytes: number
  /** When this node accepted it, milliseconds. */
  readonly at: number
  /** Bytes that the replica had taken in before this entry, over its whole life. */
  readonly offset: number
  /** Whether its origin wants to hear who holds it. */
  readonly confirm: boolean
  /** Whether it waits for a hole before it and counts as held back. */
  heldBack: boolean
  /** Whether it stands in the order in which retention drops. */
  isQueued: boolean
}

const compactAbove = 1024

export class OriginLog {
  #entries: Entry[] = []
  /** Index of the oldest entry; what lies before it was dropped. */
  #head = 0

  get length(): number {
    return this.#entries.length - this.#head
  }

  get first(): Entry | undefined {
    return this.#entries[this.#head]
  }

  get last(): Entry | undefined {
    return this.length === 0 ? undefined : this.#entries[this.#entries.length - 1]
  }

  /** Inserts an entry; false if some of its sequences are held already. */
  insert(entry: Entry): boolean {
    const last = this.last
    if (last === undefined || entry.from > last.to) {
      this.#entries.push(entry)
      return true
    }
    const index = this.#indexFrom(entry.from)
    const next = this.#entries[index]
    if (next !== undefined && next.from <= entry.to) return false
    this.#entries.splice(index, 0, entry)
    return true
  }

  /** The entry that holds the sequence, or the first one after it; undefined if there is neither. */
  atOrAfter(sequence: number): Entry | undefined {
    return this.#entries[this.#indexFrom(sequence)]
  }

  /** Removes an entry, which is nearly always the oldest one. */
  remove(entry: Entry): void {
    if (this.#entries[this.#head] === entry) this.#head++
    else {
      const index = this.#indexFrom(entry.from)
      if (this.#entries[index] === entry) this.#entries.splice(index, 1)
    }
    if (this.#head > compactAbove && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }

  /** Parts of from..to that are not held, ascending. */
  missing(from: number, to: number): { readonly from: number; readonly to: number }[] {
    const holes: { from: number; to: number }[] = []
    let next = from
    for (let index = this.#indexFrom(from); index < this.#entries.length && next <= to; index++) {
      const entry = this.#entries[index] as Entry
      if (entry.from > next) holes.push({ from: next, to: Math.min(to, entry.from - 1) })
      next = Math.max(next, entry.to + 1)
    }
    if (next <= to) holes.push({ from: next, to })
    return holes
  }

  /**
   * The highest sequence accepted before a time; `fallback` if there is none. Late batches may stand before older ones,
   * so this walks back from the end; it is asked about times not long ago.
   */
  lastBefore(time: number, fallback: number): number {
    for (let index = this.#entries.length - 1; index >= this.#head; index--) {
      const entry = this.#entries[index] as Entry
      if (entry.at < time) return entry.to
    }
    return fallback
  }

  /** Index of the first entry whose end is at or after the sequence. */
  #indexFrom(sequence: number): number {
    let low = this.#head
    let high = this.#entries.length
    const last = this.#entries[high - 1]
    if (last !== undefined && last.to < sequence) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#entries[middle] as Entry).to < sequence) low = middle + 1
      else high = middle
    }
    return low
  }
}
