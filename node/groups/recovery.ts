// What the groups of a node had written, put together again from the records of its log, in their order.

import { emptyConfiguration } from '../core/raft/configuration.ts'
import { type LogEntry, noData, type Snapshot } from '../core/raft/entry.ts'
import type { LogRecord } from '../wire/log-records.ts'
import { EntryMemory } from './entry-memory.ts'
import { GroupLog } from './group-log.ts'

/** The beginning of a group that nobody has ever been in. */
export const emptyFloor: Snapshot = { index: 0, term: 0, configuration: emptyConfiguration, data: noData }

/** Of what was in a file that is gone. */
const unknownTerm = -1

export class GroupRecovery {
  readonly logs: Map<number, GroupLog> = new Map()
  readonly #newMemory: () => EntryMemory
  readonly #incomplete = new Set<number>()
  /** The last floor of every group, or the snapshot that has replaced everything. */
  readonly #floors = new Map<number, Snapshot>()
  #keptFrom = 1

  constructor(newMemory: () => EntryMemory = () => new EntryMemory()) {
    this.#newMemory = newMemory
  }

  /** The oldest write that is needed; the log may begin there. */
  get keptFrom(): number {
    return this.#keptFrom
  }

  /** Groups of which something is not there that nothing later stands for. */
  get incomplete(): readonly number[] {
    return [...this.#incomplete]
  }

  /** Takes the records of the next write. */
  onRecords(records: readonly LogRecord[], write: number): void {
    for (const record of records) {
      if (record.kind === 'kept') {
        this.#keptFrom = record.from
        continue
      }
      const log = this.#logOf(record.group)
      if (record.kind === 'entries') this.#append(record.group, log, record.entries)
      else if (record.kind === 'hard-state') log.hardState = record.hardState
      else if (record.kind === 'floor') this.#putFloor(record.group, log, record.snapshot)
      else this.#restore(record.group, log, record.snapshot)
      log.onWritten(record, write)
      log.letGoOfReplaced()
      log.letGoOfDropped()
    }
  }

  /** Where files were dropped, entries may begin anywhere: a later floor stands for what was before them. */
  #append(group: number, log: GroupLog, entries: readonly LogEntry[]): void {
    const [first] = entries
    if (first === undefined) return
    if (first.index < log.firstIndex || first.index > log.lastIndex + 1) {
      this.#incomplete.add(group)
      log.restore({ ...emptyFloor, index: first.index - 1, term: unknownTerm })
    }
    log.append(entries)
    // What follows the last floor may have been written again behind it.
    const floor = this.#floors.get(group)
    if (this.#incomplete.has(group) && floor !== undefined && floor.index <= log.lastIndex)
      this.#putFloor(group, log, floor)
  }

  /** A floor below where the entries here begin is old news: a later one stands for those before them. */
  #putFloor(group: number, log: GroupLog, floor: Snapshot): void {
    this.#floors.set(group, floor)
    if (floor.index < log.floor.index) return
    if (floor.index > log.lastIndex) return this.#restore(group, log, floor)
    this.#incomplete.delete(group)
    if (floor.index === log.floor.index) log.setFloor(floor)
    else log.compact(floor)
  }

  #restore(group: number, log: GroupLog, snapshot: Snapshot): void {
    this.#floors.set(group, snapshot)
    this.#incomplete.delete(group)
    log.restore(snapshot)
  }

  #logOf(group: number): GroupLog {
    const known = this.logs.get(group)
    if (known !== undefined) return known
    const log = new GroupLog(emptyFloor, this.#newMemory())
    this.logs.set(group, log)
    return log
  }
}
