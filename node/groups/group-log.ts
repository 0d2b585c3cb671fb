// The log of one group on this node, as it is in the files: what was recovered, and what has been handed to be written since. It keeps
// the entries in memory for whoever lacks them; what is older than its floor, the floor's state stands for.

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
import { EntryMemory } from './entry-memory.ts'

/** Entries in front of the first one that are not cut off the list yet. */
const compactAbove = 1024

export class GroupLog implements StableLog {
  hardState: HardState = initialHardState
  /** What stands for everything that is not here any more. */
  #floor: Snapshot
  #entries: LogEntry[] = []
  /** Where the first entry stands in the list. */
  #head = 0
  readonly #memory: EntryMemory
  /** In which write of the node's log the last floor and hard state are, and the entries from an index on. */
  #floorWrite = Number.POSITIVE_INFINITY
  #hardStateWrite = Number.POSITIVE_INFINITY
  #entryWrites: { readonly from: number; readonly write: number }[] = []
  #dataBytes = 0
  /** What was replaced, and may still be on its way to the disk. */
  #replaced: LogEntry[] = []
  /** What a floor stands for by now, and may still be on its way to another member. */
  #dropped: LogEntry[] = []

  /** An empty log behind a snapshot: at index 0, of a group that begins. */
  constructor(floor: Snapshot, memory: EntryMemory = new EntryMemory()) {
    this.#floor = floor
    this.#memory = memory
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

  /** Entries that it has, those that its floor keeps among them. */
  get count(): number {
    return this.#entries.length - this.#head + (this.#floor.kept?.length ?? 0)
  }

  /** Bytes of their data. */
  get dataBytes(): number {
    return this.#dataBytes
  }

  /** Bytes that a member is sent which lacks what is compacted. */
  get snapshotBytes(): number {
    const { data, kept = [] } = this.#floor
    return kept.reduce((sum, entry) => sum + entry.data.length, data.length)
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
    for (const entry of this.#entries.splice(length)) this.#leave(entry, this.#replaced)
    for (const entry of entries) {
      if (entry.data.length > 0) (entry as { data: Uint8Array }).data = this.#keep(entry.data)
      this.#entries.push(entry)
    }
  }

  /** Puts a snapshot in the place of everything. */
  restore(snapshot: Snapshot): void {
    for (const entry of this.#floor.kept ?? []) this.#leave(entry, this.#replaced)
    for (const entry of this.#entries.slice(this.#head)) this.#leave(entry, this.#replaced)
    this.#entries = []
    this.#head = 0
    this.#floor = withKept(
      snapshot,
      snapshot.kept?.map((entry) => this.#copyOf(entry)),
    )
  }

  /** Puts a snapshot of the same index in the place of the floor. */
  setFloor(snapshot: Snapshot): void {
    assert(snapshot.index === this.#floor.index, 'another floor for the same entries')
    this.#replaceFloor(snapshot, [])
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

  /** Forgets everything up to the floor's index but what it keeps: it stands for those entries from now on, which are durable and applied. */
  compact(floor: Snapshot): void {
    const count = floor.index - this.#floor.index
    assert(count >= 0 && this.termAt(floor.index) === floor.term, 'the floor is an entry of the log')
    const end = this.#head + count
    this.#replaceFloor(floor, this.#entries.slice(this.#head, end))
    this.#head = end
    if (this.#head > compactAbove && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }

  /** A floor in the place of the one before and of the entries behind it, but for those of them that it keeps. */
  #replaceFloor(floor: Snapshot, behind: readonly LogEntry[]): void {
    const before = [...(this.#floor.kept ?? []), ...behind]
    const known = new Map(floor.kept?.length ? before.map((entry) => [entry.index, entry]) : [])
    const kept = floor.kept?.map((entry) => known.get(entry.index) ?? this.#copyOf(entry))
    const stays = new Set(kept)
    for (const entry of before) if (!stays.has(entry)) this.#leave(entry, this.#dropped)
    this.#floor = withKept(floor, kept)
  }

  #leave(entry: LogEntry, list: LogEntry[]): void {
    this.#dataBytes -= entry.data.length
    list.push(entry)
  }

  #copyOf(entry: LogEntry): LogEntry {
    return { ...entry, data: this.#keep(entry.data) }
  }

  /** A copy also of what is too large for a slab: whoever proposed it may write to his own. */
  #keep(data: Uint8Array): Uint8Array {
    this.#dataBytes += data.length
    const kept = this.#memory.keep(data)
    return kept === data ? new Uint8Array(data) : kept
  }
}

/** The state is a copy: what it came in may be a frame, or a file, with everything that is kept. */
function withKept(snapshot: Snapshot, kept: readonly LogEntry[] | undefined): Snapshot {
  return kept === undefined ? snapshot : { ...snapshot, data: new Uint8Array(snapshot.data), kept }
}
