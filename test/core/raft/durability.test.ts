// What members promise waits for the disk, and a disk that is slow confuses nobody.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noData } from '../../../node/core/raft/entry.ts'
import { isDurable, type Message } from '../../../node/core/raft/messages.ts'
import { Group, ofKind } from './group.ts'

test('a vote leaves only after term and vote are durable', () => {
  const group = new Group(3)
  group.deliver({ kind: 'vote', from: 2, to: 1, term: 1, last: { term: 0, index: 0 }, isTransfer: false })
  const ready = group.raft(1).takeReady()
  assert.deepEqual(ready.messages, [])
  assert.deepEqual(ready.hardState, { term: 1, vote: 2, commit: 0 })
  assert.ok(ready.mustSync)
  assert.equal(ready.afterDurable.length, 1)
})

test('an append is acknowledged only after its entries are durable', () => {
  const group = new Group(3)
  const entries = [{ term: 1, index: 1, data: noData }]
  group.deliver({
    kind: 'append',
    from: 2,
    to: 1,
    term: 1,
    previous: { term: 0, index: 0 },
    entries,
    commit: 0,
  })
  const ready = group.raft(1).takeReady()
  assert.ok(!ready.messages.some(isDurable))
  assert.deepEqual(ready.entries, entries)
  assert.deepEqual(
    ready.afterDurable.map(({ kind }) => kind),
    ['append-answer'],
  )
})

test('a leader counts its own entry only when it is durable, and commits before that where all others have it', () => {
  const group = new Group(3)
  group.elect(1)
  group.propose(1, 'x')
  const ready = group.raft(1).takeReady()
  const appends = ofKind(ready.messages, 'append')
  group.deliver(appends[0] as Message)
  for (const answer of group.drain(2)) group.deliver(answer)
  assert.equal(group.status(1).commit, 1)
  group.deliver(appends[1] as Message)
  for (const answer of group.drain(3)) group.deliver(answer)
  assert.equal(group.status(1).commit, 2)
})

test('a write that is done does not make entries durable that have replaced its own meanwhile', () => {
  const group = new Group(3)
  const append = (from: number, term: number, text: string): void =>
    group.deliver({
      kind: 'append',
      ...{ from, to: 1, term, previous: { term: 0, index: 0 }, commit: 0 },
      entries: [{ term: Math.min(term, 2), index: 1, data: Buffer.from(text) }],
    })
  append(2, 1, 'first')
  const first = group.raft(1).takeReady()
  append(3, 2, 'second')
  const second = group.raft(1).takeReady()
  group.member(1).write(first)
  group.raft(1).onDurable(first)
  // The log in memory still has the second entry, which the disk has not.
  assert.deepEqual(group.terms(1), [1])
  append(3, 2, 'second')
  assert.deepEqual(group.raft(1).takeReady().entries, [])
  group.member(1).write(second)
  group.raft(1).onDurable(second)
  assert.deepEqual(group.terms(1), [2])
})

test('nor where the same entries have come back meanwhile, and another write is under way', () => {
  const group = new Group(3)
  const append = (from: number, term: number, entryTerm: number): void =>
    group.deliver({
      kind: 'append',
      ...{ from, to: 1, term, previous: { term: 0, index: 0 }, commit: 0 },
      entries: [{ term: entryTerm, index: 1, data: noData }],
    })
  append(2, 1, 1)
  const first = group.raft(1).takeReady()
  append(3, 2, 2)
  const second = group.raft(1).takeReady()
  append(2, 3, 1)
  group.raft(1).takeReady()
  group.member(1).write(first)
  group.raft(1).onDurable(first)
  group.member(1).write(second)
  // The disk has the entry of term 2 now; the log is the one of term 1 all the same.
  group.deliver({
    kind: 'append',
    from: 2,
    to: 1,
    term: 3,
    previous: { term: 1, index: 1 },
    entries: [],
    commit: 0,
  })
  assert.deepEqual(
    group
      .raft(1)
      .takeReady()
      .afterDurable.map((answer) => answer.kind === 'append-answer' && answer.hint),
    [undefined],
  )
})

test('a member whose snapshot is not durable yet applies nothing and does not campaign', () => {
  const group = new Group(3)
  const configuration = { voters: group.ids, outgoing: [], learners: [], learnersNext: [], autoLeave: false }
  const snapshot = { term: 1, index: 5, configuration, data: noData }
  group.deliver({ kind: 'snapshot', from: 2, to: 1, term: 1, snapshot })
  const ready = group.raft(1).takeReady()
  group.deliver({
    kind: 'append',
    ...{ from: 2, to: 1, term: 1, previous: { term: 1, index: 5 }, commit: 6 },
    entries: [{ term: 1, index: 6, data: Buffer.from('x') }],
  })
  assert.deepEqual(group.raft(1).takeReady().committed, [])
  group.raft(1).campaign()
  assert.equal(group.status(1).role, 'follower')
  group.finish(1, ready)
  assert.deepEqual(
    group
      .raft(1)
      .takeReady()
      .committed.map(({ index }) => index),
    [6],
  )
})
