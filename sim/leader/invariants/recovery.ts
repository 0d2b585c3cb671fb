// A node that starts again has what its disk had of every group, also where files were removed: term and vote, floor, and every entry.

import { crc32 } from 'node:zlib'
import type { GroupLog } from '../../../node/groups/group-log.ts'
import { Violation } from '../../run.ts'
import type { DurableGroup } from '../durable-log.ts'
import type { LogInvariant } from '../log-world.ts'
import type { NodeStorage } from '../node-storage.ts'

export class Recovery implements LogInvariant {
  readonly name = 'recovery'

  onRecovered(storage: NodeStorage, logs: ReadonlyMap<number, GroupLog>): void {
    for (const [id, disk] of storage.durable.groups) {
      const log = logs.get(id)
      const problem = log === undefined ? missing(disk) : differenceOf(log, disk)
      if (problem !== undefined) throw new Violation(this.name, `${storage.id}, group ${id}: ${problem}`)
    }
  }
}

/** A group that had only begun may have had nothing on the disk. */
function missing({ hardState, last }: DurableGroup): string | undefined {
  return hardState.term > 0 || last > 0 ? 'it is not there' : undefined
}

/** Undefined where there is none. */
function differenceOf(log: GroupLog, disk: DurableGroup): string | undefined {
  const { term, vote } = log.hardState
  const was = disk.hardState
  if (term !== was.term || vote !== was.vote)
    return `it voted for ${was.vote} in ${was.term}, now ${vote} in ${term}`
  if (log.floor.index !== disk.floorIndex || log.floor.term !== disk.floorTerm)
    return `its floor was ${disk.floorIndex}, now ${log.floor.index}`
  if (log.lastIndex !== disk.last) return `it ended at ${disk.last}, now at ${log.lastIndex}`
  for (const { index, term: entryTerm, checksum } of disk.entries.values()) {
    const entry = log.at(index)
    if (entry?.term !== entryTerm || crc32(entry.data) !== checksum) return `entry ${index} is another`
  }
  return undefined
}
