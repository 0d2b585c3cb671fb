// Hand-written histories, good and bad: each kind of fault is found exactly, and a good history stays good.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckResult } from '../../audit/check-result.ts'
import {
  base,
  check,
  end,
  findingsOf,
  gap,
  got,
  journal,
  type Lines,
  sent,
  start,
  stop,
  sub,
} from './history.ts'

/** Node A sends 1..10 in order and stops; node B is subscribed to everything and has these lines besides. */
function whenSubscriberHas(lines: Lines, patterns: readonly string[] = ['>']): CheckResult {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(900, 'A#1')])
  return check([origin, journal('B', [start(0, 'B#1'), sub(1, 's', patterns), ...lines, stop(900, 'B#1')])])
}

test('a history in which everything arrived once and in order is good', () => {
  const result = whenSubscriberHas([got(200, 's', 'A#1', 1, 4), got(300, 's', 'A#1', 5, 10)])
  assert.equal(result.ok, true)
  assert.deepEqual(result.findings, [])
  assert.equal(result.sent, 10)
  assert.deepEqual(result.totals, {
    expected: 10,
    delivered: 10,
    lostTold: 0,
    gone: 0,
    lostSilent: 0,
    duplicated: 0,
    outOfOrder: 0,
    phantom: 0,
    unexpected: 0,
    pending: 0,
    unknown: 0,
  })
  assert.equal(result.subscribers[0]?.origins[0]?.delivered.ranges, '1-10')
})

test('a message that never came is lost silently', () => {
  const result = whenSubscriberHas([got(200, 's', 'A#1', 1, 4), got(300, 's', 'A#1', 6, 9)])
  assert.equal(result.ok, false)
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 5,10'])
})

test('a subscriber to whom nothing came lost everything', () => {
  assert.deepEqual(findingsOf(whenSubscriberHas([])), ['lost-silent A#1 1-10'])
})

test('a message that a gap event took back is lost, and told', () => {
  const result = whenSubscriberHas([
    got(200, 's', 'A#1', 1, 4),
    gap(250, 's', 'A#1', 5, 6),
    got(300, 's', 'A#1', 7, 10),
  ])
  assert.equal(result.ok, false)
  assert.deepEqual(findingsOf(result), ['lost-told A#1 5-6'])
  assert.deepEqual(result.findings[0]?.reasons, ['retention'])
})

test('a gap does not excuse what lies beside it', () => {
  const result = whenSubscriberHas([gap(250, 's', 'A#1', 1, 3), got(300, 's', 'A#1', 5, 10)])
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 4', 'lost-told A#1 1-3'])
})

test('a message that came after its gap was told is out of order', () => {
  const result = whenSubscriberHas([
    gap(250, 's', 'A#1', 1, 3),
    got(300, 's', 'A#1', 2, 2),
    got(400, 's', 'A#1', 4, 10),
  ])
  assert.deepEqual(findingsOf(result), ['out-of-order A#1 2', 'lost-told A#1 1,3'])
})

test('a message that came twice is duplicated, wherever the second copy is', () => {
  const later = whenSubscriberHas([
    got(200, 's', 'A#1', 1, 10),
    got(300, 's', 'A#1', 3, 4),
    got(400, 's', 'A#1', 4, 4),
  ])
  assert.equal(later.ok, false)
  assert.deepEqual(findingsOf(later), ['duplicated A#1 3-4'])
  const overlapping = whenSubscriberHas([got(200, 's', 'A#1', 1, 6), got(300, 's', 'A#1', 6, 10)])
  assert.deepEqual(findingsOf(overlapping), ['duplicated A#1 6'])
  const sameLine = whenSubscriberHas([got(200, 's', 'A#1', 1, 10), got(300, 's', 'A#1', 1, 10)])
  assert.deepEqual(findingsOf(sameLine), ['duplicated A#1 1-10'])
})

test('messages that came after higher ones are out of order, and nothing is lost', () => {
  const result = whenSubscriberHas([got(200, 's', 'A#1', 4, 10), got(300, 's', 'A#1', 1, 3)])
  assert.equal(result.ok, false)
  assert.deepEqual(findingsOf(result), ['out-of-order A#1 1-3'])
})

test('ranges that go backwards within one line are out of order', () => {
  const result = whenSubscriberHas([got(200, 's', 'A#1', 1, 10, '1-3,7-10,4-6')])
  assert.deepEqual(findingsOf(result), ['out-of-order A#1 4-6'])
})

test('a message that nobody sent is a phantom', () => {
  const result = whenSubscriberHas([got(200, 's', 'A#1', 1, 12)])
  assert.equal(result.ok, false)
  assert.deepEqual(findingsOf(result), ['phantom A#1 11-12'])
})

test('messages of a boot that never was are phantoms', () => {
  const result = whenSubscriberHas([got(200, 's', 'A#1', 1, 10), got(300, 's', 'A#9', 1, 2)])
  assert.deepEqual(findingsOf(result), ['phantom A#9 1-2'])
})

test('a message at or before the base is not for the subscription', () => {
  const good = whenSubscriberHas([base(2, 's', 'A#1', 4), got(200, 's', 'A#1', 5, 10)])
  assert.equal(good.ok, true)
  assert.equal(good.totals.expected, 6)
  const bad = whenSubscriberHas([base(2, 's', 'A#1', 4), got(200, 's', 'A#1', 4, 10)])
  assert.equal(bad.ok, false)
  assert.deepEqual(findingsOf(bad), ['unexpected A#1 4'])
})

test('an origin without a base is owed from its first message', () => {
  assert.deepEqual(findingsOf(whenSubscriberHas([got(200, 's', 'A#1', 3, 10)])), ['lost-silent A#1 1-2'])
})

/** A sends a run over three topics: 1-5 orders.eu, 6-8 orders.us, 9-10 news. */
function whenTopicsMix(patterns: readonly string[], lines: Lines): CheckResult {
  const mixed = {
    ...sent(100, 'A#1', 1, 10),
    topic: undefined,
    topics: ['orders.eu', 'orders.us', 'news'],
    order: '0*5,1*3,2*2',
  }
  const origin = journal('A', [start(0, 'A#1'), mixed, stop(900, 'A#1')])
  return check([origin, journal('B', [start(0, 'B#1'), sub(1, 's', patterns), ...lines, stop(900, 'B#1')])])
}

test('a pattern makes due only what matches it', () => {
  assert.equal(whenTopicsMix(['orders.*'], [got(200, 's', 'A#1', 1, 8)]).ok, true)
  assert.equal(whenTopicsMix(['orders.eu', 'news'], [got(200, 's', 'A#1', 1, 10, '1-5,9-10')]).ok, true)
  assert.equal(whenTopicsMix(['>'], [got(200, 's', 'A#1', 1, 10)]).ok, true)
  assert.equal(whenTopicsMix(['orders.*.*'], []).ok, true)
})

test('a lost message among filtered ones is found by its own topic', () => {
  const result = whenTopicsMix(['orders.eu', 'news'], [got(200, 's', 'A#1', 1, 9, '1-3,5,9')])
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 4,10'])
})

test('a message whose topic does not match is not for the subscription', () => {
  const result = whenTopicsMix(['orders.us'], [got(200, 's', 'A#1', 6, 9)])
  assert.equal(result.ok, false)
  assert.deepEqual(findingsOf(result), ['unexpected A#1 9'])
})

test('a subscription that ended is owed what it passed and no more', () => {
  const good = whenSubscriberHas([got(200, 's', 'A#1', 1, 6), end(300, 's', { 'A#1': 6 })])
  assert.equal(good.ok, true)
  assert.equal(good.subscribers[0]?.state, 'ended')
  const hole = whenSubscriberHas([got(200, 's', 'A#1', 1, 4), end(300, 's', { 'A#1': 6 })])
  assert.deepEqual(findingsOf(hole), ['lost-silent A#1 5-6'])
  const untouched = whenSubscriberHas([end(300, 's', {})])
  assert.equal(untouched.ok, true)
})

test('a delivery after the end of the subscription is not for it', () => {
  const result = whenSubscriberHas([
    got(200, 's', 'A#1', 1, 6),
    end(300, 's', { 'A#1': 6 }),
    got(400, 's', 'A#1', 7, 7),
  ])
  assert.deepEqual(findingsOf(result), ['unexpected A#1 7'])
})

test('a subscription that begins again after its end is owed what follows', () => {
  const again = [got(200, 's', 'A#1', 1, 4), end(300, 's', { 'A#1': 4 }), sub(400, 's')]
  assert.deepEqual(findingsOf(whenSubscriberHas(again)), ['lost-silent A#1 5-10'])
  assert.equal(whenSubscriberHas([...again, got(500, 's', 'A#1', 5, 10)]).ok, true)
})

test('topics and origins named like parts of objects are only names', () => {
  const origin = journal('__proto__', [
    start(0, '__proto__#1'),
    sent(100, '__proto__#1', 1, 3, '__proto__'),
    stop(900, '__proto__#1'),
  ])
  const lines = [
    start(0, 'B#1'),
    sub(1, 'constructor', ['__proto__']),
    got(200, 'constructor', '__proto__#1', 1, 2),
  ]
  const result = check([origin, journal('B', [...lines, stop(900, 'B#1')])])
  assert.deepEqual(findingsOf(result), ['lost-silent __proto__#1 3'])
})

test('every subscription is judged by itself, the worst first', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(900, 'A#1')])
  const lines = [sub(1, 'good'), sub(1, 'bad'), got(200, 'good', 'A#1', 1, 10), got(200, 'bad', 'A#1', 1, 9)]
  const result = check([origin, journal('B', [start(0, 'B#1'), ...lines, stop(900, 'B#1')])])
  assert.deepEqual(
    result.subscribers.map((subscriber) => [subscriber.sub, subscriber.counts.lostSilent]),
    [
      ['bad', 1],
      ['good', 0],
    ],
  )
})
