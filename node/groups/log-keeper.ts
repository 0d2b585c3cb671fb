// Keeps the log of a group short: floors in place of what nobody needs, and no need of old files of the node's log.

import { assert } from '../core/common/assert.ts'
import { hold, letGo } from '../core/common/slabs.ts'
import type { LogRecord } from '../wire/log-records.ts'
import type { ConfigurationHistory } from './configuration-history.ts'
import type { GroupPorts } from './group.ts'
import type { GroupLog } from './group-log.ts'
import type { Machine } from './machine.ts'

/** What a group has at the most that it writes once more, so that a file can go. */
const writtenAgainMax = { entries: 4096, bytes: 4_194_304 } as const

export interface LogKeeperOptions {
  readonly group: number
  readonly log: GroupLog
  readonly machine: Machine
  readonly ports: Pick<GroupPorts, 'write'>
}

export class LogKeeper {
  readonly #options: LogKeeperOptions
  #isWritingAgain = false

  constructor(options: LogKeeperOptions) {
    this.#options = options
  }

  /** Puts a floor in place of what the machine needs for nobody any more. */
  compact(applied: number, configurations: ConfigurationHistory): void {
    const { group, log, machine, ports } = this.#options
    const floor = machine.floorAt(applied)
    if (floor === undefined || floor.index <= log.floor.index) return
    const term = log.termAt(floor.index)
    assert(term !== undefined, 'what is applied is in the log')
    const configuration = configurations.take(floor.index)
    const snapshot = { index: floor.index, term, configuration, data: floor.state }
    ports.write([{ kind: 'floor', group, snapshot }], () => {
      // A snapshot of the leader's may have come meanwhile.
      if (log.termAt(snapshot.index) === term) log.compact(snapshot)
    })
  }

  /** Writes floor, entries and hard state once more, if that is little. */
  writeAgain(): void {
    const { group, log, ports } = this.#options
    const { floor, firstIndex, lastIndex, hardState } = log
    const count = lastIndex - firstIndex + 1
    if (this.#isWritingAgain || count > writtenAgainMax.entries) return
    const entries = count === 0 ? [] : log.entries(firstIndex, lastIndex, writtenAgainMax.bytes)
    if (entries.length < count) return
    const records: LogRecord[] = [{ kind: 'snapshot', group, snapshot: floor }]
    if (count > 0) records.push({ kind: 'entries', group, entries })
    this.#isWritingAgain = true
    // A floor that is under way may drop them before they are written.
    for (const { data } of entries) hold(data)
    ports.write([...records, { kind: 'hard-state', group, hardState }], () => {
      for (const { data } of entries) letGo(data)
      this.#isWritingAgain = false
    })
  }
}
