// What a node holds of one origin's numbered batches, sorted by sequence. Appending at the end and dropping at
// the front are the common cases and cost O(1); a late batch is inserted by binary search. Batches never overlap: their
// borders are drawn once, by their origin.

import { assert } from '../common/assert.ts'
import type { Boot } from '../common/ids.ts'
import type { Entry, EntrySlot, NewEntry } from './entry.ts'
import { EntryArena, type EntryTable } from './entry-table.ts'

const compactAbove = 1024

export class OriginLog {
  /** Where the entries are, of this origin and of others. */
  readonly #table: EntryTable
  readonly #arena: EntryArena
  /** Slots in the order of their sequences. */
  #slots: EntrySlot[] = []
  /** Index of the oldest slot; what lies before it was dropped. */
  #head = 0

  constructor(table: EntryTable, boot: Boot) {
    this.#table = table
    this.#arena = new EntryArena(table, boot)
  }

  get length(): number {
    return this.#slots.length - this.#head
  }

  get first(): Entry | undefined {
    return this.#at(this.#head)
  }

  get last(): Entry | undefined {
    return this.#at(this.#slots.length - 1)
  }

  /** Whether some of from..to are held. */
  overlaps(from: number, to: number): boolean {
    const slot = this.#slots[this.#indexFrom(from)]
    return slot !== undefined && this.#table.from(slot) <= to
  }

  /** Inserts a batch of which no sequence is held yet. */
  insert(known: NewEntry): Entry {
    assert(!this.overlaps(known.from, known.to), 'batches never overlap')
    const entry = this.#arena.add(known)
    const index = this.#indexFrom(entry.from)
    if (index === this.#slots.length) this.#slots.push(entry.slot)
    else this.#slots.splice(index, 0, entry.slot)
    return entry
  }

  /** The entry that holds the sequence, or the first one after it; undefined if there is neither. */
  atOrAfter(sequence: number): Entry | undefined {
    return this.#at(this.#indexFrom(sequence))
  }

  /** Removes an entry, which is nearly always the oldest one; does nothing if it is not here any more. */
  remove({ slot, from }: Entry): void {
    if (this.#slots[this.#head] === slot) this.#head++
    else {
      const index = this.#indexFrom(from)
      if (this.#slots[index] !== slot) return
      this.#slots.splice(index, 1)
    }
    this.#table.leave(slot)
    if (this.#head > compactAbove && this.#head * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head)
      this.#head = 0
    }
  }

  /** Parts of from..to that are not held, ascending. */
  missing(from: number, to: number): { readonly from: number; readonly to: number }[] {
    const holes: { from: number; to: number }[] = []
    let next = from
    for (let index = this.#indexFrom(from); index < this.#slots.length && next <= to; index++) {
      const slot = this.#slots[index] as EntrySlot
      const start = this.#table.from(slot)
      if (start > next) holes.push({ from: next, to: Math.min(to, start - 1) })
      next = Math.max(next, this.#table.to(slot) + 1)
    }
    if (next <= to) holes.push({ from: next, to })
    return holes
  }

  /**
   * The highest sequence accepted before a time; `fallback` if there is none. Late batches may stand before older ones,
   * so this walks back from the end; it is asked about times not long ago.
   */
  lastBefore(time: number, fallback: number): number {
    for (let index = this.#slots.length - 1; index >= this.#head; index--) {
      const slot = this.#slots[index] as EntrySlot
      if (this.#table.acceptedAt(slot) < time) return this.#table.to(slot)
    }
    return fallback
  }

  #at(index: number): Entry | undefined {
    const slot = index < this.#head ? undefined : this.#slots[index]
    return slot === undefined ? undefined : this.#table.at(slot)
  }

  /** Index of the first entry whose end is at or after the sequence. */
  #indexFrom(sequence: number): number {
    let low = this.#head
    let high = this.#slots.length
    // Most look for what comes next, at the end.
    if (low < high && this.#table.to(this.#slots[high - 1] as EntrySlot) < sequence) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#table.to(this.#slots[middle] as EntrySlot) < sequence) low = middle + 1
      else high = middle
    }
    return low
  }
}
