// The check over queues: each message is due to one member, and journals tell which members had come by it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckResult } from '../../audit/check-result.ts'
import { renderCheckText } from '../../audit/check-text.ts'
import {
  base,
  check,
  findingsOf,
  gap,
  got,
  journal,
  type Line,
  type Lines,
  placed,
  sent,
  sentInOrder,
  start,
  stop,
} from './history.ts'

const origin = 'A#1'
const all = Array.from({ length: 64 }, (_, slot) => slot)
const left = all.slice(0, 32)
const right = all.slice(32)

function member(at: number, id: string, queue = 'workers', patterns: readonly string[] = ['>']): Line {
  return { t: 'sub', at, sub: id, kind: 'client', patterns, stream: 'default', queue }
}

function passed(at: number, id: string, slots: readonly number[], to: number): Line {
  return { t: 'passed', at, sub: id, stream: 'default', slots, seqs: { [origin]: to } }
}

function end(at: number, id: string, to: number): Line {
  return { t: 'end', at, sub: id, stream: 'default', seqs: { [origin]: to } }
}

const lost = (at: number, id: string): Line => ({ t: 'lost', at, sub: id, stream: 'default' })

/** A has sent 1 to 10, which have their places; B and C have members. */
function judge(ofB: Lines, ofC: Lines = [], ofA: Lines = []): CheckResult {
  const lines = [start(0, origin), sentInOrder(100, origin, 1, 10), placed(150, origin, 10), ...ofA]
  return check([
    journal('A', [...lines, stop(800, origin)]),
    journal('B', [start(0, 'B#1'), ...ofB]),
    journal('C', [start(0, 'C#1'), ...ofC]),
  ])
}

function countsOf(result: CheckResult): readonly number[] {
  const [row] = result.subscribers.filter(({ kind }) => kind === 'queue')
  assert.ok(row)
  const { expected, delivered, lostSilent, pending, unknown } = row.counts
  return [expected, delivered, lostSilent, pending, unknown]
}

test('what one of the members got is delivered, and all of them are one row', () => {
  const result = judge(
    [member(1, 'b'), got(200, 'b', origin, 1, 10, '1-3,7,9-10'), passed(300, 'b', left, 10)],
    [member(1, 'c'), got(200, 'c', origin, 4, 8, '4-6,8'), passed(300, 'c', right, 10)],
  )
  assert.deepEqual(findingsOf(result), [])
  assert.deepEqual(countsOf(result), [10, 10, 0, 0, 0])
  assert.deepEqual(
    result.subscribers.map(({ node, sub, name, state }) => [node, sub, name, state]),
    [['B,C', 'queue workers', 'workers', 'open']],
  )
})

test('what all members have come by and none got is lost', () => {
  const result = judge(
    [member(1, 'b'), got(200, 'b', origin, 1, 3), passed(300, 'b', left, 10)],
    [member(1, 'c'), got(200, 'c', origin, 6, 9), passed(300, 'c', right, 9)],
  )
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 4-5'])
  assert.deepEqual(countsOf(result), [10, 7, 2, 1, 0])
})

test('what a member has not come by is pending, however old, and so is everything while a slot is nobodys', () => {
  const slow = judge(
    [member(1, 'b'), got(200, 'b', origin, 1, 3), passed(90_000, 'b', left, 3)],
    [member(1, 'c'), passed(90_000, 'c', right, 10)],
  )
  assert.deepEqual(countsOf(slow), [10, 3, 0, 7, 0])
  const moving = judge(
    [member(1, 'b'), got(200, 'b', origin, 1, 3), passed(300, 'b', left.slice(1), 10)],
    [member(1, 'c'), passed(300, 'c', right, 10)],
  )
  assert.deepEqual(countsOf(moving), [10, 3, 0, 7, 0])
  const alone = judge([
    member(1, 'b'),
    got(200, 'b', origin, 1, 3),
    passed(300, 'b', all, 10),
    end(400, 'b', 10),
  ])
  assert.deepEqual(countsOf(alone), [10, 3, 0, 7, 0])
})

test('what two members got is doubled if neither has ended', () => {
  const ofC = [member(1, 'c'), got(250, 'c', origin, 5, 10), passed(300, 'c', right, 10)]
  const ofB = [member(1, 'b'), got(200, 'b', origin, 1, 6), passed(300, 'b', left, 10)]
  assert.deepEqual(findingsOf(judge(ofB, ofC)), ['duplicated A#1 5-6'])
  assert.deepEqual(findingsOf(judge([...ofB, end(310, 'b', 10)], ofC)), [])
  const again = [...ofB, lost(310, 'b'), end(310, 'b', 10)]
  assert.deepEqual(findingsOf(judge(again, [...ofC, passed(400, 'c', all, 10)])), [])
})

test('what one member got twice is doubled, and what comes behind a higher one is not out of order', () => {
  const twice = [
    member(1, 'b'),
    got(200, 'b', origin, 1, 10),
    got(210, 'b', origin, 4, 4),
    passed(300, 'b', all, 10),
  ]
  assert.deepEqual(findingsOf(judge(twice)), ['duplicated A#1 4'])
  const back = [
    member(1, 'b'),
    got(200, 'b', origin, 6, 10),
    got(210, 'b', origin, 1, 5),
    passed(300, 'b', all, 10),
  ]
  assert.deepEqual(findingsOf(judge(back)), [])
})

test('the queue begins where its first member says, and what is not in leader mode is not due', () => {
  const ofB = [
    member(1, 'b'),
    base(1, 'b', origin, 4),
    got(200, 'b', origin, 5, 10),
    passed(300, 'b', all, 12),
  ]
  const ofC = [member(2, 'c'), base(2, 'c', origin, 8), passed(300, 'c', [], 12)]
  const result = judge(ofB, ofC, [sent(200, origin, 11, 12)])
  assert.deepEqual(findingsOf(result), [])
  assert.deepEqual(countsOf(result), [6, 6, 0, 0, 0])
})

test('a retry that passed by is owed to no member, unless nothing is stored in its place', () => {
  const retry: Line = { ...sentInOrder(200, origin, 11, 12), producer: 'p', number: 7 }
  const voided: Line = { t: 'void', at: 250, stream: 'default', origin, from: 11, to: 12 }
  const ofA = [retry, placed(250, origin, 12), voided]
  const first: Line = { ...sentInOrder(90, 'C#1', 1, 2), producer: 'p', number: 7 }
  const ofB = [member(1, 'b'), got(200, 'b', origin, 1, 10), passed(300, 'b', all, 12)]
  const got12 = { ...got(120, 'b', 'C#1', 1, 2) }
  const here = [got12, { ...passed(310, 'b', all, 12), seqs: { [origin]: 12, 'C#1': 2 } }]
  const stored = judge([...ofB, ...here], [first, placed(100, 'C#1', 2)], ofA)
  assert.deepEqual(findingsOf(stored), [])
  assert.deepEqual(countsOf(stored), [12, 12, 0, 0, 0])
  const missing = judge([...ofB, stop(9000, 'B#1')], [stop(9000, 'C#1')], ofA)
  assert.deepEqual(countsOf(missing), [12, 10, 0, 2, 0])
})

test('a gap that a member was told is a loss, unless another one got it', () => {
  const ofB = [
    member(1, 'b'),
    gap(200, 'b', origin, 1, 6),
    got(210, 'b', origin, 7, 10),
    passed(300, 'b', all, 10),
  ]
  assert.deepEqual(findingsOf(judge(ofB)), ['lost-told A#1 1-6'])
  const ofC = [member(1, 'c'), got(200, 'c', origin, 1, 4), end(205, 'c', 4)]
  assert.deepEqual(findingsOf(judge(ofB, ofC)), ['lost-told A#1 5-6'])
})

test('what a crash or a hole may hide is unknown, and what was sent after it is not', () => {
  const ofB = [member(1, 'b'), got(120, 'b', origin, 1, 3), start(300, 'B#2'), member(310, 'b2')]
  const after = [passed(900, 'b2', all, 20)]
  const late = [sentInOrder(500, origin, 11, 20), placed(600, origin, 20)]
  const result = judge([...ofB, ...after], [], late)
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 11-20', 'unknown A#1 4-10'])
})

test('what was never sent, and what does not match, is told', () => {
  const phantom = [member(1, 'b'), got(200, 'b', origin, 1, 12), passed(300, 'b', all, 12)]
  assert.deepEqual(findingsOf(judge(phantom)), ['phantom A#1 11-12'])
  const other = [member(1, 'b', 'workers', ['x.>']), got(200, 'b', origin, 3, 3), passed(300, 'b', all, 10)]
  assert.deepEqual(findingsOf(judge(other)), ['unexpected A#1 3'])
})

test('a queue is called one beside a durable subscription of its name', () => {
  const result = judge([
    { t: 'sub', at: 1, sub: 's', kind: 'client', patterns: ['>'], stream: 'default', name: 'workers' },
    ...[
      got(200, 's', origin, 1, 10),
      member(1, 'b'),
      got(200, 'b', origin, 1, 10),
      passed(300, 'b', all, 10),
    ],
  ])
  assert.match(renderCheckText(result), /^B +workers /m)
  assert.match(renderCheckText(result), /^B +queue workers /m)
})

test('two queues are judged apart', () => {
  const result = judge([
    ...[member(1, 'b'), got(200, 'b', origin, 1, 10), passed(300, 'b', all, 10)],
    ...[member(1, 'm', 'mail'), got(200, 'm', origin, 1, 9), passed(300, 'm', all, 10)],
  ])
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 10'])
  assert.equal(result.subscribers.length, 2)
})

test('what had no place when leader mode ended, and was published in gossip mode, is owed to no member', () => {
  const unplaced: Line = { t: 'unplaced', at: 500, stream: 'default', origin, from: 11, to: 13 }
  const ofA = [sentInOrder(490, origin, 11, 14), unplaced, placed(600, origin, 14)]
  const ofB = [member(1, 'b'), got(200, 'b', origin, 1, 10), passed(900, 'b', all, 14)]
  assert.deepEqual(findingsOf(judge(ofB, [], ofA)), ['lost-silent A#1 14'])
  const subscriber = [
    { t: 'sub', at: 1, sub: 's', kind: 'client', patterns: ['>'], stream: 'default' },
    got(200, 's', origin, 1, 10),
    end(900, 's', 14),
  ]
  assert.deepEqual(findingsOf(judge(subscriber, [], ofA)), ['lost-silent A#1 11-14'])
})

test('a queue that was removed is owed nothing that it had not come by, and one of its name is another one', () => {
  const forgotten: Line = { t: 'forgotten', at: 400, name: 'workers' }
  const ofA = [sentInOrder(500, origin, 11, 12), sentInOrder(700, origin, 13, 14), placed(750, origin, 14)]
  const ofB = [
    member(1, 'b'),
    got(200, 'b', origin, 1, 9),
    passed(300, 'b', all, 9),
    end(350, 'b', 9),
    forgotten,
  ]
  const again = [
    member(600, 'c'),
    base(600, 'c', origin, 12),
    got(710, 'c', origin, 13, 13),
    passed(800, 'c', all, 14),
  ]
  const alone = judge(ofB, [], ofA)
  assert.deepEqual([findingsOf(alone), countsOf(alone)], [[], [9, 9, 0, 0, 0]])
  const both = judge(ofB, again, ofA)
  assert.deepEqual(findingsOf(both), ['lost-silent A#1 14'])
  assert.deepEqual(
    both.subscribers.map(({ state, counts }) => [state, counts.expected, counts.delivered]).sort(),
    [
      ['ended', 9, 9],
      ['open', 2, 1],
    ],
  )
  const other = judge([...ofB.slice(0, -1), { ...forgotten, name: 'mail' }], [], ofA)
  assert.deepEqual(countsOf(other), [14, 9, 0, 5, 0])
})
