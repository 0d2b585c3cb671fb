// The log of one group on this node, as it is in the files: what was recovered, and what has been handed to be written since. It keeps
// the entries in memory for whoever lacks them; what is older than its floor, the floor's state stands for.

import { Arena } from '../core/common/arena.ts'
import { assert } from '../core/common/assert.ts'
import { letGo } from '../core/common/slabs.ts'
import type { ConfigurationRecord } from '../core/raft/configuration.ts'
import {
  countWithinBytes,
  type HardState,
  initialHardState,
  type LogEntry,
  type Snapshot,
} from '../core/raft/entry.ts'
import type { StableLog } from '../core/raft/stable-log.ts'
import type { LogRecord } from '../wire/log-records.ts'

/** Entries in front of the first one that are not cut off the list yet. */
const compactAbove = 1024

export class GroupLog implements StableLog {
  hardState: HardState = initialHardState
  /** What stands for everything that is not here any more. */
  #floor: Snapshot
  #entries: LogEntry[] = []
  /** Where the first entry stands in the list. */
  #head = 0
  readonly #arena: Arena
  /** In which write of the node's log the last floor and hard state are, and the entries from an index on. */
  #floorWrite = Number.POSITIVE_INFINITY
  #hardStateWrite = Number.POSITIVE_INFINITY
  #entryWrites: { readonly from: number; readonly write: number }[] = []
  /** What was replaced, and may still be on its way to the disk. */
  #replaced: LogEntry[] = []
  /** What a floor stands for by now, and may still be on its way to another member. */
  #dropped: LogEntry[] = []

  /** An empty log behind a snapshot: at index 0, of a group that begins. */
  constructor(floor: Snapshot, arena: Arena = new Arena()) {
    this.#floor = floor
    this.#arena = arena
  }

  get floor(): Snapshot {
    return this.#floor
  }

  /** The oldest write of the node's log that this group needs; infinite while it has none. */
  get oldestWrite(): number {
    const [first, second] = this.#entryWrites
    if (second !== undefined && second.from <= this.firstIndex) {
      this.#entryWrites = this.#entryWrites.slice(
        this.#entryWrites.findLastIndex(({ from }) => from <= this.firstIndex),
      )
      return this.oldestWrite
    }
    const entries =
      first === undefined || this.lastIndex < this.firstIndex ? Number.POSITIVE_INFINITY : first.write
    return Math.min(this.#floorWrite, this.#hardStateWrite, entries)
  }

  /** A record of this group is in a write of the node's log. */
  onWritten(record: LogRecord, write: number): void {
    if (record.kind === 'floor' || record.kind === 'snapshot') this.#floorWrite = write
    else if (record.kind === 'hard-state') this.#hardStateWrite = write
    else if (record.kind === 'entries') {
      const from = record.entries[0]?.index ?? 0
      while ((this.#entryWrites.at(-1)?.from ?? 0) >= from) this.#entryWrites.pop()
      this.#entryWrites.push({ from, write })
    }
  }

  get firstIndex(): number {
    return this.#floor.index + 1
  }

  get lastIndex(): number {
    return this.#floor.index + this.#entries.length - this.#head
  }

  initialState(): { readonly hardState: HardState; readonly configuration: ConfigurationRecord } {
    return { hardState: this.hardState, configuration: this.#floor.configuration }
  }

  termAt(index: number): number | undefined {
    return index === this.#floor.index ? this.#floor.term : this.at(index)?.term
  }

  /** An entry; undefined where it is not here any more, or not yet. */
  at(index: number): LogEntry | undefined {
    const place = index - this.firstIndex
    return place < 0 ? undefined : this.#entries[this.#head + place]
  }

  entries(from: number, to: number, bytesMax: number): readonly LogEntry[] {
    assert(from >= this.firstIndex && to <= this.lastIndex, 'only what is here is asked for')
    const start = this.#head + from - this.firstIndex
    const end = start + to - from + 1
    return this.#entries.slice(start, start + countWithinBytes(this.#entries, start, end, bytesMax))
  }

  snapshot(): Snapshot {
    return this.#floor
  }

  /**
   * Puts entries into the log, in place of everything from the first one's index on. From now on their data stands in memory of the log's
   * own: whoever has one of these entries sees that, and nothing else of it must be kept.
   */
  append(entries: readonly LogEntry[]): void {
    const first = entries[0]
    if (first === undefined) return
    assert(first.index >= this.firstIndex && first.index <= this.lastIndex + 1, 'a log has no holes')
    const length = this.#head + first.index - this.firstIndex
    for (let at = length; at < this.#entries.length; at++) this.#replaced.push(this.#entries[at] as LogEntry)
    this.#entries.length = length
    for (const entry of entries) {
      if (entry.data.length > 0) (entry as { data: Uint8Array }).data = this.#keep(entry.data)
      this.#entries.push(entry)
    }
  }

  /** Puts a snapshot in the place of everything. */
  restore(snapshot: Snapshot): void {
    for (let at = this.#head; at < this.#entries.length; at++)
      this.#replaced.push(this.#entries[at] as LogEntry)
    this.#entries = []
    this.#head = 0
    this.#floor = snapshot
  }

  /** Puts a snapshot of the same index in the place of the floor. */
  setFloor(snapshot: Snapshot): void {
    assert(snapshot.index === this.#floor.index, 'another floor for the same entries')
    this.#floor = snapshot
  }

  /** Everything that was handed to be written up to now is written: what was replaced before is read by nobody. */
  letGoOfReplaced(): void {
    for (const { data } of this.#replaced) letGo(data)
    this.#replaced = []
  }

  /** Everything that was to be sent when the floor was put in place is sent, as a copy. */
  letGoOfDropped(): void {
    for (const { data } of this.#dropped) letGo(data)
    this.#dropped = []
  }

  /** Forgets everything up to the floor's index, for which it stands from now on; those entries are durable and applied. */
  compact(floor: Snapshot): void {
    const count = floor.index - this.#floor.index
    assert(count >= 0 && this.termAt(floor.index) === floor.term, 'the floor is an entry of the log')
    for (let at = this.#head; at < this.#head + count; at++) {
      const entry = this.#entries[at]
      if (entry !== undefined) this.#dropped.push(entry)
    }
    this.#head += count
    this.#floor = floor
    if (this.#head > compactAbove && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }

  /** A copy also of what is too large for a slab: whoever proposed it may write to his own. */
  #keep(data: Uint8Array): Uint8Array {
    const kept = this.#arena.keep(data)
    return kept === data ? new Uint8Array(data) : kept
  }
}
