// What a subscription was told to be no more is gone, and no loss, where it was published for certain before the subscription was made.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckResult } from '../../audit/check-result.ts'
import { renderCheckText } from '../../audit/check-text.ts'
import type { JournalText } from '../../audit/journal-reader.ts'
import {
  base,
  check,
  clock,
  findingsOf,
  gap,
  got,
  journal,
  type Lines,
  made,
  placed,
  sent,
  sentInOrder,
  start,
  stop,
  stoppedOrigin,
  sub,
  whenSubscriberHas,
} from './history.ts'

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

test('what some node had dropped before is gone, whatever has become of the lines of its origin', () => {
  const lines = [
    start(350, 'B#2'),
    made(500, 500, 'client'),
    base(501, 's', 'A#1', 0),
    gap(510, 's', 'A#1', 1, 10),
  ]
  const dropped = (at: number): Lines[number] => ({
    t: 'retention',
    at,
    stream: 'default',
    origin: 'A#1',
    to: 7,
  })
  const within = (...more: Lines): readonly string[] =>
    findingsOf(check([journal('B', [...lines, ...more, stop(900, 'B#2')])])).filter(
      (finding) => !finding.startsWith('unknown'),
    )
  assert.deepEqual(within(), ['lost-told A#1 1-10'])
  const cleared = [start(350, 'B#2'), dropped(400), dropped(480), ...lines.slice(1)]
  const own = findingsOf(check([journal('B', [...cleared, stop(900, 'B#2')])]))
  assert.deepEqual(own, ['lost-told A#1 8-10', 'gone A#1 1-7'].concat(own.slice(2)))
  // By another node, whose clock may be 20 ms off.
  const other = (at: number): readonly string[] => {
    const ofC = journal('C', [start(0, 'C#1'), dropped(at), stop(900, 'C#1')])
    const ofB = journal('B', [
      ...lines,
      { t: 'clock', at: 520, peer: 'C', offsetMs: 0, errorMs: 20 },
      stop(900, 'B#2'),
    ])
    return findingsOf(check([ofB, ofC])).filter((finding) => !finding.startsWith('unknown'))
  }
  assert.deepEqual(other(479), ['lost-told A#1 8-10', 'gone A#1 1-7'])
  assert.deepEqual(other(480), ['lost-told A#1 1-10'])
})

test('a subscription that goes on, and does not say since when, is owed the past as well', () => {
  const lines = [start(350, 'B#2'), sub(500, 's', ['>'], 'client'), gap(510, 's', 'A#1', 8, 10)]
  const told = whenSubscriberHas([...lines, got(520, 's', 'A#1', 1, 7), got(700, 's', 'A#2', 1, 5)])
  assert.deepEqual(findingsOf(told).slice(0, 1), ['out-of-order A#1 1-7'])
  assert.deepEqual(findingsOf(told).slice(1), ['lost-told A#1 8-10'])
})
