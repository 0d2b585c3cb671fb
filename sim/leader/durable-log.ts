// What the disk of one node says about its groups: the records of its durable writes, put together naively. The invariants
// believe this and the bytes on the wire, never what a node says about itself.

import { crc32 } from 'node:zlib'
import type { MembershipChange } from '../../node/core/raft/change.ts'
import type { Position } from '../../node/core/raft/entry.ts'
import { type HardState, initialHardState, type LogEntry } from '../../node/core/raft/entry.ts'
import { decodeRecords, type LogRecord } from '../../node/wire/log-records.ts'

/** A record that is of one group. */
export type GroupRecord = Exclude<LogRecord, { readonly kind: 'kept' }>

/** An entry as it is on disk. */
export interface DurableEntry {
  readonly index: number
  readonly term: number
  readonly data: Uint8Array
  readonly checksum: number
  readonly change: MembershipChange | undefined
}

/** What one disk has of one group. */
export class DurableGroup {
  /** Everything up to here stands in the floor. */
  floorIndex = 0
  floorTerm = 0
  /** By index, without a hole from behind the floor to `last`. */
  readonly entries: Map<number, DurableEntry> = new Map()
  last = 0
  hardState: HardState = initialHardState

  termAt(index: number): number | undefined {
    return index === this.floorIndex ? this.floorTerm : this.entries.get(index)?.term
  }

  /** Takes a record; returns the entries that it brought. */
  apply(record: GroupRecord): readonly DurableEntry[] {
    if (record.kind === 'hard-state') this.hardState = record.hardState
    else if (record.kind === 'floor') this.#setFloor(record.snapshot, true)
    else if (record.kind === 'snapshot') this.#setFloor(record.snapshot, false)
    else if (record.kind === 'entries') return this.#append(record.entries)
    return []
  }

  #append(entries: readonly LogEntry[]): DurableEntry[] {
    const first = entries[0]?.index
    if (first === undefined) return []
    for (let index = first; index <= this.last; index++) this.entries.delete(index)
    const taken = entries.map(({ index, term, data, change }) => {
      return { index, term, data: new Uint8Array(data), checksum: crc32(data), change }
    })
    for (const entry of taken) this.entries.set(entry.index, entry)
    this.last = first + entries.length - 1
    return taken
  }

  #setFloor({ index, term }: Position, isInLog: boolean): void {
    for (const at of this.entries.keys()) if (at <= index || !isInLog) this.entries.delete(at)
    this.last = isInLog ? this.last : index
    this.floorIndex = index
    this.floorTerm = term
  }
}

/** What one disk has of all groups. */
export class DurableLog {
  readonly groups: Map<number, DurableGroup> = new Map()

  group(id: number): DurableGroup {
    let group = this.groups.get(id)
    if (group === undefined) {
      group = new DurableGroup()
      this.groups.set(id, group)
    }
    return group
  }
}

/** What a write has. */
export function recordsOf(body: Uint8Array): readonly LogRecord[] {
  const records = decodeRecords(body)
  if (records === undefined) throw new Error('a write is no list of records')
  return records
}
