// A group begins on the nodes that META says it begins with.

import type { SlabPool } from '../core/common/slabs.ts'
import type { MemberId } from '../core/raft/quorum.ts'
import { beginLog, beginningRecords } from '../groups/beginning.ts'
import { EntryMemory } from '../groups/entry-memory.ts'
import type { Group } from '../groups/group.ts'
import type { GroupLog } from '../groups/group-log.ts'
import type { Groups } from '../groups/groups.ts'
import type { Roster } from './roster.ts'

interface Beginner {
  readonly member: MemberId
  /** What the log on disk had, by group. */
  readonly logs: ReadonlyMap<number, GroupLog>
  readonly groups: Groups
  readonly slabs: SlabPool
}

/**
 * Begins a group that has begun in the roster, where this node is among the first in it; `begin` makes it one of this node's. One that the log on
 * disk has is recovered from there, also where the roster comes first: a beginning would replace what is there, and the next start find nothing else.
 */
export function beginFromRoster(
  roster: Roster,
  id: number,
  { member, logs, groups, slabs }: Beginner,
  begin: (log: GroupLog) => Group,
): void {
  if (logs.has(id)) return
  const configuration = roster.groups.get(id)
  if (configuration?.voters.includes(member) !== true && configuration?.learners.includes(member) !== true)
    return
  const log = beginLog(configuration, new Uint8Array(0), new EntryMemory(slabs))
  groups.write(beginningRecords(id, log), () => undefined)
  const group = begin(log)
  // One need not wait for the others' time to run out.
  if (roster.votersOf(id)[0] === member) group.campaign()
}
