// One test for each sentence of the Raft paper (Ongaro and Ousterhout, 2014) that says what a server does: §5.1, §5.2, §5.4.1.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noData } from '../../../node/core/raft/entry.ts'
import type { Message } from '../../../node/core/raft/messages.ts'
import { electionTicks, Group, ofKind } from './group.ts'

/** The end of an empty log. */
const last = { term: 0, index: 0 }
const heartbeat = (term: number): Message => ({
  kind: 'heartbeat',
  from: 2,
  to: 1,
  term,
  commit: 0,
  round: 0,
})

const roles: readonly (readonly [string, (group: Group) => void])[] = [
  ['follower', () => undefined],
  ['candidate', (group) => group.raft(1).campaign()],
  ['leader', (group) => group.elect(1)],
]

for (const [role, become] of roles) {
  test(`5.1 a ${role} that hears of a later term takes it and becomes a follower`, () => {
    const group = new Group(3)
    become(group)
    assert.equal(group.status(1).role, role)
    group.deliver(heartbeat(7))
    assert.deepEqual([group.status(1).role, group.status(1).term, group.status(1).leader], ['follower', 7, 2])
  })
}

test('5.1 a request of an old term changes nothing', () => {
  const group = new Group(3, {}, { 1: { term: 2 } })
  const entries = [{ term: 1, index: 1, data: noData }]
  const previous = { term: 0, index: 0 }
  group.deliver({ kind: 'append', from: 2, to: 1, term: 1, previous, entries, commit: 1 })
  assert.deepEqual(group.drain(1), [])
  assert.deepEqual([group.status(1).lastIndex, group.status(1).commit, group.status(1).leader], [0, 0, 0])
})

test('5.1 a vote that is asked for in an old term is not given', () => {
  const group = new Group(3, {}, { 1: { term: 2 } })
  group.deliver({ kind: 'vote', from: 2, to: 1, term: 1, last: { term: 1, index: 9 }, isTransfer: false })
  assert.deepEqual(group.drain(1), [])
})

test('5.2 servers start as followers', () => {
  assert.equal(new Group(3).status(1).role, 'follower')
})

test('5.2 leaders send heartbeats to all followers, again and again', () => {
  const group = new Group(3, { heartbeatTicks: 2 })
  group.elect(1)
  for (let count = 0; count < 3; count++) {
    group.tick(1)
    assert.deepEqual(group.drain(1), [])
    group.tick(1)
    const to = ofKind(group.drain(1), 'heartbeat').map((message) => message.to)
    assert.deepEqual(to, [2, 3])
  }
})

test('5.2 a follower that hears of nobody begins an election: a new term, a vote for itself, and everybody is asked', () => {
  const group = new Group(3, {}, { 1: { term: 4 } })
  group.tick(1, electionTicks)
  const requests = ofKind(group.drain(1), 'vote')
  assert.deepEqual(
    requests.map(({ to, term }) => [to, term]),
    [
      [2, 5],
      [3, 5],
    ],
  )
  assert.deepEqual(group.member(1).log.hardState, { term: 5, vote: 1, commit: 0 })
})

test('5.2 a candidate whose election comes to nothing begins another one, of a new term', () => {
  const group = new Group(3)
  group.tick(1, electionTicks)
  group.drain(1)
  group.tick(1, electionTicks)
  assert.deepEqual([group.status(1).role, group.status(1).term], ['candidate', 2])
})

test('5.2 who hears of a leader in time begins no election', () => {
  const group = new Group(3)
  group.elect(1)
  for (let count = 0; count < 3 * electionTicks; count++) {
    group.tick(1)
    group.tick(2)
    group.tick(3)
    group.settle()
  }
  assert.deepEqual(group.leaders, [1])
  assert.equal(group.status(2).term, 1)
})

const elections: readonly (readonly [size: number, granted: number, denied: number, role: string])[] = [
  [1, 0, 0, 'leader'],
  [3, 1, 0, 'leader'],
  [3, 0, 0, 'candidate'],
  [3, 0, 2, 'follower'],
  [3, 0, 1, 'candidate'],
  [5, 2, 2, 'leader'],
  [5, 1, 2, 'candidate'],
  [5, 1, 3, 'follower'],
  [5, 2, 0, 'leader'],
]
for (const [size, granted, denied, role] of elections) {
  test(`5.2 with ${granted + 1} of ${size} votes and ${denied} against it a candidate is a ${role}`, () => {
    const group = new Group(size)
    group.raft(1).campaign()
    group.drain(1)
    for (let from = 2; from < 2 + granted + denied; from++)
      group.deliver({ kind: 'vote-answer', from, to: 1, term: 1, isGranted: from < 2 + granted, last })
    group.drain(1)
    assert.equal(group.status(1).role, role)
  })
}

test('5.2 the vote of one server counts once, whatever it says later', () => {
  const group = new Group(5)
  group.raft(1).campaign()
  group.drain(1)
  const answer = (from: number, isGranted: boolean): void =>
    group.deliver({ kind: 'vote-answer', from, to: 1, term: 1, isGranted, last })
  for (const isGranted of [false, true, true]) answer(2, isGranted)
  answer(3, true)
  assert.equal(group.status(1).role, 'candidate')
  answer(4, true)
  assert.equal(group.status(1).role, 'leader')
})

test('5.2 a server votes once a term, for who asks first', () => {
  const group = new Group(3)
  const ask = (from: number): boolean[] => {
    group.deliver({ kind: 'vote', from, to: 1, term: 1, last: { term: 0, index: 0 }, isTransfer: false })
    return ofKind(group.drain(1), 'vote-answer').map(({ isGranted }) => isGranted)
  }
  assert.deepEqual([ask(2), ask(3), ask(2)], [[true], [false], [true]])
})

test('5.2 a server that has given its vote begins no election before another election’s time', () => {
  // It is in the term already: taking that begins the time anew as well.
  const group = new Group(3, {}, { 1: { term: 1 } })
  group.tick(1, electionTicks - 1)
  group.deliver({ kind: 'vote', from: 2, to: 1, term: 1, last, isTransfer: false })
  assert.equal(ofKind(group.drain(1), 'vote-answer')[0]?.isGranted, true)
  group.tick(1, electionTicks - 1)
  assert.equal(group.status(1).role, 'follower')
  group.tick(1)
  assert.equal(group.status(1).role, 'candidate')
})

test('5.2 nor does a vote that was refused give more time', () => {
  const group = new Group(3, {}, { 1: { term: 1, vote: 3 } })
  group.tick(1, electionTicks - 1)
  group.deliver({ kind: 'vote', from: 2, to: 1, term: 1, last, isTransfer: false })
  group.tick(1)
  assert.equal(group.status(1).role, 'candidate')
})

test('5.2 a server that was restarted still knows whom it voted for', () => {
  const group = new Group(3)
  group.deliver({ kind: 'vote', from: 2, to: 1, term: 1, last: { term: 0, index: 0 }, isTransfer: false })
  group.drain(1)
  group.restart(1)
  group.deliver({ kind: 'vote', from: 3, to: 1, term: 1, last: { term: 0, index: 0 }, isTransfer: false })
  assert.deepEqual(
    ofKind(group.drain(1), 'vote-answer').map(({ isGranted }) => isGranted),
    [false],
  )
})

test('5.2 a candidate that hears of a leader of its term becomes its follower', () => {
  const group = new Group(3)
  group.raft(1).campaign()
  group.deliver(heartbeat(1))
  assert.deepEqual([group.status(1).role, group.status(1).term, group.status(1).leader], ['follower', 1, 2])
})

test('5.2 a candidate that hears of a leader of an older term goes on', () => {
  const group = new Group(3, {}, { 1: { term: 4 } })
  group.raft(1).campaign()
  group.deliver(heartbeat(3))
  assert.equal(group.status(1).role, 'candidate')
})

test('5.2 times of elections are drawn from a range, anew for each', () => {
  const draws = [0, 0.5, 0.999]
  const seen = new Set<number>()
  for (let count = 0; count < 6; count++) {
    const waiting = new Group(3, { random: () => draws[count % draws.length] ?? 0 })
    let ticks = 0
    while (waiting.status(1).role === 'follower') {
      waiting.tick(1)
      ticks++
    }
    seen.add(ticks)
  }
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [electionTicks, 1.5 * electionTicks, 2 * electionTicks - 1],
  )
})

test('5.2 a candidate draws the time of its next election anew', () => {
  const draws = [0, 0.5, 0.999]
  let drawn = 0
  const group = new Group(3, { random: () => draws[drawn++ % draws.length] ?? 0 })
  const lengths = new Set<number>()
  const tickToNextTerm = (): number => {
    const { term } = group.status(1)
    for (let ticks = 1; ; ticks++) {
      group.tick(1)
      group.drain(1)
      if (group.status(1).term > term) return ticks
    }
  }
  tickToNextTerm()
  for (let round = 0; round < 2 * draws.length; round++) {
    assert.equal(group.status(1).role, 'candidate')
    lengths.add(tickToNextTerm())
  }
  assert.deepEqual(
    [...lengths].sort((a, b) => a - b),
    [electionTicks, 1.5 * electionTicks, 2 * electionTicks - 1],
  )
})

const logs: readonly (readonly [
  what: string,
  own: readonly number[],
  candidate: readonly number[],
  isGranted: boolean,
])[] = [
  ['a later last term', [1, 1], [2], true],
  ['the same last term and the same length', [1, 1], [1, 1], true],
  ['the same last term and more entries', [1], [1, 1], true],
  ['an older last term, though more entries', [2], [1, 1, 1], false],
  ['the same last term and fewer entries', [1, 1], [1], false],
  ['nothing, as the voter', [], [], true],
  ['nothing, and the voter something', [1], [], false],
]
for (const [what, own, candidate, isGranted] of logs) {
  test(`5.4.1 a vote is ${isGranted ? 'given to' : 'refused to'} a candidate whose log has ${what}`, () => {
    const group = new Group(3, {}, { 1: { term: 2, log: own }, 2: { term: 2, log: candidate } })
    group.raft(2).campaign()
    for (const message of group.drain(2)) if (message.to === 1) group.deliver(message)
    assert.deepEqual(
      ofKind(group.drain(1), 'vote-answer').map((answer) => answer.isGranted),
      [isGranted],
    )
  })
}
