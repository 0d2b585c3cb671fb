// What a group drops of its log, and how it gives leadership away.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupLog } from '../../node/groups/group-log.ts'
import type { RaftMessage } from '../../node/wire/raft-frames.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'
import { configuration, summaryOf, TestGroup } from './test-group.ts'

const text = (value: string): Uint8Array => Buffer.from(value)

/** A leader with entries at 2, 3 …, all committed, applied and durable. Index 1 begins its term. */
function leaderWith(...texts: readonly string[]): TestGroup {
  return leaderWithout(0, ...texts)
}

/** The same, where one member has heard of none of them. */
function leaderWithout(member: number, ...texts: readonly string[]): TestGroup {
  const test = new TestGroup({}, undefined, new CountedSlabs(smallWipedSlabs))
  test.lead()
  for (const each of texts) test.group.propose(text(each))
  test.settle([2, 3].filter((id) => id !== member))
  assert.deepEqual(test.machine.texts, texts)
  return test
}

test('the log is dropped up to the floor of the machine once that is durable', () => {
  const test = leaderWith('a', 'b', 'c')
  test.group.compact()
  assert.equal(test.writes.length, 0)
  test.machine.floor = { index: 3, state: text('three') }
  test.group.compact()
  const records = test.writes[0]?.records ?? []
  const snapshot = { index: 3, term: 1, configuration, data: text('three'), kept: undefined }
  assert.deepEqual(records, [{ kind: 'floor', group: 7, snapshot }])
  assert.equal(test.log.firstIndex, 1)
  test.finish()
  assert.deepEqual([test.log.firstIndex, test.log.lastIndex], [4, 4])
  test.group.compact()
  assert.equal(test.writes.length, 0)
})

test('a floor has the members as of its own index, whatever has changed behind it', () => {
  const test = leaderWith('a')
  test.group.changeMembers({ changes: [{ kind: 'learner', id: 4 }], transition: 'auto' })
  test.settle()
  const { applied } = test.group.status
  const floors: unknown[] = []
  for (const index of [applied - 1, applied]) {
    test.machine.floor = { index, state: text(String(index)) }
    test.group.compact()
    const [record] = test.writes[0]?.records ?? []
    floors.push(record?.kind === 'floor' && record.snapshot.configuration)
    test.finish()
  }
  assert.deepEqual(floors, [configuration, { ...configuration, learners: [4] }])
})

test('a floor that became durable behind a snapshot of the leader is not put in its place', () => {
  const test = new TestGroup()
  const entries = ['a', 'b'].map((each, nth) => ({
    term: 1,
    index: nth + 1,
    data: text(each),
    change: undefined,
  }))
  const append = { kind: 'append', from: 2, to: 1, term: 1, previous: { term: 0, index: 0 } } as const
  test.step({ ...append, entries, commit: 2 })
  test.finish()
  test.machine.floor = { index: 1, state: text('one') }
  test.group.compact()
  const snapshot = { index: 9, term: 1, configuration, data: text('nine') }
  test.step({ kind: 'snapshot', from: 2, to: 1, term: 1, snapshot })
  assert.deepEqual(
    test.writes.map(({ records }) => summaryOf(records)[0]),
    ['floor 1', 'snapshot 9'],
  )
  test.finish()
  test.finish()
  assert.deepEqual(test.log.floor, snapshot)
})

test('a member that lacks what was dropped gets the floor', () => {
  const test = leaderWithout(3, 'a', 'b', 'c')
  test.machine.floor = { index: 3, state: text('three') }
  test.group.compact()
  test.finish()
  const { term } = test.group.status
  test.group.onUnreachable(3)
  const sent = test.step({ kind: 'heartbeat-answer', from: 3, to: 1, term, round: 0 })
  assert.deepEqual(
    sent.map((message) => (message.kind === 'snapshot' ? message.snapshot : message.kind)),
    [{ index: 3, term: 1, configuration, data: new Uint8Array(text('three')) }],
  )
})

/** A leader whose member 3 was sent the floor at 3, and has not answered. */
function leaderWithSnapshotUnderWay(): TestGroup {
  const test = leaderWithout(3, 'a', 'b', 'c')
  test.machine.floor = { index: 3, state: text('three') }
  test.group.compact()
  test.finish()
  test.group.onUnreachable(3)
  test.step({ kind: 'heartbeat-answer', from: 3, to: 1, term: test.group.status.term, round: 0 })
  assert.equal(test.group.status.progress.get(3)?.state, 'snapshot')
  return test
}

test('a member that has its floor is sent what follows, also where another floor has taken its place meanwhile', () => {
  const test = leaderWithSnapshotUnderWay()
  const { term } = test.group.status
  test.machine.floor = { index: 4, state: text('four') }
  test.group.compact()
  test.finish()
  test.step({ kind: 'append-answer', from: 3, to: 1, term, index: 3, hint: undefined })
  const sent = test.step({ kind: 'heartbeat-answer', from: 3, to: 1, term, round: 0 })
  assert.deepEqual(
    sent.map((message) => (message.kind === 'snapshot' ? message.snapshot.index : message.kind)),
    [4],
  )
})

test('a floor that was lost without a word, or its answer, is sent again after a while', () => {
  const test = leaderWithSnapshotUnderWay()
  const { term } = test.group.status
  const answers = { from: 3, to: 1, term, round: 0, kind: 'heartbeat-answer' } as const
  let snapshots = 0
  for (let tick = 0; tick < 200; tick++) {
    test.tick(1)
    test.step({ ...answers, from: 2 })
    for (const message of test.step(answers)) if (message.kind === 'snapshot') snapshots++
    if (tick === 90) assert.equal(snapshots, 0)
  }
  assert.equal(snapshots, 1)
})

test('what is about to be sent when the floor becomes durable is sent as it was', () => {
  const test = leaderWithout(3, 'a', 'b', 'c')
  test.machine.floor = { index: 4, state: text('four') }
  test.group.compact()
  const { term } = test.group.status
  test.group.onUnreachable(3)
  // The member answers, and the disk is done before the turn has ended.
  test.group.step({ kind: 'heartbeat-answer', from: 3, to: 1, term, round: 0 })
  const texts = test
    .finish()
    .flatMap((message) =>
      message.kind === 'append' ? message.entries.map(({ data }) => Buffer.from(data).toString()) : [],
    )
  assert.deepEqual(texts, ['a', 'b', 'c'])
})

test('a group goes on with what its log has, from the floor on', () => {
  const log = new GroupLog({ index: 5, term: 2, configuration, data: text('five') })
  log.append([{ term: 2, index: 6, data: text('six') }])
  log.hardState = { term: 3, vote: 2, commit: 6 }
  const test = new TestGroup({}, log)
  assert.deepEqual(test.machine.restored, ['five'])
  const { term, commit, applied } = test.group.status
  assert.deepEqual([term, commit, applied], [3, 6, 5])
  test.group.tick()
  test.turn()
  assert.deepEqual(test.machine.texts, ['six'])
})

const kindsOf = (messages: readonly RaftMessage[]): string[] =>
  messages.map(({ kind, to }) => `${kind} ${to}`)

test('leadership is handed to the voter that is nearest to having everything', () => {
  const test = leaderWith('a')
  const { term } = test.group.status
  test.group.propose(text('b'))
  test.turn()
  test.step({ kind: 'append-answer', from: 3, to: 1, term, index: 3, hint: undefined })
  test.group.handOver()
  assert.deepEqual(kindsOf(test.turn()), ['timeout-now 3'])
})

test('who does not lead, or leads alone, hands nothing over', () => {
  const follower = new TestGroup()
  follower.group.handOver()
  assert.deepEqual(follower.turn(), [])
  const alone = { ...configuration, voters: [1] }
  const test = new TestGroup({}, new GroupLog({ index: 0, term: 0, configuration: alone, data: text('') }))
  test.lead()
  test.group.handOver()
  assert.deepEqual(test.turn(), [])
})

test('a member campaigns soon after its link to the leader has gone, and not for another link', () => {
  const ticksToCampaign = (unreachable: number): number => {
    const test = new TestGroup()
    test.step({ kind: 'heartbeat', from: 2, to: 1, term: 1, commit: 0, round: 0 })
    test.finish()
    test.group.onUnreachable(unreachable)
    for (let ticks = 0; ; ticks++)
      if (test.turn().length > 0) return ticks
      else test.group.tick()
  }
  assert.ok(ticksToCampaign(2) <= 4)
  assert.ok(ticksToCampaign(3) >= 10)
})

test('what is written again stays as it is until that is durable, though a floor drops it meanwhile', () => {
  const sent = Array.from({ length: 60 }, (_, at) => String(at).padEnd(200, '.'))
  const test = leaderWith(...sent)
  // Several slabs hold nothing else.
  test.machine.floor = { index: 50, state: text('fifty') }
  test.group.compact()
  test.group.writeAgain(100_000)
  const again = (test.writes[1]?.records ?? []).flatMap((record) => {
    return record.kind === 'entries' ? record.entries : []
  })
  const texts = (): string[] => again.map(({ data }) => Buffer.from(data).toString('latin1'))
  assert.deepEqual(texts(), ['', ...sent])
  test.finish()
  // The floor is durable, and what it stands for is let go of in the next tick.
  test.tick(1)
  assert.equal(test.log.firstIndex, 51)
  assert.deepEqual(texts(), ['', ...sent])
})
