// One test for each sentence of the Raft paper (Ongaro and Ousterhout, 2014) that says what a server does: §7 and §8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyConfiguration } from '../../../node/core/raft/configuration.ts'
import { electionTicks, entriesOf, Group, ofKind } from './group.ts'

test('7 a follower that lacks what the leader has compacted gets a snapshot, and what follows', () => {
  const group = new Group(3)
  group.elect(1)
  group.leaveBehind(1, 3, 'a', 'b')
  group.heal()
  group.tick(1)
  group.settle()
  group.propose(1, 'c')
  group.settle()
  assert.deepEqual(group.texts(3), ['c'])
  assert.equal(Buffer.from(group.member(3).snapshot.data).toString(), 'abc')
})

test('7 a snapshot of what a follower has keeps the entries behind it', () => {
  const group = new Group(3, {}, { 1: { term: 1, log: [1, 1, 1] } })
  const configuration = { ...emptyConfiguration, voters: group.ids }
  const snapshot = { term: 1, index: 2, configuration, data: Buffer.from('s') }
  group.deliver({ kind: 'snapshot', from: 2, to: 1, term: 1, snapshot })
  group.drain(1)
  assert.deepEqual(group.entries(1), entriesOf([1, 1, 1]))
  assert.equal(group.status(1).commit, 2)
})

test('7 a snapshot that contradicts a follower takes the place of its whole log', () => {
  const group = new Group(3, {}, { 1: { term: 2, log: [1, 1, 1] } })
  const configuration = { ...emptyConfiguration, voters: group.ids }
  const snapshot = { term: 2, index: 2, configuration, data: Buffer.from('s') }
  group.deliver({ kind: 'snapshot', from: 2, to: 1, term: 2, snapshot })
  group.drain(1)
  assert.deepEqual(group.terms(1), [])
  assert.deepEqual([group.status(1).commit, group.status(1).lastIndex], [2, 2])
})

test('7 an old snapshot does not take a follower back', () => {
  const group = new Group(3)
  group.elect(1)
  group.propose(1, 'a', 'b')
  group.settle()
  const configuration = { ...emptyConfiguration, voters: group.ids }
  group.member(2).log.compact(3)
  group.deliver({
    kind: 'snapshot',
    ...{ from: 1, to: 2, term: 1, snapshot: { term: 1, index: 2, configuration, data: Buffer.from('old') } },
  })
  group.settle()
  assert.deepEqual([group.status(2).commit, group.status(2).lastIndex], [3, 3])
})

test('7 a member that has not been heard of is sent no snapshot before it answers', () => {
  const group = new Group(3, { checkQuorum: true })
  group.elect(1)
  group.isolate(3)
  group.propose(1, 'a')
  for (let count = 0; count < 2 * electionTicks; count++) {
    group.tick(1)
    group.settle()
  }
  group.member(1).log.compact(2)
  group.raft(1).reportUnreachable(3)
  group.propose(1, 'b')
  assert.deepEqual(ofKind(group.drain(1), 'snapshot'), [])
  group.heal()
  group.tick(1)
  group.settle()
  assert.equal(group.status(3).commit, group.status(1).commit)
})

test('8 a leader begins its term with an entry that says nothing', () => {
  const group = new Group(3)
  group.elect(1)
  assert.deepEqual(
    group.entries(1).map(({ term, data }) => [term, data.length]),
    [[1, 0]],
  )
})

test('8 a read is answered once a majority has answered heartbeats that were sent after it', () => {
  const group = new Group(3)
  group.elect(1)
  group.propose(1, 'a')
  group.settle()
  group.raft(1).read(7)
  const heartbeats = ofKind(group.drain(1), 'heartbeat')
  assert.equal(heartbeats.length, 2)
  for (const message of heartbeats.slice(0, 1)) group.deliver(message)
  for (const answer of group.drain(2)) group.raft(1).step(answer)
  assert.deepEqual(group.raft(1).takeReady().reads, [{ request: 7, index: 2 }])
})

test('8 a leader that has committed nothing of its term answers no read before it has', () => {
  const group = new Group(3)
  group.raft(1).campaign()
  for (const message of group.drain(1)) group.deliver(message)
  for (const message of [...group.drain(2), ...group.drain(3)]) group.deliver(message)
  assert.equal(group.status(1).role, 'leader')
  group.raft(1).read(1)
  const sent = group.drain(1)
  assert.deepEqual(ofKind(sent, 'heartbeat'), [])
  for (const message of sent) group.deliver(message)
  for (const message of [...group.drain(2), ...group.drain(3)]) group.deliver(message)
  assert.equal(ofKind(group.drain(1), 'heartbeat').length, 2)
})
