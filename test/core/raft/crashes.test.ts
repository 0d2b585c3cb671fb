// Members that crash before something is durable, and come back to messages from before.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyConfiguration } from '../../../node/core/raft/configuration.ts'
import { noData } from '../../../node/core/raft/entry.ts'
import type { Message } from '../../../node/core/raft/messages.ts'
import { Raft } from '../../../node/core/raft/raft.ts'
import { defaultOptions, Group, ofKind } from './group.ts'

const oneEntry = { 1: { term: 1, log: [1] }, 2: { term: 1, log: [1] }, 3: { term: 1, log: [1] } }

test('a candidate does not lead before its own term and vote are durable', () => {
  const group = new Group(3)
  group.raft(1).campaign()
  const ready = group.raft(1).takeReady()
  for (const message of ready.messages) group.deliver(message)
  for (const id of [2, 3]) for (const answer of group.drain(id)) group.deliver(answer)
  assert.equal(group.status(1).role, 'candidate')
  group.finish(1, ready)
  assert.equal(group.status(1).role, 'leader')
})

test('a vote for a log that a candidate had and lost in a crash is no vote for the one it has now', () => {
  const group = new Group(3, {}, oneEntry)
  group.elect(3)
  group.propose(3, 'C')
  const appends = group.drain(3)
  for (const message of appends) group.deliver(message)
  for (const answer of group.drain(2)) group.deliver(answer)
  assert.equal(group.status(3).commit, 3)
  // The first one has C in memory only, and campaigns with it; the second one's disk is slow.
  group.raft(1).takeReady()
  group.raft(1).campaign()
  for (const message of group.raft(1).takeReady().messages) if (message.to === 2) group.deliver(message)
  const slow = group.raft(2).takeReady()
  group.restart(1)
  const late = group.finish(2, slow)
  assert.equal(ofKind(late, 'vote-answer')[0]?.isGranted, true)
  group.raft(1).campaign()
  group.drain(1)
  for (const message of late) group.deliver(message)
  assert.deepEqual([group.status(1).role, group.status(1).lastIndex], ['candidate', 2])
})

test('a member that has lost its commit index starts with what its state has applied', () => {
  const { log, snapshot } = new Group(1).member(1)
  log.append([1, 2, 3].map((index) => ({ term: 1, index, data: noData })))
  log.hardState = { term: 1, vote: 0, commit: 1 }
  assert.ok(snapshot)
  const raft = new Raft({ ...defaultOptions, id: 1 }, log, 2)
  assert.deepEqual([raft.status.commit, raft.status.applied], [2, 2])
})

test('a member whose commit index is ahead of a log that was torn off starts at the end of the log', () => {
  const { log } = new Group(1).member(1)
  log.append([1, 2].map((index) => ({ term: 1, index, data: noData })))
  log.hardState = { term: 1, vote: 0, commit: 7 }
  assert.equal(new Raft({ ...defaultOptions, id: 1 }, log).status.commit, 2)
  assert.throws(
    () => new Raft({ ...defaultOptions, id: 1 }, log, 3),
    /a state holds nothing that its log has lost/,
  )
})

test('a single voter that was restarted answers no read before it has committed what it had', () => {
  const group = new Group(1)
  group.elect(1)
  group.propose(1, 'a')
  group.settle()
  group.member(1).log.hardState = { term: 1, vote: 1, commit: 1 }
  group.restart(1)
  group.raft(1).campaign()
  assert.equal(group.raft(1).read(1), 'no leader')
  group.finish(1, group.raft(1).takeReady())
  assert.equal(group.raft(1).read(1), undefined)
  const ready = group.raft(1).takeReady()
  assert.deepEqual(ready.reads, [])
  group.finish(1, ready)
  assert.deepEqual(group.raft(1).takeReady().reads, [{ request: 1, index: 3 }])
})

test('writes that are said to be durable out of order are a broken invariant', () => {
  const group = new Group(1)
  group.elect(1)
  group.propose(1, 'a')
  const first = group.raft(1).takeReady()
  group.propose(1, 'b')
  const second = group.raft(1).takeReady()
  group.raft(1).onDurable(second)
  assert.throws(() => group.raft(1).onDurable(first), /in the order in which they were taken/)
})

test('a snapshot and the entries behind it may come out together, and are both written', () => {
  const group = new Group(3)
  const configuration = { ...emptyConfiguration, voters: group.ids }
  const snapshot = { term: 1, index: 5, configuration, data: noData }
  const entries = [{ term: 1, index: 6, data: Buffer.from('x') }]
  const head = { from: 2, to: 1, term: 1 } as const
  group.deliver({ kind: 'snapshot', ...head, snapshot })
  group.deliver({ kind: 'append', ...head, previous: { term: 1, index: 5 }, entries, commit: 6 })
  const ready = group.raft(1).takeReady()
  assert.deepEqual([ready.snapshot?.index, ready.entries.length], [5, 1])
  group.finish(1, ready)
  group.settle()
  assert.deepEqual([group.texts(1), group.status(1).commit], [['x'], 6])
})

test('a snapshot that does not name a member is not for it', () => {
  const group = new Group(3)
  const snapshot = {
    term: 1,
    index: 5,
    configuration: { ...emptyConfiguration, voters: [2, 3] },
    data: noData,
  }
  group.deliver({ kind: 'snapshot', from: 2, to: 1, term: 1, snapshot })
  const answers = ofKind(group.drain(1), 'append-answer')
  assert.deepEqual([answers[0]?.index, group.status(1).lastIndex], [0, 0])
})

test('where that is asked for, committed entries are applied only when they are durable here', () => {
  const group = new Group(3, { appliesBeforeDurable: false })
  const head = { from: 2, to: 1, term: 1 } as const
  const message: Message = {
    kind: 'append',
    ...head,
    previous: { term: 0, index: 0 },
    entries: [{ term: 1, index: 1, data: Buffer.from('x') }],
    commit: 1,
  }
  group.deliver(message)
  const ready = group.raft(1).takeReady()
  assert.deepEqual(ready.committed, [])
  group.finish(1, ready)
  assert.equal(group.raft(1).takeReady().committed.length, 1)
})
