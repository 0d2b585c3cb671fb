// What was over before a subscription was made is not due to it; what came later is, however often its node restarted.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckResult } from '../../audit/check-result.ts'
import { renderCheckText } from '../../audit/check-text.ts'
import type { JournalText } from '../../audit/journal-reader.ts'
import {
  base,
  check,
  findingsOf,
  gap,
  got,
  journal,
  type Lines,
  sent,
  sentInOrder,
  start,
  stop,
  sub,
} from './history.ts'

/** Two boots of one origin: the first sends 1..10 and is over at 200, the second sends 1..5 at 600. */
const stoppedOrigin = journal('A', [
  start(0, 'A#1'),
  sent(100, 'A#1', 1, 10),
  stop(200, 'A#1'),
  start(300, 'A#2'),
  sent(600, 'A#2', 1, 5),
  stop(900, 'A#2'),
])
const crashedOrigin = journal('A', [
  start(0, 'A#1'),
  sent(100, 'A#1', 1, 10),
  start(300, 'A#2'),
  sent(600, 'A#2', 1, 5),
  stop(900, 'A#2'),
])

function made(at: number, since: number, kind = 'node'): Lines[number] {
  return { ...sub(at, 's', ['>'], kind), since }
}

function clock(errorMs: number): Lines[number] {
  return { t: 'clock', at: 360, peer: 'A', offsetMs: 0, errorMs }
}

function whenSubscriberHas(lines: Lines, origin: JournalText = stoppedOrigin): CheckResult {
  return check([origin, journal('B', [...lines, clock(1), stop(900, 'B#2')])])
}

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

/** Made at 500, told of a gap where it begins. */
function whenTold(line: Lines[number], origin: JournalText): CheckResult {
  const lines = [start(350, 'B#2'), made(500, 500, 'client'), base(501, 's', 'A#1', 0), line]
  return whenSubscriberHas([...lines, got(700, 's', 'A#2', 1, 5)], origin)
}

const lostGap = { ...gap(510, 's', 'A#1', 8, 10), reason: 'lost' }

test('what was told to be no more is gone, and no fault, where it was published before the subscription was made', () => {
  for (const told of [gap(510, 's', 'A#1', 1, 10), { ...lostGap, from: 1 }]) {
    const result = whenTold(told, stoppedOrigin)
    assert.deepEqual(findingsOf(result), ['gone A#1 1-10'])
    assert.equal(result.ok, true)
    assert.equal(result.totals.expected, 5, 'it was not due')
    assert.equal(result.totals.gone, 10)
    assert.match(renderCheckText(result), /^OK: 5 deliveries .* 10 of the past were gone\n/)
  }
  const withoutEnd = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 6),
    start(300, 'A#2'),
    sent(600, 'A#2', 1, 5),
    stop(900, 'A#2'),
  ])
  const crashed = whenTold(gap(510, 's', 'A#1', 1, 10), withoutEnd)
  assert.deepEqual(findingsOf(crashed), ['gone A#1 1-10'], 'also where the crash took the lines of it')
  const silent = whenTold(gap(510, 's', 'A#1', 1, 9), stoppedOrigin)
  assert.deepEqual(findingsOf(silent), ['lost-silent A#1 10', 'gone A#1 1-9'])
})

test('of an origin that goes on, what was told is gone up to when the subscription was made, and lost from then on', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 4),
    sent(640, 'A#1', 5, 8, 'a.b', 490),
    stop(900, 'A#1'),
  ])
  const begin = [start(350, 'B#2'), made(500, 500, 'client'), base(501, 's', 'A#1', 0)]
  const told = [...begin, gap(650, 's', 'A#1', 1, 8)]
  const within = (...clocks: Lines): readonly string[] =>
    findingsOf(check([origin, journal('B', [...told, ...clocks, stop(900, 'B#2')])]))
  assert.deepEqual(within(clock(1)), ['lost-told A#1 6-8', 'gone A#1 1-5'])
  assert.deepEqual(within(clock(399)), ['lost-told A#1 5-8', 'gone A#1 1-4'])
  assert.deepEqual(within(clock(401)), ['lost-told A#1 1-8'], 'the clocks do not say for certain')
  assert.deepEqual(within(), ['lost-told A#1 1-8'], 'the clocks were never compared')
})

test('what has a place in the one order, and is told lost and not dropped by retention, is lost whenever it was published', () => {
  const ordered = journal('A', [
    start(0, 'A#1'),
    sentInOrder(100, 'A#1', 1, 10),
    stop(200, 'A#1'),
    start(300, 'A#2'),
    sent(600, 'A#2', 1, 5),
    stop(900, 'A#2'),
  ])
  const dropped = whenTold(gap(510, 's', 'A#1', 1, 10), ordered)
  assert.deepEqual(findingsOf(dropped), ['gone A#1 1-10'])
  const lost = check([
    ordered,
    journal('B', [
      start(350, 'B#2'),
      made(500, 500, 'client'),
      base(501, 's', 'A#1', 0),
      gap(505, 's', 'A#1', 1, 7),
      lostGap,
      got(700, 's', 'A#2', 1, 5),
      clock(1),
      stop(900, 'B#2'),
    ]),
  ])
  assert.deepEqual(findingsOf(lost), ['lost-told A#1 8-10', 'gone A#1 1-7'])
  assert.equal(lost.ok, false)
})

test('a subscription that goes on, and does not say since when, is owed the past as well', () => {
  const lines = [start(350, 'B#2'), sub(500, 's', ['>'], 'client'), gap(510, 's', 'A#1', 8, 10)]
  const told = whenSubscriberHas([...lines, got(520, 's', 'A#1', 1, 7), got(700, 's', 'A#2', 1, 5)])
  assert.deepEqual(findingsOf(told).slice(0, 1), ['out-of-order A#1 1-7'])
  assert.deepEqual(findingsOf(told).slice(1), ['lost-told A#1 8-10'])
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
