// Faults of the groups of a node: what is promised before the disk has it, what is recovered, and what is dropped.

import type { Mutant } from './mutant.ts'

const group = 'test/groups/group.test.ts'
const groupFloor = 'test/groups/group-floor.test.ts'
const recovery = 'test/groups/recovery.test.ts'
const records = 'test/wire/log-records.test.ts'

export const faultsOfGroups: readonly Mutant[] = [
  {
    name: 'promise-before-the-disk',
    file: 'node/groups/group.ts',
    text: 'for (const message of ready.messages) this.#send(message)',
    replacement: 'for (const message of [...ready.messages, ...ready.afterDurable]) this.#send(message)',
    breaks: 'Votes and acknowledgements leave before the disk has what they promise.',
    tests: [group],
  },
  {
    name: 'hard-state-not-written',
    file: 'node/groups/group.ts',
    text: 'if (this.#isHardStateUnsaved) records.push',
    replacement: 'if (this.#isHardStateUnsaved && entries.length > 0) records.push',
    breaks: 'A vote without entries is promised, and not written.',
    tests: [group],
  },
  {
    name: 'vote-not-in-the-hard-state',
    file: 'node/wire/log-records.ts',
    text: 'writeF64(bytes, 8, record.hardState.vote)',
    replacement: 'writeF64(bytes, 8, 0)',
    breaks: 'A node that was restarted has forgotten whom it voted for.',
    tests: [records],
  },
  {
    name: 'change-applied-before-the-disk',
    file: 'node/groups/group.ts',
    text: 'if (work.isGated && !work.isWritten) return',
    replacement: '',
    breaks: 'A member that forgets in a crash that a change is committed counts the wrong majority.',
    tests: [group],
  },
  {
    name: 'numbers-before-applied',
    file: 'node/groups/group.ts',
    text: "status.role !== 'leader' || status.applied < this.#leadsFrom",
    replacement: "status.role !== 'leader'",
    breaks: 'A new leader gives places again that the one before it has given.',
    tests: [group],
  },
  {
    name: 'proposals-lost-in-a-handover',
    file: 'node/groups/group.ts',
    text: "refusal === 'too much is uncommitted' || refusal === 'leadership is being handed over'",
    replacement: "refusal === 'too much is uncommitted'",
    breaks:
      'What was numbered while leadership was being handed over is dropped where that fails, and leaves a hole.',
    tests: [group],
  },
  {
    name: 'floor-with-later-members',
    file: 'node/groups/configuration-history.ts',
    text: 'findLastIndex((each) => each.index <= index)',
    replacement: 'findLastIndex(() => true)',
    breaks: 'A floor names members of a later configuration than its own.',
    tests: [groupFloor],
  },
  {
    name: 'written-again-and-let-go',
    file: 'node/groups/log-keeper.ts',
    text: 'for (const { data } of held) hold(data)\n',
    replacement: '\n',
    breaks: 'Entries that are written once more are replaced while they are on their way to the disk.',
    tests: [groupFloor],
  },
  {
    name: 'floor-in-place-of-a-snapshot',
    file: 'node/groups/log-keeper.ts',
    text: 'if (log.termAt(snapshot.index) === term) log.compact(snapshot)',
    replacement: 'log.compact(snapshot)',
    breaks: 'A floor that became durable late is put over the snapshot of another leader.',
    tests: [groupFloor],
  },
  {
    name: 'files-dropped-while-needed',
    file: 'node/groups/groups.ts',
    text: 'if (needing.length > 0) return',
    replacement: '',
    breaks: 'A file of the log is removed with entries that a group has nowhere else.',
    tests: ['test/groups/group-files.test.ts'],
  },
  {
    name: 'hard-state-dropped-with-its-file',
    file: 'node/groups/group-log.ts',
    text: 'Math.min(this.#floorWrite, this.#hardStateWrite, entries)',
    replacement: 'Math.min(this.#floorWrite, entries)',
    breaks: 'The file with the last vote is removed, and the vote forgotten.',
    tests: [recovery],
  },
  {
    name: 'old-floor-wipes-entries',
    file: 'node/groups/recovery.ts',
    text: 'if (floor.index < log.floor.index) return',
    replacement: '',
    breaks: 'An old floor, met behind files that were removed, wipes what was acknowledged.',
    tests: [recovery],
  },
  {
    name: 'hole-in-recovered-entries',
    file: 'node/groups/recovery.ts',
    text: 'this.#incomplete.add(group)',
    replacement: '',
    breaks: 'Entries that are missing from the log are missed by nobody.',
    tests: [recovery],
  },
  {
    name: 'first-hard-state-counts',
    file: 'node/groups/recovery.ts',
    text: "else if (record.kind === 'hard-state') log.hardState = record.hardState",
    replacement:
      "else if (record.kind === 'hard-state') log.hardState = log.hardState.term > 0 ? log.hardState : record.hardState",
    breaks: 'A node that was restarted is back in an old term, and votes in it again.',
    tests: [recovery],
  },
  {
    name: 'frame-with-a-hole',
    file: 'node/groups/frame-parts.ts',
    text: 'gathering.parts.length !== number - 1',
    replacement: 'gathering.parts.length > number - 1',
    breaks: 'A floor of which a part was lost is put together from the rest.',
    tests: ['test/groups/frame-parts.test.ts'],
  },
  {
    name: 'change-made-again-behind-a-snapshot',
    file: 'node/core/raft/raft.ts',
    text: 'index <= this.#raft.log.pendingSnapshotIndex ? undefined',
    replacement: 'index < 0 ? undefined',
    breaks: 'A node ends where a snapshot has come while a change of members waited for its disk.',
    tests: ['test/groups/group.test.ts'],
  },
]
