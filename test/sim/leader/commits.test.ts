// What the simulator takes for committed: neither less nor more than the leaders could.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../../../node/core/common/ids.ts'
import { leaveJoint, type MembershipChange } from '../../../node/core/raft/change.ts'
import { emptyConfiguration } from '../../../node/core/raft/configuration.ts'
import { noData } from '../../../node/core/raft/entry.ts'
import { Commits } from '../../../sim/leader/commits.ts'
import { DurableGroup } from '../../../sim/leader/durable-log.ts'
import { Violation } from '../../../sim/run.ts'

const group = 1

/** Members 1, 2 and 3 vote, 4 and 5 learn; each has a disk. */
class Members {
  readonly commits = new Commits(() => undefined)
  readonly #disks = Array.from({ length: 6 }, () => new DurableGroup())

  constructor() {
    const configuration = { ...emptyConfiguration, voters: [1, 2, 3], learners: [4, 5] }
    const snapshot = { index: 1, term: 1, configuration, data: noData }
    for (const disk of this.#disks) disk.apply({ kind: 'floor', group, snapshot })
    this.commits.onBegun(group, snapshot)
  }

  /** Members put an entry on their disks, and say so to the leader of a term. */
  acknowledge(
    members: readonly number[],
    leader: number,
    term: number,
    { index, of = term, change }: { index: number; of?: number; change?: MembershipChange },
  ): void {
    for (const member of members) {
      const disk = this.#disks[member] as DurableGroup
      disk.apply({ kind: 'entries', group, entries: [{ index, term: of, data: noData, change }] })
      const answer = { kind: 'append-answer', from: member, to: leader, term, index } as const
      this.commits.onMessage(`${member}` as NodeId, group, { ...answer, hint: undefined }, disk)
    }
  }

  get last(): number {
    return this.commits.group(group).last
  }
}

const grows: MembershipChange = {
  changes: [
    { kind: 'voter', id: 4 },
    { kind: 'voter', id: 5 },
  ],
  transition: 'auto',
}

test('an entry is committed once a majority of the voters has it in its own term', () => {
  const members = new Members()
  members.acknowledge([1, 4, 5], 1, 2, { index: 2 })
  assert.equal(members.last, 1)
  members.acknowledge([3], 1, 2, { index: 2 })
  assert.equal(members.last, 2)
})

test('two entries of one index that majorities have are found', () => {
  const members = new Members()
  members.acknowledge([1, 2], 1, 2, { index: 2 })
  assert.throws(() => members.acknowledge([2, 3], 2, 3, { index: 2 }), Violation)
})

test('a leader counts no majority of members that a change of a later term made voters', () => {
  const members = new Members()
  // The leader of term 2 brings the change to two voters of three, and what follows to itself and two learners.
  members.acknowledge([1, 2], 1, 2, { index: 2, change: grows })
  members.acknowledge([4, 5], 1, 2, { index: 2, change: grows })
  members.acknowledge([4, 5], 1, 2, { index: 3 })
  // The one of term 3 goes on behind the change, and the five vote.
  members.acknowledge([2, 3], 2, 3, { index: 2, of: 2, change: grows })
  members.acknowledge([2, 3], 2, 3, { index: 3 })
  members.acknowledge([4], 2, 3, { index: 3 })
  members.acknowledge([2, 3, 4], 2, 3, { index: 4, change: leaveJoint })
  assert.equal(members.last, 4)
  // With the leader of term 2, three of five have its entry 3; it knows of no five.
  members.acknowledge([1], 1, 2, { index: 3 })
  assert.equal(members.last, 4)
})

test('who was removed, and votes for another one, does not lead a group of one', () => {
  const commits = new Commits(() => undefined)
  const snapshot = { index: 1, term: 1, configuration: { ...emptyConfiguration, voters: [1] }, data: noData }
  commits.onBegun(group, snapshot)
  const vote = (member: number, term: number, forWhom: number): void => {
    const disk = new DurableGroup()
    disk.apply({ kind: 'floor', group, snapshot })
    disk.apply({ kind: 'hard-state', group, hardState: { term, vote: forWhom, commit: 1 } })
    commits.onDurable(`${member}` as NodeId, member, group, disk)
  }
  vote(2, 3, 1)
  vote(1, 4, 1)
  assert.deepEqual([...commits.group(group).leaders], [[4, '1']])
})
