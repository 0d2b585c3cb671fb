// The end of a group's log that is not known to be durable: what is to be written, and what is being written. The next write may
// begin before the one before it is done.

import { assert } from '../common/assert.ts'
import { countWithinBytes, type LogEntry, type Position, type Snapshot } from './entry.ts'

export class Unstable {
  #entries: LogEntry[] = []
  /** Index of the first of `#entries`. */
  #offset: number
  /** Entries below this are handed out to be written. */
  #handedTo: number
  #snapshot: Snapshot | undefined
  #isSnapshotHanded = false

  /** `offset`: index of the first entry that is not durable. */
  constructor(offset: number) {
    this.#offset = offset
    this.#handedTo = offset
  }

  get offset(): number {
    return this.#offset
  }

  /** A snapshot that is to replace the log, until it is durable. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  /** Last index here; undefined where everything is durable. */
  get lastIndex(): number | undefined {
    if (this.#entries.length > 0) return this.#offset + this.#entries.length - 1
    return this.#snapshot?.index
  }

  get hasEntries(): boolean {
    return this.#entries.length > 0
  }

  /** Whether there are entries that nobody writes yet. */
  get hasNextEntries(): boolean {
    return this.#handedTo < this.#offset + this.#entries.length
  }

  /** Entries that nobody writes yet. */
  get nextEntries(): readonly LogEntry[] {
    return this.#entries.slice(this.#handedTo - this.#offset)
  }

  /** A snapshot that nobody writes yet. */
  get nextSnapshot(): Snapshot | undefined {
    return this.#isSnapshotHanded ? undefined : this.#snapshot
  }

  termAt(index: number): number | undefined {
    if (index >= this.#offset) return this.#entries[index - this.#offset]?.term
    return this.#snapshot?.index === index ? this.#snapshot.term : undefined
  }

  /** Entries from..to, all of which are here: at most so many bytes, but at least one. */
  entries(from: number, to: number, bytesMax: number): readonly LogEntry[] {
    const start = from - this.#offset
    const count = countWithinBytes(this.#entries, start, to - this.#offset + 1, bytesMax)
    return this.#entries.slice(start, start + count)
  }

  /** Everything here is being written from now on. */
  onHanded(): void {
    this.#handedTo = this.#offset + this.#entries.length
    if (this.#snapshot !== undefined) this.#isSnapshotHanded = true
  }

  /** Everything up to a position is durable; nothing happens where another entry has taken its place meanwhile. */
  onDurable({ term, index }: Position): void {
    if (index < this.#offset || this.termAt(index) !== term) return
    this.#entries.splice(0, index + 1 - this.#offset)
    this.#offset = index + 1
    this.#handedTo = Math.max(this.#handedTo, this.#offset)
  }

  onSnapshotDurable(index: number): void {
    if (this.#snapshot?.index !== index) return
    this.#snapshot = undefined
    this.#isSnapshotHanded = false
  }

  /** A snapshot takes the place of the whole log. */
  restore(snapshot: Snapshot): void {
    this.#offset = snapshot.index + 1
    this.#handedTo = this.#offset
    this.#entries = []
    this.#snapshot = snapshot
    this.#isSnapshotHanded = false
  }

  /** Puts entries behind those here; from their first index on, what was here is replaced. */
  append(entries: readonly LogEntry[]): void {
    const from = entries[0]?.index
    if (from === undefined) return
    const end = this.#offset + this.#entries.length
    assert(from <= end, 'a log has no holes')
    if (from < this.#offset) this.#offset = from
    this.#entries.length = from - this.#offset
    for (const entry of entries) this.#entries.push(entry)
    // What is replaced was perhaps handed out; what replaces it was not.
    this.#handedTo = Math.max(this.#offset, Math.min(this.#handedTo, from))
  }
}
