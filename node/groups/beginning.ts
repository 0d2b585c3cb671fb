// How a group begins: with a floor that says who is in it and that stands for an entry which nobody ever writes. Whoever joins later has
// nothing at all, and so its leader sends it this floor, or a later one.

import type { ConfigurationRecord } from '../core/raft/configuration.ts'
import { nobody } from '../core/raft/quorum.ts'
import type { LogRecord } from '../wire/log-records.ts'
import type { EntryMemory } from './entry-memory.ts'
import { GroupLog } from './group-log.ts'
import { emptyFloor } from './recovery.ts'

/** Of the floor that a group begins with. */
const beginning = { index: 1, term: 1 } as const

/** The log of a group that begins with these members. */
export function beginLog(
  configuration: ConfigurationRecord,
  data: Uint8Array,
  memory: EntryMemory,
): GroupLog {
  const log = new GroupLog({ ...beginning, configuration, data }, memory)
  log.hardState = { term: beginning.term, vote: nobody, commit: beginning.index }
  return log
}

/** What makes that log durable. */
export function beginningRecords(group: number, { floor, hardState }: GroupLog): LogRecord[] {
  return [
    { kind: 'snapshot', group, snapshot: floor },
    { kind: 'hard-state', group, hardState },
  ]
}

/** The log of a member that joins a group which others have begun. */
export function joiningLog(memory: EntryMemory): GroupLog {
  return new GroupLog(emptyFloor, memory)
}
