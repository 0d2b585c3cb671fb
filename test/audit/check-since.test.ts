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
  placed,
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
  const silent = whenTold(gap(510, 's', 'A#1', 1, 9), stoppedOrigin)
  assert.deepEqual(findingsOf(silent), ['lost-silent A#1 10', 'gone A#1 1-9'])
  const fromNow = [start(350, 'B#2'), made(500, 500), base(501, 's', 'A#1', 7), gap(510, 's', 'A#1', 8, 10)]
  const beyond = whenSubscriberHas([...fromNow, got(700, 's', 'A#2', 1, 5)])
  assert.deepEqual(findingsOf(beyond), ['gone A#1 8-10'], 'also where it had not come by then')
})

test('what a crash has taken from the journal of its origin is gone where the next run began before the subscription, else lost', () => {
  const crashedAt = (at: number): JournalText =>
    journal('A', [
      start(0, 'A#1'),
      sent(100, 'A#1', 1, 6),
      start(at, 'A#2'),
      sent(600, 'A#2', 1, 5),
      stop(900, 'A#2'),
    ])
  assert.deepEqual(findingsOf(whenTold(gap(510, 's', 'A#1', 1, 10), crashedAt(300))), ['gone A#1 1-10'])
  // It may have published 7 to 10 after 500.
  const later = whenTold(gap(590, 's', 'A#1', 1, 10), crashedAt(580))
  assert.deepEqual(findingsOf(later), ['lost-told A#1 7-10', 'gone A#1 1-6'])
  const removed = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 6)])
  const neverBack = check([
    removed,
    journal('B', [
      start(350, 'B#2'),
      made(500, 500, 'client'),
      base(501, 's', 'A#1', 0),
      gap(510, 's', 'A#1', 1, 10),
      clock(1),
      stop(900, 'B#2'),
    ]),
  ])
  assert.deepEqual(findingsOf(neverBack), ['lost-told A#1 7-10', 'gone A#1 1-6'])
})

test('of an origin that goes on, what was told is gone up to what it had written down when the subscription was made', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 4),
    // Its publishers say 490 to 640; when it came is not later than the line.
    sent(640, 'A#1', 5, 8, 'a.b', 490),
    stop(900, 'A#1'),
  ])
  const begin = [start(350, 'B#2'), made(500, 500, 'client'), base(501, 's', 'A#1', 0)]
  const told = [...begin, gap(650, 's', 'A#1', 1, 8)]
  const within = (...clocks: Lines): readonly string[] =>
    findingsOf(check([origin, journal('B', [...told, ...clocks, stop(900, 'B#2')])]))
  assert.deepEqual(within(clock(400)), ['lost-told A#1 5-8', 'gone A#1 1-4'])
  assert.deepEqual(within(clock(401)), ['lost-told A#1 1-8'], 'the clocks do not say for certain')
  assert.deepEqual(within(), ['lost-told A#1 1-8'], 'the clocks were never compared')
})

test('what publishers say of when they published makes nothing gone', () => {
  const early = { ...sent(650, 'A#1', 1, 8), first: 10, last: 10 }
  const origin = journal('A', [
    start(0, 'A#1'),
    early,
    stop(660, 'A#1'),
    start(670, 'A#2'),
    sent(690, 'A#2', 1, 5),
  ])
  assert.deepEqual(findingsOf(whenTold(gap(700, 's', 'A#1', 1, 8), origin)), ['lost-told A#1 1-8'])
})

test('what the journal of its origin has no room for any more is gone where the journal begins before the subscription', () => {
  const beginningWith = (...lines: Lines): JournalText => {
    const { node, files } = journal('A', [...lines, sent(600, 'A#2', 1, 5), stop(900, 'A#2')])
    return { node, files: files.map(({ text }) => ({ name: '000002.ndjson', text })) }
  }
  const told = gap(510, 's', 'A#1', 1, 10)
  const sameRun = gap(510, 's', 'A#2', 1, 4)
  assert.deepEqual(findingsOf(whenTold(told, beginningWith(start(300, 'A#2')))), ['gone A#1 1-10'])
  const late = whenTold(told, beginningWith(start(550, 'A#2')))
  assert.deepEqual(findingsOf(late), ['lost-told A#1 1-10'])
  const crashed = whenTold(told, beginningWith(start(300, 'A#0'), start(400, 'A#2')))
  assert.deepEqual(findingsOf(crashed), ['lost-told A#1 1-10'], 'a run may have lost its whole journal')
  // What is below a sequence that was there is older.
  const resumed = journal('A', [
    start(300, 'A#2'),
    sent(400, 'A#2', 5, 5),
    sent(600, 'A#2', 6, 9),
    stop(900, 'A#2'),
  ])
  const lines = [start(350, 'B#2'), made(500, 500, 'client'), base(501, 's', 'A#2', 0), sameRun]
  const result = whenSubscriberHas([...lines, got(650, 's', 'A#2', 5, 9)], {
    node: 'A',
    files: resumed.files.map(({ text }) => ({ name: '000002.ndjson', text })),
  })
  assert.deepEqual(findingsOf(result), ['gone A#2 1-4'])
})

test('what has a place in the one order is lost whenever it was published, unless some node has dropped it', () => {
  const ordered = [start(0, 'A#1'), sentInOrder(100, 'A#1', 1, 10)]
  const second = [start(300, 'A#2'), sent(600, 'A#2', 1, 5), stop(900, 'A#2')]
  const dropped = { t: 'retention', at: 150, stream: 'default', origin: 'A#1', to: 7 }
  const told = gap(510, 's', 'A#1', 1, 10)
  const none = whenTold(told, journal('A', [...ordered, stop(200, 'A#1'), ...second]))
  assert.deepEqual(findingsOf(none), ['lost-told A#1 1-10'])
  const some = whenTold(told, journal('A', [...ordered, dropped, stop(200, 'A#1'), ...second]))
  assert.deepEqual(findingsOf(some), ['lost-told A#1 8-10', 'gone A#1 1-7'])
  assert.equal(some.ok, false)
  // 6 to 10 were published in gossip mode after all, in memory alone.
  const unplaced = { t: 'unplaced', at: 160, stream: 'default', origin: 'A#1', from: 6, to: 10 }
  const back = journal('A', [...ordered, unplaced, placed(170, 'A#1', 5), stop(200, 'A#1'), ...second])
  const lines = [start(350, 'B#2'), made(500, 500, 'client'), base(501, 's', 'A#1', 0)]
  const lostThere = { ...lostGap, from: 6 }
  const result = whenSubscriberHas(
    [...lines, got(505, 's', 'A#1', 1, 5), lostThere, got(700, 's', 'A#2', 1, 5)],
    back,
  )
  assert.deepEqual(findingsOf(result), ['gone A#1 6-10'])
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
