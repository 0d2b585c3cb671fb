// Keeps the log of a group short: floors in place of what nobody needs, and no need of old files of the node's log.

import { assert } from '../core/common/assert.ts'
import { hold, letGo } from '../core/common/slabs.ts'
import type { LogRecord } from '../wire/log-records.ts'
import type { ConfigurationHistory } from './configuration-history.ts'
import type { GroupPorts } from './group.ts'
import type { GroupLog } from './group-log.ts'
import type { Machine } from './machine.ts'

/** What an entry takes in the files beside its data, at the most. */
const entryHeadBytes = 20

export interface LogKeeperOptions {
  readonly group: number
  readonly log: GroupLog
  readonly machine: Machine
  readonly ports: Pick<GroupPorts, 'write'>
}

export class LogKeeper {
  readonly #options: LogKeeperOptions
  #isWritingAgain = false
  #isCompacting = false

  constructor(options: LogKeeperOptions) {
    this.#options = options
  }

  /** Puts a floor in place of what the machine needs for nobody any more. */
  compact(applied: number, configurations: ConfigurationHistory): void {
    const { group, log, machine, ports } = this.#options
    if (this.#isCompacting) return
    const floor = machine.floorAt(applied)
    if (floor === undefined || floor.index < log.floor.index) return
    if (floor.index === log.floor.index && floor.kept === undefined) return
    const term = log.termAt(floor.index)
    assert(term !== undefined, 'what is applied is in the log')
    const configuration = configurations.take(floor.index)
    const { index, state: data, kept } = floor
    const snapshot = { index, term, configuration, data, kept }
    this.#isCompacting = true
    ports.write([{ kind: 'floor', group, snapshot }], () => {
      this.#isCompacting = false
      // A snapshot of the leader's may have come meanwhile.
      if (log.termAt(snapshot.index) === term) log.compact(snapshot)
    })
  }

  /** Writes floor, entries and hard state once more, unless it is about that, and returns how many bytes: 0 where it is more than these. */
  writeAgain(bytesMax: number): number {
    const { group, log, ports } = this.#options
    const { floor, firstIndex, lastIndex, hardState } = log
    const bytes = log.dataBytes + entryHeadBytes * log.count
    if (bytes > bytesMax) return 0
    if (this.#isWritingAgain) return bytes
    const count = lastIndex - firstIndex + 1
    const entries = count === 0 ? [] : log.entries(firstIndex, lastIndex, Number.MAX_SAFE_INTEGER)
    const held = [...(floor.kept ?? []), ...entries]
    const records: LogRecord[] = [{ kind: 'snapshot', group, snapshot: floor }]
    if (count > 0) records.push({ kind: 'entries', group, entries })
    this.#isWritingAgain = true
    // A floor that is under way may drop them before they are written.
    for (const { data } of held) hold(data)
    ports.write([...records, { kind: 'hard-state', group, hardState }], () => {
      for (const { data } of held) letGo(data)
      this.#isWritingAgain = false
    })
    return bytes
  }
}
