// What went wrong in other implementations of Raft, each with the test that shows it (docs/testing.md names where it was seen).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noData } from '../../../node/core/raft/entry.ts'
import type { Message } from '../../../node/core/raft/messages.ts'
import { electionTicks, Group, ofKind } from './group.ts'

test('a late copy of an old append cuts nothing off', () => {
  const group = new Group(3)
  group.elect(1)
  group.propose(1, 'a')
  const [early] = ofKind(group.drain(1), 'append')
  group.propose(1, 'b', 'c')
  group.settle()
  group.tick(1)
  group.settle()
  const before = group.entries(2)
  group.deliver(early as Message)
  group.settle()
  assert.deepEqual(group.entries(2), before)
  assert.deepEqual(group.texts(2), ['a', 'b', 'c'])
})

test('a candidate without the committed entries is not elected, however often it tries', () => {
  const group = new Group(3)
  group.elect(1)
  group.isolate(3)
  group.propose(1, 'a')
  group.settle()
  group.heal()
  group.isolate(1)
  for (let count = 0; count < 5; count++) {
    group.raft(3).campaign()
    group.settle()
    assert.notEqual(group.status(3).role, 'leader')
  }
  group.elect(2)
  group.settle()
  assert.deepEqual(group.texts(3), ['a'])
})

test('a member that was cut off does not depose the leader when it comes back, with pre-vote', () => {
  const group = new Group(3, { preVote: true, checkQuorum: true })
  group.elect(1)
  group.isolate(3)
  for (let count = 0; count < 5; count++) {
    group.tick(3, electionTicks)
    group.settle()
  }
  group.heal()
  group.tick(3, electionTicks)
  group.settle()
  group.tick(1)
  group.settle()
  assert.deepEqual([group.leaders, group.status(1).term, group.status(3).term], [[1], 1, 1])
})

test('a member that campaigned alone without pre-vote is not stuck behind its term', () => {
  const group = new Group(3, { checkQuorum: true })
  group.elect(1)
  group.isolate(3)
  group.raft(3).campaign()
  group.settle()
  group.heal()
  group.tick(1)
  group.settle()
  group.tick(2, 2 * electionTicks)
  group.settle()
  const [leader = 0] = group.leaders
  group.propose(leader, 'x')
  group.settle()
  assert.deepEqual(group.texts(3), ['x'])
})

test('a leader that no majority answers steps down', () => {
  const group = new Group(3, { checkQuorum: true })
  group.elect(1)
  group.isolate(1)
  for (let count = 0; count < 2 * electionTicks; count++) {
    group.tick(1)
    group.settle()
  }
  assert.deepEqual([group.status(1).role, group.status(1).leader], ['follower', 0])
})

test('members that hear of a leader do not vote for somebody else, but where the leader asked for it', () => {
  const group = new Group(3, { checkQuorum: true })
  group.elect(1)
  const ask = (isTransfer: boolean): Message[] => {
    group.deliver({ kind: 'vote', from: 3, to: 2, term: 2, last: { term: 1, index: 1 }, isTransfer })
    return group.drain(2)
  }
  assert.deepEqual(ask(false), [])
  assert.equal(group.status(2).term, 1)
  assert.equal(ofKind(ask(true), 'vote-answer')[0]?.isGranted, true)
})

/** The first member was asked for a read, could not answer, and is the leader no more. */
function withDeposedReader(): Group {
  const group = new Group(3)
  group.elect(1)
  group.isolate(1)
  group.raft(1).read(5)
  group.settle()
  group.elect(2)
  group.propose(2, 'newer')
  group.settle()
  return group
}

test('a read is not answered by a leader that was deposed', () => {
  const group = withDeposedReader()
  assert.deepEqual(group.raft(1).hasReady, false)
  group.heal()
  group.tick(2)
  const reads: unknown[] = []
  while (group.raft(1).hasReady) reads.push(...group.raft(1).takeReady().reads)
  assert.deepEqual(reads, [])
})

test('a read of a leader that was deposed is not answered when it leads again', () => {
  const group = withDeposedReader()
  group.heal()
  group.tick(2)
  group.settle()
  group.elect(1)
  const reads: unknown[] = []
  const { work } = group
  group.work = (id) => {
    const { raft } = group.member(id)
    const ready = raft.takeReady()
    reads.push(...ready.reads)
    return [...ready.messages, ...group.finish(id, ready)]
  }
  group.tick(1)
  group.settle()
  group.work = work
  assert.deepEqual(reads, [])
})

test('answers to an older round do not confirm a later read', () => {
  const group = new Group(3)
  group.elect(1)
  group.raft(1).read(1)
  const older = ofKind(group.drain(1), 'heartbeat')
  for (const message of older) group.deliver(message)
  const [two = [], three = []] = [group.drain(2), group.drain(3)]
  for (const answer of two) group.deliver(answer)
  assert.deepEqual(
    group
      .raft(1)
      .takeReady()
      .reads.map(({ request }) => request),
    [1],
  )
  group.raft(1).read(2)
  group.drain(1)
  for (const answer of [...two, ...three]) group.deliver(answer)
  assert.deepEqual(group.raft(1).hasReady, false)
})

test('a transfer of leadership that does not work within the time of an election ends, and proposals are taken again', () => {
  const group = new Group(3, { checkQuorum: false })
  group.elect(1)
  group.isolate(3)
  group.raft(1).transfer(3)
  assert.equal(group.raft(1).propose([{ data: noData }]), 'leadership is being handed over')
  group.tick(1, electionTicks)
  assert.equal(group.raft(1).propose([{ data: noData }]), undefined)
})

test('leadership is handed to a member that was behind, after it has caught up', () => {
  const group = new Group(3, { preVote: true, checkQuorum: true })
  group.elect(1)
  group.isolate(3)
  group.propose(1, 'a')
  group.settle()
  group.heal()
  group.raft(1).transfer(3)
  group.tick(1)
  group.settle()
  assert.deepEqual([group.leaders, group.status(3).term], [[3], 2])
  assert.deepEqual(group.texts(3), ['a'])
})

test('what a leader without a majority takes is bounded, and it takes more once the majority is back', () => {
  const group = new Group(3, { uncommittedBytesMax: 10 * (100 + 64) })
  group.elect(1)
  group.isolate(1)
  const data = Buffer.alloc(100)
  let taken = 0
  while (taken < 100 && group.raft(1).propose([{ data }]) === undefined) {
    taken++
    group.settle()
  }
  assert.equal(taken, 10)
  assert.equal(group.raft(1).propose([{ data }]), 'too much is uncommitted')
  group.heal()
  group.tick(1)
  group.settle()
  assert.equal(group.raft(1).propose([{ data }]), undefined)
})

test('an entry larger than the bound is taken where nothing else is uncommitted', () => {
  const group = new Group(3, { uncommittedBytesMax: 10 })
  group.elect(1)
  assert.equal(group.raft(1).propose([{ data: Buffer.alloc(100) }]), undefined)
  assert.equal(group.raft(1).propose([{ data: Buffer.alloc(1) }]), 'too much is uncommitted')
})

test('appends under way to a member are bounded by messages and bytes, and go on as it answers', () => {
  for (const flow of [
    { messages: 4, bytes: 1_000_000 },
    { messages: 100, bytes: 4 * (10 + 64) },
  ]) {
    const group = new Group(3, { flow })
    group.elect(1)
    group.isolate(3)
    for (let count = 0; count < 20; count++) {
      group.propose(1, '0123456789')
      group.drain(1)
    }
    assert.equal(group.status(1).progress.get(3)?.inflights.count, 4)
    group.propose(1, 'one more')
    assert.deepEqual(ofKind(group.drain(1), 'append'), [])
    group.heal()
    group.tick(1)
    group.settle()
    assert.equal(group.texts(3).length, 21)
  }
})

test('a member with too much under way is sent an append without entries when it has answered a heartbeat', () => {
  const group = new Group(3, { flow: { messages: 2, bytes: 1_000_000 } })
  group.elect(1)
  group.isolate(3)
  for (const text of ['a', 'b', 'c', 'd']) {
    group.propose(1, text)
    group.drain(1)
  }
  group.heal()
  group.deliver({ kind: 'heartbeat-answer', from: 3, to: 1, term: 1, round: 0 })
  const appends = ofKind(group.drain(1), 'append').filter(({ to }) => to === 3)
  assert.deepEqual(
    appends.map(({ previous, entries }) => [previous.index, entries.length]),
    [[3, 0]],
  )
})

test('behind a snapshot that arrived probing begins', () => {
  const group = new Group(3)
  group.elect(1)
  group.leaveBehind(1, 3, 'a', 'b')
  group
    .raft(1)
    .step({ kind: 'append-answer', from: 3, to: 1, term: 1, index: 3, hint: { term: 1, index: 1 } })
  group.drain(1)
  assert.equal(group.status(1).progress.get(3)?.pendingSnapshot, 3)
  group.raft(1).reportSnapshot(3, true)
  assert.equal(group.status(1).progress.get(3)?.next, 4)
})

test('a snapshot that did not arrive is not taken for one that did', () => {
  const group = new Group(3)
  group.elect(1)
  group.leaveBehind(1, 3, 'a', 'b')
  group.heal()
  const { deliver } = group
  group.deliver = (message: Message) => {
    if (message.kind !== 'snapshot') deliver.call(group, message)
  }
  group.tick(1)
  group.settle()
  assert.equal(group.status(1).progress.get(3)?.state, 'snapshot')
  group.raft(1).reportSnapshot(3, false)
  assert.deepEqual(
    [group.status(1).progress.get(3)?.state, group.status(1).progress.get(3)?.next],
    ['probe', 2],
  )
  group.deliver = deliver
  group.tick(1)
  group.settle()
  assert.equal(group.status(3).commit, 3)
})
