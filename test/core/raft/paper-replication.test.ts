// One test for each sentence of the Raft paper (Ongaro and Ousterhout, 2014) that says what a server does: §5.3, §5.4.2, §5.5.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../../node/core/raft/messages.ts'
import { Group, ofKind } from './group.ts'

test('5.3 a leader appends what is proposed, and asks all others at once to do the same', () => {
  const group = new Group(3)
  group.elect(1)
  group.propose(1, 'x')
  const appends = ofKind(group.drain(1), 'append')
  assert.deepEqual(
    appends.map(({ to, previous, entries }) => [to, previous.index, entries.length]),
    [
      [2, 1, 1],
      [3, 1, 1],
    ],
  )
  assert.deepEqual(group.terms(1), [1, 1])
})

test('5.3 an entry is committed once a majority has stored it, and is applied then', () => {
  const group = new Group(5)
  group.elect(1)
  group.isCut = (from, to) => [3, 4, 5].includes(from) || [3, 4, 5].includes(to)
  group.propose(1, 'x')
  group.settle()
  assert.deepEqual(group.texts(1), [])
  group.isCut = (from, to) => [4, 5].includes(from) || [4, 5].includes(to)
  group.tick(1)
  group.settle()
  assert.deepEqual(group.texts(1), ['x'])
})

test('5.3 followers hear what is committed and apply it, in the order of the log', () => {
  const group = new Group(3)
  group.elect(1)
  group.propose(1, 'a', 'b', 'c')
  group.settle()
  for (const id of group.ids) assert.deepEqual(group.texts(id), ['a', 'b', 'c'])
})

test('5.3 a leader sends again, without end, until a follower has stored everything', () => {
  const group = new Group(3)
  group.elect(1)
  group.isolate(3)
  group.propose(1, 'a', 'b')
  group.settle()
  group.heal()
  assert.deepEqual(group.texts(3), [])
  group.tick(1)
  group.settle()
  assert.deepEqual(group.texts(3), ['a', 'b'])
})

test('5.3 committing an entry commits all before it, also those of leaders before', () => {
  const group = new Group(3, {}, { 1: { term: 2, log: [1, 2] }, 2: { term: 2, log: [1] } })
  group.elect(1)
  assert.deepEqual(group.texts(1), ['1/1', '2/2'])
  assert.equal(group.status(1).commit, 3)
})

const checks: readonly (readonly [what: string, term: number, index: number, isTaken: boolean])[] = [
  ['the start of the log', 0, 0, true],
  ['an entry that it has', 1, 1, true],
  ['its last entry', 2, 2, true],
  ['an entry that is of another term there', 1, 2, false],
  ['an entry that it has not', 2, 3, false],
]
for (const [what, term, index, isTaken] of checks) {
  test(`5.3 a follower ${isTaken ? 'takes' : 'refuses'} entries that follow ${what}`, () => {
    const group = new Group(3, {}, { 1: { term: 2, log: [1, 2] } })
    group.deliver({
      kind: 'append',
      from: 2,
      to: 1,
      term: 2,
      previous: { term, index },
      entries: [],
      commit: 0,
    })
    const [answer] = ofKind(group.drain(1), 'append-answer')
    assert.equal(answer?.hint === undefined, isTaken)
    assert.equal(answer?.index, index)
  })
}

const conflicts: readonly (readonly [own: number[], after: number, sent: number[], then: number[]])[] = [
  [[1, 2], 2, [3], [1, 2, 3]],
  [[1, 2], 1, [3, 4], [1, 3, 4]],
  [[1, 2], 0, [1], [1, 2]],
  [[1, 2], 0, [3], [3]],
  [[1, 2, 2], 1, [2], [1, 2, 2]],
]
for (const [own, after, sent, then] of conflicts) {
  test(`5.3 behind entry ${after} of ${own} the entries ${sent} make ${then}`, () => {
    const group = new Group(3, {}, { 1: { term: 4, log: own } })
    const entries = sent.map((term, at) => ({ term, index: after + 1 + at, data: Buffer.from('new') }))
    const previous = { term: own[after - 1] ?? 0, index: after }
    group.deliver({ kind: 'append', from: 2, to: 1, term: 4, previous, entries, commit: 0 })
    group.drain(1)
    assert.deepEqual(group.terms(1), then)
  })
}

test('5.3 a follower commits nothing beyond what the leader has shown to be equal', () => {
  const group = new Group(3, {}, { 1: { term: 2, log: [1, 1, 1] } })
  const previous = { term: 1, index: 1 }
  group.deliver({ kind: 'append', from: 2, to: 1, term: 2, previous, entries: [], commit: 3 })
  assert.equal(group.status(1).commit, 1)
})

test('5.3 an old request is answered with what is committed', () => {
  const group = new Group(3, {}, { 1: { term: 1, log: [1, 1, 1], commit: 2 } })
  group.deliver({
    kind: 'append',
    from: 2,
    to: 1,
    term: 1,
    previous: { term: 0, index: 0 },
    entries: [],
    commit: 0,
  })
  assert.deepEqual(
    ofKind(group.drain(1), 'append-answer').map(({ index, hint }) => [index, hint]),
    [[2, undefined]],
  )
})

const leaderLog = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
const figure7: readonly (readonly [string, number[]])[] = [
  ['a', [1, 1, 1, 4, 4, 5, 5, 6, 6]],
  ['b', [1, 1, 1, 4]],
  ['c', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
  ['d', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
  ['e', [1, 1, 1, 4, 4, 4, 4]],
  ['f', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
]
for (const [name, log] of figure7) {
  test(`5.3 a leader makes the log of follower (${name}) of figure 7 equal to its own`, () => {
    const group = new Group(3, {}, { 1: { term: 7, log: leaderLog }, 2: { term: 7, log }, 3: { term: 7 } })
    // The follower of (d) and (c) would not vote for it; the third one does.
    group.isolate(2)
    group.elect(1)
    group.heal()
    group.propose(1, 'x')
    group.settle()
    group.tick(1)
    group.settle()
    assert.deepEqual(group.entries(2), group.entries(1))
    assert.deepEqual(group.terms(2), [...leaderLog, 8, 8])
  })
}

test('5.3 a refusal names where the logs may match, and one question a term is enough', () => {
  const own = [...Array.from({ length: 500 }, () => 1), ...Array.from({ length: 500 }, () => 2)]
  const other = [...Array.from({ length: 500 }, () => 1), ...Array.from({ length: 300 }, () => 3)]
  const group = new Group(3, {}, { 1: { term: 3, log: other }, 2: { term: 3, log: own }, 3: { term: 3 } })
  group.isolate(2)
  group.elect(1)
  group.heal()
  group.tick(1)
  let refused = 0
  const { deliver } = group
  group.deliver = (message: Message) => {
    if (message.kind === 'append-answer' && message.hint !== undefined) refused++
    deliver.call(group, message)
  }
  group.settle()
  assert.deepEqual(group.terms(2), [...other, 4])
  assert.ok(refused <= 2, `${refused} refusals`)
})

test('5.4.2 an entry of a term before is not committed by counting who has it (figure 8)', () => {
  const logs = { 1: { term: 3, log: [1, 2] }, 2: { term: 3, log: [1, 2] }, 3: { term: 3, log: [1] } }
  const group = new Group(5, {}, logs)
  group.isCut = (from, to) => [4, 5].includes(from) || [4, 5].includes(to)
  const { deliver } = group
  // Nothing of the leader's own term arrives; what its predecessors had does.
  group.deliver = (message: Message) => {
    if (message.kind !== 'append') return deliver.call(group, message)
    deliver.call(group, { ...message, entries: message.entries.filter(({ term }) => term < 4) })
  }
  group.elect(1)
  assert.deepEqual(
    [1, 2, 3].map((id) => group.terms(id)),
    [
      [1, 2, 4],
      [1, 2],
      [1, 2],
    ],
  )
  assert.equal(group.status(1).commit, 0)
  group.deliver = deliver
  group.tick(1)
  group.settle()
  assert.equal(group.status(1).commit, 3)
})

test('5.3 a follower keeps what follows the entries of a request that comes twice, committed or not', () => {
  const group = new Group(3)
  group.elect(1)
  // The leader hears of nobody, so that nothing more is committed.
  group.isCut = (from, to) => to === 1 || from === 3 || to === 3
  group.propose(1, 'a')
  const [early] = ofKind(group.drain(1), 'append')
  group.deliver(early as Message)
  group.settle()
  group.propose(1, 'b', 'c')
  group.settle()
  const before = group.entries(2)
  assert.deepEqual([before.length, group.status(2).commit], [4, 1])
  group.deliver(early as Message)
  group.settle()
  assert.deepEqual(group.entries(2), before)
})

test('5.3 a leader overwrites and deletes nothing of its log, whatever comes from the term before or from its own', () => {
  const group = new Group(3, {}, { 1: { term: 1, log: [1, 1] }, 2: { term: 1, log: [1] } })
  group.elect(1)
  const before = group.entries(1)
  for (const term of [1, group.status(1).term]) {
    const data = new TextEncoder().encode('other')
    const entries = [2, 3].map((index) => ({ term, index, data }))
    const previous = { term: 1, index: 1 }
    group.deliver({ kind: 'append', from: 2, to: 1, term, previous, entries, commit: 3 })
    group.settle()
    assert.deepEqual([group.entries(1), group.leaders], [before, [1]])
  }
})

test('5.5 a request that comes twice does no harm', () => {
  const group = new Group(3)
  group.elect(1)
  group.propose(1, 'a')
  const messages = group.drain(1)
  for (const message of [...messages, ...messages]) group.deliver(message)
  group.settle()
  assert.deepEqual(group.texts(2), ['a'])
  assert.deepEqual(group.terms(2), [1, 1])
})
