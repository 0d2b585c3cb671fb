// Changing who belongs to a group, while it works (Raft thesis §4).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MembershipChange, simpleChange } from '../../../node/core/raft/change.ts'
import { noData } from '../../../node/core/raft/entry.ts'
import type { Message } from '../../../node/core/raft/messages.ts'
import { electionTicks, Group } from './group.ts'

function change(words: string, transition: MembershipChange['transition'] = 'auto'): MembershipChange {
  const kinds = { v: 'voter', l: 'learner', r: 'remove' } as const
  const changes = words.split(' ').map((word) => ({
    kind: kinds[word[0] as keyof typeof kinds],
    id: Number(word.slice(1)),
  }))
  return { changes: words === '' ? [] : changes, transition }
}

function request(group: Group, id: number, words: string, transition?: MembershipChange['transition']): void {
  assert.equal(group.raft(id).propose([{ data: noData, change: change(words, transition) }]), undefined)
  group.settle()
}

function votersOf(group: Group, id: number): number[] {
  return [...group.status(id).configuration.voters].sort((a, b) => a - b)
}

test('a learner gets everything and does not count for what is committed', () => {
  const group = new Group(3)
  group.elect(1)
  request(group, 1, 'l3')
  group.isolate(2)
  group.propose(1, 'x')
  group.settle()
  assert.deepEqual(group.texts(1), [])
  assert.deepEqual(group.terms(3), group.terms(1))
  group.heal()
  group.tick(1)
  group.settle()
  assert.deepEqual(group.texts(3), ['x'])
})

test('a learner never campaigns', () => {
  const group = new Group(3)
  group.elect(1)
  request(group, 1, 'l3')
  group.tick(3, 5 * electionTicks)
  assert.equal(group.status(3).role, 'follower')
})

test('a learner knows of no leader once it has heard of none for an election’s time, and of one again when it has', () => {
  const group = new Group(3)
  group.elect(1)
  request(group, 1, 'l3')
  group.tick(3, electionTicks - 1)
  assert.equal(group.status(3).leader, 1)
  group.tick(3, electionTicks)
  assert.equal(group.status(3).leader, 0)
  group.tick(1)
  group.settle()
  assert.equal(group.status(3).leader, 1)
  group.tick(3, electionTicks - 1)
  assert.equal(group.status(3).leader, 1)
})

test('a member that does not know that it was made a voter votes', () => {
  const group = new Group(3)
  group.elect(1)
  request(group, 1, 'l3')
  group.isCut = (_from, to) => to === 3
  request(group, 1, 'v3')
  assert.equal(group.status(3).isLearner, true)
  group.isolate(1)
  group.elect(2)
  assert.deepEqual(group.leaders.includes(2), true)
})

test('a joint configuration decides with majorities of both halves', () => {
  const group = new Group(5)
  group.elect(1)
  request(group, 1, 'r2 r3', 'explicit')
  assert.ok(group.status(1).configuration.isJoint)
  // Of 1, 4 and 5 a majority is there; of all five it is not.
  group.isolate(2, 3, 5)
  group.propose(1, 'x')
  group.settle()
  assert.deepEqual(group.texts(1), [])
  group.isolate(2, 3)
  group.tick(1)
  group.settle()
  assert.deepEqual(group.texts(1), ['x'])
})

test('a leader leaves a joint configuration by itself, where that was asked for', () => {
  const group = new Group(5)
  group.elect(1)
  request(group, 1, 'r4 r5')
  assert.deepEqual([votersOf(group, 1), group.status(1).configuration.isJoint], [[1, 2, 3], false])
})

test('only one change is under way at a time: another one becomes an entry that changes nothing', () => {
  const group = new Group(5)
  group.elect(1)
  assert.equal(group.raft(1).propose([{ data: noData, change: change('r5') }]), undefined)
  assert.equal(group.raft(1).propose([{ data: noData, change: change('r4') }]), undefined)
  group.settle()
  assert.deepEqual(votersOf(group, 1), [1, 2, 3, 4])
})

test('a new leader makes no change before it has applied everything it found', () => {
  const group = new Group(3, {}, { 1: { term: 1, log: [1] }, 2: { term: 1, log: [1] } })
  group.raft(1).campaign()
  for (const message of group.drain(1)) if (message.to === 2) group.deliver(message)
  for (const message of group.drain(2)) group.deliver(message)
  assert.equal(group.status(1).role, 'leader')
  assert.equal(group.raft(1).propose([{ data: noData, change: change('r3') }]), undefined)
  group.settle()
  assert.deepEqual(votersOf(group, 1), [1, 2, 3])
  request(group, 1, 'r3')
  assert.deepEqual(votersOf(group, 1), [1, 2])
})

test('a leader that is removed commits that, steps down, and the others elect another one', () => {
  const group = new Group(3)
  group.elect(1)
  request(group, 1, 'r1')
  assert.equal(group.status(1).role, 'follower')
  assert.equal(group.raft(1).propose([{ data: noData }]), 'no leader')
  group.tick(1, 5 * electionTicks)
  assert.equal(group.status(1).role, 'follower')
  group.elect(2)
  group.propose(2, 'x')
  group.settle()
  assert.deepEqual(group.texts(3), ['x'])
})

test('a leader that is removed takes nothing more, though it leads on', () => {
  const group = new Group(3, { stepsDownOnRemoval: false })
  group.elect(1)
  request(group, 1, 'r1')
  assert.equal(group.raft(1).propose([{ data: noData }]), 'not a member')
})

test('a leader that is removed does not count itself for the entries behind', () => {
  const group = new Group(3, { stepsDownOnRemoval: false })
  group.elect(1)
  group.isolate(3)
  const deliver = (messages: readonly Message[], to: number): void => {
    for (const message of messages) if (message.to === to) group.deliver(message)
  }
  assert.equal(group.raft(1).propose([{ data: noData, change: change('r1') }]), undefined)
  deliver(group.drain(1), 2)
  group.propose(1, 'x')
  const behind = group.drain(1)
  // It is removed by what it and the second have; what follows needs the second and the third.
  deliver(group.drain(2), 1)
  group.drain(1)
  assert.deepEqual([votersOf(group, 1), group.status(1).commit], [[2, 3], 2])
  deliver(behind, 2)
  deliver(group.drain(2), 1)
  assert.equal(group.terms(2).length, 3)
  assert.equal(group.status(1).commit, 2)
  group.heal()
  group.tick(1)
  group.settle()
  assert.equal(group.status(1).commit, 3)
})

test('a member that was removed and does not know it deposes nobody', () => {
  const group = new Group(3, { checkQuorum: true, preVote: true })
  group.elect(1)
  group.isCut = (_from, to) => to === 3
  request(group, 1, 'r3')
  group.heal()
  group.tick(3, 3 * electionTicks)
  group.settle()
  assert.deepEqual([group.leaders, group.status(1).term], [[1], 1])
})

test('the last voter cannot be removed', () => {
  const group = new Group(1)
  group.elect(1)
  assert.equal(group.raft(1).propose([{ data: noData, change: change('r1') }]), undefined)
  assert.throws(() => group.settle(), /removed all voters/)
})

test('leadership is not handed to a learner, nor to who was removed meanwhile', () => {
  const group = new Group(3)
  group.elect(1)
  request(group, 1, 'l3')
  group.raft(1).transfer(3)
  assert.equal(group.raft(1).propose([{ data: noData }]), undefined)
  group.settle()
  assert.deepEqual(group.leaders, [1])
})

test('who is being handed leadership and is removed meanwhile holds up proposals no longer', () => {
  const group = new Group(3)
  group.elect(1)
  group.isolate(3)
  assert.equal(group.raft(1).propose([{ data: noData, change: change('r3') }]), undefined)
  group.raft(1).transfer(3)
  assert.equal(group.raft(1).propose([{ data: noData }]), 'leadership is being handed over')
  group.settle()
  assert.equal(group.raft(1).propose([{ data: noData }]), undefined)
})

test('a member does not campaign before it has applied a change that is committed', () => {
  const group = new Group(3)
  group.elect(1)
  request(group, 1, 'l3')
  const { raft } = group.member(2)
  const entries = [{ term: 1, index: 3, data: noData, change: change('v3') }]
  group.deliver({
    kind: 'append',
    from: 1,
    to: 2,
    term: 1,
    previous: { term: 1, index: 2 },
    entries,
    commit: 3,
  })
  raft.campaign()
  assert.equal(group.status(2).role, 'follower')
  group.drain(2)
  raft.campaign()
  assert.equal(group.status(2).role, 'candidate')
})

test('a change that the log of another leader has replaced was counted by nobody, and is forgotten', () => {
  const group = new Group(3)
  group.elect(1)
  group.isolate(1)
  request(group, 1, 'r2 r3')
  assert.ok(group.entries(1).some((entry) => entry.change !== undefined))
  // It would be a majority of what it has proposed.
  group.propose(1, 'lost')
  group.settle()
  assert.deepEqual([votersOf(group, 1), group.texts(1)], [[1, 2, 3], []])
  group.elect(2)
  group.propose(2, 'x')
  group.settle()
  group.heal()
  group.tick(2)
  group.settle()
  for (const id of group.ids) {
    assert.deepEqual([votersOf(group, id), group.texts(id)], [[1, 2, 3], ['x']])
    assert.ok(group.entries(id).every((entry) => entry.change === undefined))
  }
  // The next change is not held up by the one that was lost.
  request(group, 2, 'r3')
  assert.deepEqual(votersOf(group, 1), [1, 2])
})

test('entries that are enough for fewer members are committed when these are fewer', () => {
  const group = new Group(4)
  group.elect(1)
  assert.equal(group.raft(1).propose([{ data: noData, change: change('r4') }]), undefined)
  group.propose(1, 'x')
  group.drain(1)
  // Change and entry have two of four; then the change has three.
  const answer = (from: number, index: number): void =>
    group.deliver({ kind: 'append-answer', from, to: 1, term: 1, index, hint: undefined })
  answer(2, 3)
  answer(3, 2)
  assert.equal(group.status(1).commit, 2)
  group.drain(1)
  assert.equal(group.status(1).commit, 3)
})

test('a joint configuration is left once', () => {
  const group = new Group(5)
  group.elect(1)
  assert.equal(group.raft(1).propose([{ data: noData, change: change('r4 r5') }]), undefined)
  group.propose(1, 'a', 'b', 'c')
  group.settle()
  const kinds = group.entries(1).map((entry) => (entry.change === undefined ? entry.data.length : 'change'))
  assert.deepEqual(kinds, [0, 'change', 1, 1, 1, 'change'])
})

test('two voters are not changed at once without a joint configuration', () => {
  const { configuration, progress } = new Group(3).status(1)
  const context = { lastIndex: 1, limits: { messages: 1, bytes: 1 } }
  assert.throws(
    () => simpleChange({ configuration, progress }, change('r2 r3').changes, context),
    /more than one voter changed/,
  )
})
