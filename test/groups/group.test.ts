// One group on a node: what waits for the disk and what does not, what is proposed, and what of the log is dropped.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leaveJoint, type MembershipChange } from '../../node/core/raft/change.ts'
import type { AppendRequest } from '../../node/core/raft/messages.ts'
import { everything } from '../../node/core/raft/quorum.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'
import { append, follower, kindsOf, summaryOf, TestGroup } from './test-group.ts'

const noEntries = new Uint8Array(0)
const vote = {
  kind: 'vote',
  from: 2,
  to: 1,
  term: 1,
  last: { term: 0, index: 0 },
  isTransfer: false,
} as const
const text = (value: string): Uint8Array => Buffer.from(value)

test('a vote is sent when it is durable, and not before', () => {
  const test = new TestGroup()
  assert.deepEqual(test.step(vote), [])
  assert.deepEqual(summaryOf(test.writes[0]?.records ?? []), ['state 1/2/0'])
  assert.deepEqual(kindsOf(test.finish()), ['vote-answer'])
})

test('an append is acknowledged when its entries are durable, in order, each by itself', () => {
  const test = new TestGroup()
  assert.deepEqual(test.step(append(0, 0, 'a')), [])
  assert.deepEqual(test.step(append(1, 0, 'b', 'c')), [])
  assert.deepEqual(
    test.writes.map(({ records }) => summaryOf(records)),
    [['entries a', 'state 1/0/0'], ['entries b c']],
  )
  const [first] = test.finish()
  assert.deepEqual(first, { kind: 'append-answer', from: 1, to: 2, term: 1, index: 1, hint: undefined })
  const [second] = test.finish()
  assert.deepEqual(second, { ...first, index: 3 })
})

test('what is replaced before it is written stays as it was until the disk has had it', () => {
  const test = new TestGroup({}, undefined, new CountedSlabs(smallWipedSlabs))
  // They fill a slab, which is overwritten as soon as none of them is held.
  const texts = ['a', 'b', 'c', 'd'].map((each) => each.repeat(512))
  test.step(append(0, 0, ...texts))
  const entries = [{ term: 2, index: 1, data: text('z'), change: undefined }]
  test.step({ ...append(0, 0), term: 2, entries })
  test.step({ kind: 'heartbeat', from: 2, to: 1, term: 2, commit: 0, round: 1 })
  const written = (): string[] => test.writes.map(({ records }) => summaryOf(records)[0] ?? '')
  assert.deepEqual(written(), [`entries ${texts.join(' ')}`, 'entries z'])
  test.finish()
  assert.deepEqual(written(), ['entries z'])
  test.finish()
  assert.equal(test.log.lastIndex, 1)
})

test('what has nothing to wait for goes at once, also while the disk is busy', () => {
  const test = new TestGroup()
  test.step(append(0, 0, 'a'))
  const heartbeat = { kind: 'heartbeat', from: 2, to: 1, term: 1, commit: 0, round: 4 } as const
  const answer = { kind: 'heartbeat-answer', from: 1, to: 2, term: 1, round: 4 }
  assert.deepEqual(test.step(heartbeat), [answer])
  assert.equal(test.writes.length, 1)
})

test('a promise behind one that waits for the disk waits too, though it needs none itself', () => {
  const test = follower('a')
  test.step(append(1, 0, 'b'))
  assert.deepEqual(test.step(append(0, 0, 'a')), [])
  assert.deepEqual(
    test.finish().map((message) => (message.kind === 'append-answer' ? message.index : message.kind)),
    [2, 1],
  )
})

test('a leader sends its entries before they are on its own disk, and counts itself after', () => {
  const test = new TestGroup()
  test.lead()
  test.group.propose(text('a'))
  const sent = test.turn()
  assert.deepEqual(kindsOf(sent), ['append', 'append'])
  assert.deepEqual(summaryOf(test.writes[0]?.records ?? []).slice(0, 1), ['entries a'])
  const { commit, lastIndex } = test.group.status
  assert.equal(commit, lastIndex - 1)
  test.finish()
  assert.equal(test.group.status.commit, commit)
  test.step({ kind: 'append-answer', from: 3, to: 1, term: 1, index: lastIndex, hint: undefined })
  assert.equal(test.group.status.commit, lastIndex)
  assert.deepEqual(test.machine.texts, ['a'])
})

test('a commit index alone is not written, but goes along with the next write', () => {
  const test = follower('a', 'b')
  test.step(append(2, 1))
  assert.equal(test.writes.length, 0)
  assert.deepEqual(test.machine.texts, ['a'])
  test.step(append(2, 2))
  assert.equal(test.writes.length, 0)
  test.step(append(2, 2, 'c'))
  assert.deepEqual(summaryOf(test.writes[0]?.records ?? []), ['entries c', 'state 1/0/2'])
  test.finish()
  test.step(append(3, 2, 'd'))
  assert.deepEqual(summaryOf(test.writes[0]?.records ?? []), ['entries d'])
})

test('entries are applied when they are committed, before the own disk has them', () => {
  const test = new TestGroup()
  test.step(append(0, 1, 'a'))
  assert.equal(test.writes.length, 1)
  assert.deepEqual(test.machine.texts, ['a'])
})

const addLearner: MembershipChange = { changes: [{ kind: 'learner', id: 4 }], transition: 'auto' }

test('a change of members, and all behind it, is applied when the disk has that it is committed', () => {
  const test = follower('a')
  const change = { term: 1, index: 2, data: noEntries, change: addLearner }
  test.step({ ...append(1, 1), entries: [change] })
  test.finish()
  assert.deepEqual(test.machine.texts, ['a'])
  test.step(append(2, 3, 'b'))
  assert.deepEqual(summaryOf(test.writes[0]?.records ?? []), ['entries b', 'state 1/0/3'])
  assert.deepEqual(test.machine.applied.length, 1)
  assert.equal(test.group.status.configuration.members.includes(4), false)
  test.finish()
  assert.deepEqual(test.machine.texts, ['a', 'b'])
  assert.ok(test.group.status.configuration.members.includes(4))
})

test('a leader changes members one step at a time, and says why not', () => {
  const test = new TestGroup()
  test.lead()
  assert.equal(test.group.changeMembers(addLearner), undefined)
  const problem = test.group.changeMembers(addLearner)
  assert.match(problem ?? '', /a change may be under way at index 2, and 1 is applied/)
  test.settle()
  assert.ok(test.group.status.configuration.members.includes(4))
  const without = follower('a').group.changeMembers(addLearner)
  assert.equal(without, 'no leader')
})

test('what is proposed in one turn travels as one append, in its order', () => {
  const test = new TestGroup()
  test.lead()
  for (const each of ['a', 'b', 'c']) test.group.propose(text(each))
  const appends = test.turn().filter((message) => message.kind === 'append')
  assert.deepEqual(
    appends.map(({ to, entries }) => [to, entries.map(({ data }) => Buffer.from(data).toString()).join('')]),
    [
      [2, 'abc'],
      [3, 'abc'],
    ],
  )
  assert.equal(test.writes.length, 1)
})

test('what does not fit waits, is offered again when something is committed, and keeps its order', () => {
  const test = new TestGroup({ uncommittedBytesMax: 1000 })
  test.lead()
  test.group.propose(new Uint8Array(900).fill(0x61))
  test.turn()
  test.group.propose(text('b'.repeat(200)))
  test.turn()
  test.group.propose(text('c'))
  test.turn()
  assert.equal(test.group.status.lastIndex, 2)
  test.settle()
  assert.deepEqual(
    test.machine.texts.map((each) => [each[0], each.length]),
    [
      ['a', 900],
      ['b', 200],
      ['c', 1],
    ],
  )
})

test('what is proposed while leadership is handed over is offered again where that has failed', () => {
  const test = new TestGroup()
  test.lead()
  test.group.handOver()
  test.group.propose(text('a'))
  test.turn()
  test.group.propose(text('b'))
  test.turn()
  assert.equal(test.group.status.lastIndex, 1)
  for (let tick = 0; tick < 12; tick++) {
    test.tick(1)
    test.settle()
  }
  assert.deepEqual(test.machine.texts, ['a', 'b'])
})

test('what a deposed leader could not propose is not proposed when it leads again', () => {
  const test = new TestGroup({ uncommittedBytesMax: 1000 })
  test.lead()
  test.group.propose(new Uint8Array(900).fill(0x61))
  test.turn()
  test.group.propose(text('b'.repeat(200)))
  test.turn()
  const last = test.group.status.lastIndex
  const entry = { term: 2, index: 2, data: text('z'), change: undefined }
  test.step({ ...append(1, 1), term: 2, entries: [entry] })
  assert.equal(test.group.status.role, 'follower')
  test.lead()
  assert.deepEqual(test.machine.texts, ['z'])
  assert.deepEqual(test.machine.leaderships.slice(-1), ['leader, leading'])
  assert.ok(test.group.status.lastIndex > last)
})

test('a new leader leads for its machine only when it has applied everything before its term', () => {
  const test = follower('a', 'b')
  for (let tick = 0; tick < 40 && test.group.status.role !== 'leader'; tick++) {
    test.tick(1)
    const { term } = test.group.status
    const answer = { from: 3, to: 1, isGranted: true, last: { term: 1, index: 2 } }
    test.step({ ...answer, kind: 'pre-vote-answer', term: term + 1 })
    test.step({ ...answer, kind: 'vote-answer', term })
    while (test.writes.length > 0) test.finish()
  }
  assert.equal(test.group.status.role, 'leader')
  assert.deepEqual(test.machine.texts, [])
  assert.equal(test.group.isLeading, false)
  assert.deepEqual(test.machine.leaderships.at(-1), 'leader')
  test.settle([3])
  assert.ok(test.group.isLeading)
  assert.deepEqual(test.machine.texts, ['a', 'b'])
  assert.deepEqual(test.machine.leaderships.at(-1), 'leader, leading')
})

test('a snapshot is acknowledged and put in the place of the state when it is durable', () => {
  const test = follower('a')
  const snapshot = {
    index: 9,
    term: 1,
    configuration: { ...test.log.floor.configuration },
    data: text('nine'),
  }
  test.step({ kind: 'snapshot', from: 2, to: 1, term: 1, snapshot })
  assert.deepEqual(summaryOf(test.writes[0]?.records ?? []), ['snapshot 9', 'state 1/0/9'])
  assert.deepEqual(test.machine.restored, [''])
  assert.deepEqual(kindsOf(test.finish()), ['append-answer'])
  assert.deepEqual(test.machine.restored, ['', 'nine'])
  test.step(append(9, 10, 'b'))
  assert.deepEqual(test.machine.texts, ['b'])
  assert.deepEqual([test.log.firstIndex, test.log.lastIndex, test.group.status.applied], [10, 10, 10])
})

test('a change that waits for the disk is not made again where a snapshot has come that stands for it', () => {
  const test = follower('a')
  const { configuration } = test.log.floor
  const enter: MembershipChange = {
    changes: [
      { kind: 'voter', id: 4 },
      { kind: 'remove', id: 3 },
    ],
    transition: 'auto',
  }
  const entryOf = (index: number, change: MembershipChange): object => {
    return { ...append(index - 1, index), entries: [{ term: 1, index, data: noEntries, change }] }
  }
  test.step(entryOf(2, enter) as AppendRequest)
  while (test.writes.length > 0) test.finish()
  assert.ok(test.group.status.configuration.isJoint)
  // Committed, and not durable here: the joint configuration is left when it is.
  test.step(entryOf(3, leaveJoint) as AppendRequest)
  const behind = { ...configuration, voters: [1, 2, 4] }
  const snapshot = { index: 9, term: 1, configuration: behind, data: text('nine') }
  test.step({ kind: 'snapshot', from: 2, to: 1, term: 1, snapshot })
  while (test.writes.length > 0) test.finish()
  assert.deepEqual(test.machine.restored, ['', 'nine'])
  assert.deepEqual([...test.group.status.configuration.voters], [1, 2, 4])
  assert.equal(test.group.status.applied, 9)
})

test('a read is answered with what must be applied first', () => {
  const test = new TestGroup()
  test.lead()
  assert.equal(test.group.read(77), undefined)
  test.settle()
  assert.deepEqual(test.machine.reads, [[77, test.group.status.commit]])
  const alone = new TestGroup()
  assert.equal(alone.group.read(1), 'no leader')
  assert.equal(test.group.status.commit < everything, true)
})
