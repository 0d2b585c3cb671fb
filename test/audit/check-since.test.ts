// What was over before a subscription was made is not due to it; what came later is, however often its node restarted.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  base,
  check,
  clock,
  findingsOf,
  got,
  journal,
  type Lines,
  made,
  sent,
  start,
  stop,
  stoppedOrigin,
  whenSubscriberHas,
} from './history.ts'

const crashedOrigin = journal('A', [
  start(0, 'A#1'),
  sent(100, 'A#1', 1, 10),
  start(300, 'A#2'),
  sent(600, 'A#2', 1, 5),
  stop(900, 'A#2'),
])

test('an origin is over before a subscription only where their clocks say so for certain', () => {
  const lines = [start(350, 'B#2'), made(500, 500), got(650, 's', 'A#2', 1, 5)]
  const withClock = (...clocks: Lines): readonly string[] =>
    findingsOf(check([stoppedOrigin, journal('B', [...lines, ...clocks, stop(900, 'B#2')])]))
  assert.deepEqual(withClock(clock(299)), [])
  assert.deepEqual(withClock(clock(300)), ['unknown A#1 1-10'])
  assert.deepEqual(withClock(), ['unknown A#1 1-10'])
})

test('messages of an origin that was over before the subscription was made are not due', () => {
  for (const origin of [stoppedOrigin, crashedOrigin]) {
    for (const kind of ['node', 'client']) {
      const lines = [start(350, 'B#2'), made(500, 500, kind), got(650, 's', 'A#2', 1, 5)]
      const result = whenSubscriberHas(lines, origin)
      assert.deepEqual(result.findings, [])
      assert.equal(result.totals.expected, 5)
      assert.equal(result.totals.delivered, 5)
    }
  }
})

test('where a line of the subscriber is damaged, it may have named the origin that was over: then it is unknown', () => {
  const lines = [start(350, 'B#2'), made(500, 500, 'client'), 'x', got(650, 's', 'A#2', 1, 5)]
  assert.deepEqual(findingsOf(whenSubscriberHas(lines)), ['unknown A#1 1-10'])
})

test('the boot that runs when the subscription is made is due, also if nothing of it came', () => {
  const result = whenSubscriberHas([start(350, 'B#2'), made(500, 500)])
  assert.deepEqual(findingsOf(result), ['lost-silent A#2 1-5'])
})

test('a subscription that survives a restart is owed what an origin sent that was over meanwhile', () => {
  const before = [start(0, 'B#1'), made(50, 50), got(110, 's', 'A#1', 1, 4), stop(150, 'B#1')]
  const after = [start(350, 'B#2'), made(351, 50), got(650, 's', 'A#2', 1, 5)]
  assert.deepEqual(findingsOf(whenSubscriberHas([...before, ...after])), ['lost-silent A#1 5-10'])
  const complete = [start(350, 'B#2'), made(351, 50), got(400, 's', 'A#1', 5, 10), got(650, 's', 'A#2', 1, 5)]
  assert.deepEqual(findingsOf(whenSubscriberHas([...before, ...complete])), [])
})

test('a subscription that survives a restart without having heard of an origin is owed all of it', () => {
  const lines = [
    start(0, 'B#1'),
    made(50, 50),
    stop(60, 'B#1'),
    start(350, 'B#2'),
    made(351, 50),
    got(650, 's', 'A#2', 1, 5),
  ]
  assert.deepEqual(findingsOf(whenSubscriberHas(lines)), ['lost-silent A#1 1-10'])
})

test('what a line names of an origin that was over before is due all the same', () => {
  const begin = [start(350, 'B#2'), made(500, 500, 'client'), got(650, 's', 'A#2', 1, 5)]
  const fromTheFirst = whenSubscriberHas([...begin, base(501, 's', 'A#1', 0), got(510, 's', 'A#1', 1, 8)])
  assert.deepEqual(findingsOf(fromTheFirst), ['lost-silent A#1 9-10'])
  const fromTheMiddle = whenSubscriberHas([...begin, base(501, 's', 'A#1', 7), got(510, 's', 'A#1', 8, 10)])
  assert.deepEqual(findingsOf(fromTheMiddle), [])
})

test('lines that are lost, on either side, make nothing due of an origin that was over before', () => {
  const crashed = [start(350, 'B#1'), made(500, 500), start(550, 'B#2'), made(551, 500)]
  assert.deepEqual(findingsOf(whenSubscriberHas([...crashed, got(650, 's', 'A#2', 1, 5)])), [])
  const damaged = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 3),
    'x',
    sent(110, 'A#1', 7, 10),
    stop(200, 'A#1'),
  ])
  assert.deepEqual(findingsOf(whenSubscriberHas([start(350, 'B#2'), made(500, 500)], damaged)), [])
})

test('when the beginning of the journal is gone, an origin that was over in between is unknown', () => {
  const resumed = [start(350, 'B#2'), made(351, 50), got(650, 's', 'A#2', 1, 5)]
  assert.deepEqual(findingsOf(whenSubscriberHas(resumed)), ['unknown A#1 1-10'])
})
