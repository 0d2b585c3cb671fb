// What the groups of a node had written, put together again from the records of its log, in their order.

import { Arena } from '../core/common/arena.ts'
import { emptyConfiguration } from '../core/raft/configuration.ts'
import { noData, type Snapshot } from '../core/raft/entry.ts'
import type { LogRecord } from '../wire/log-records.ts'
import { GroupLog } from './group-log.ts'

/** The beginning of a group that nobody has ever been in. */
export const emptyFloor: Snapshot = { index: 0, term: 0, configuration: emptyConfiguration, data: noData }

export class GroupRecovery {
  readonly logs: Map<number, GroupLog> = new Map()
  readonly #newArena: () => Arena

  constructor(newArena: () => Arena = () => new Arena()) {
    this.#newArena = newArena
  }

  /** Takes the records of the next write. */
  onRecords(records: readonly LogRecord[]): void {
    for (const record of records) {
      const log = this.#logOf(record.group)
      if (record.kind === 'entries') log.append(record.entries)
      else if (record.kind === 'hard-state') log.hardState = record.hardState
      else if (log.termAt(record.snapshot.index) === record.snapshot.term) log.compact(record.snapshot)
      else log.restore(record.snapshot)
      log.letGoOfReplaced()
      log.letGoOfDropped()
    }
  }

  #logOf(group: number): GroupLog {
    const known = this.logs.get(group)
    if (known !== undefined) return known
    const log = new GroupLog(emptyFloor, this.#newArena())
    this.logs.set(group, log)
    return log
  }
}
