// Hand-written histories, good and bad: each kind of fault is found exactly, and a good history stays good.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkJournals, DeliveryCheck } from '../../audit/check.ts'
import type { CheckResult } from '../../audit/check-result.ts'
import { type JournalText, readJournal } from '../../audit/journal-reader.ts'
import { base, end, gap, got, journal, lost, sent, start, stop, sub } from './history.ts'

/** Kind, origin and exact sequences of every finding. */
function findingsOf(result: CheckResult): readonly string[] {
  return result.findings.map((finding) => `${finding.kind} ${finding.origin} ${finding.ranges}`.trim())
}

function check(journals: readonly JournalText[], graceMs = 0): CheckResult {
  return checkJournals(journals, { graceMs })
}

type Lines = Parameters<typeof journal>[1]

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

test('a subscription that resumes after a restart goes on, and its earlier deliveries count', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 5),
    sent(600, 'A#1', 6, 10),
    stop(900, 'A#1'),
  ])
  const before = [
    start(0, 'B#1'),
    sub(1, 's'),
    base(2, 's', 'A#1', 0),
    got(200, 's', 'A#1', 1, 5),
    stop(300, 'B#1'),
  ]
  const again = [start(400, 'B#2'), sub(401, 's'), base(402, 's', 'A#1', 5)]
  const tail = [stop(900, 'B#2')]
  assert.equal(
    check([origin, journal('B', [...before, ...again, got(700, 's', 'A#1', 6, 10), ...tail])]).ok,
    true,
  )
  const repeats = check([origin, journal('B', [...before, ...again, got(700, 's', 'A#1', 5, 10), ...tail])])
  assert.deepEqual(findingsOf(repeats), ['duplicated A#1 5'])
  const skips = check([origin, journal('B', [...before, ...again, got(700, 's', 'A#1', 8, 10), ...tail])])
  assert.deepEqual(findingsOf(skips), ['lost-silent A#1 6-7'])
})

test('a resumed subscription cannot skip by naming a later base', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(900, 'A#1')])
  const lines = [
    start(0, 'B#1'),
    sub(1, 's'),
    stop(50, 'B#1'),
    start(400, 'B#2'),
    sub(401, 's'),
    base(402, 's', 'A#1', 7),
  ]
  const result = check([origin, journal('B', [...lines, got(700, 's', 'A#1', 8, 10), stop(900, 'B#2')])])
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 1-7'])
})

test("a node's own subscription that is forgotten by a restart loses what follows", () => {
  const origin = journal('A', [start(0, 'A#1'), sent(600, 'A#1', 1, 5), stop(900, 'A#1')])
  const lines = [start(0, 'B#1'), sub(1, 's'), stop(300, 'B#1'), start(400, 'B#2'), stop(900, 'B#2')]
  assert.deepEqual(findingsOf(check([origin, journal('B', lines)])), ['lost-silent A#1 1-5'])
})

test('what came right before a crash of the subscriber is unknown, what came after it is judged', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 5),
    sent(600, 'A#1', 6, 10),
    stop(900, 'A#1'),
  ])
  const lines = [start(0, 'B#1'), sub(1, 's'), got(150, 's', 'A#1', 1, 3), start(400, 'B#2'), sub(401, 's')]
  const good = check([origin, journal('B', [...lines, got(700, 's', 'A#1', 6, 10), stop(900, 'B#2')])])
  assert.equal(good.ok, true)
  assert.deepEqual(findingsOf(good), ['unknown A#1 4-5'])
  assert.deepEqual(good.findings[0]?.reasons, ['subscriber-journal-truncated'])
  const bad = check([origin, journal('B', [...lines, got(700, 's', 'A#1', 7, 9), stop(900, 'B#2')])])
  assert.equal(bad.ok, false)
  assert.deepEqual(findingsOf(bad), ['lost-silent A#1 6,10', 'unknown A#1 4-5'])
})

test('a base after a crash says exactly where the unknown ends', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(900, 'A#1')])
  const lines = [start(0, 'B#1'), sub(1, 's'), got(150, 's', 'A#1', 1, 3), start(400, 'B#2'), sub(401, 's')]
  const after = [base(402, 's', 'A#1', 5), got(700, 's', 'A#1', 7, 10), stop(900, 'B#2')]
  assert.deepEqual(findingsOf(check([origin, journal('B', [...lines, ...after])])), [
    'lost-silent A#1 6',
    'unknown A#1 4-5',
  ])
})

test('a hole before a crash is still a loss', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(900, 'A#1')])
  const lines = [
    start(0, 'B#1'),
    sub(1, 's'),
    got(150, 's', 'A#1', 1, 3),
    got(160, 's', 'A#1', 5, 10),
    start(400, 'B#2'),
  ]
  assert.deepEqual(findingsOf(check([origin, journal('B', [...lines, sub(401, 's')])])), [
    'lost-silent A#1 4',
  ])
})

test('what the last moments of a crashed origin sent is unknown and not phantom', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), start(500, 'A#2'), stop(900, 'A#2')])
  const lines = [start(0, 'B#1'), sub(1, 's'), got(200, 's', 'A#1', 1, 13), stop(900, 'B#1')]
  const result = check([origin, journal('B', lines)])
  assert.equal(result.ok, true)
  assert.deepEqual(findingsOf(result), ['unknown A#1 11-13'])
  assert.deepEqual(result.findings[0]?.reasons, ['origin-journal-truncated'])
})

test('of a crashed origin only the end is unknown, a hole before it is phantom', () => {
  const lines = [start(0, 'A#1'), sent(100, 'A#1', 1, 4), sent(150, 'A#1', 6, 10)]
  const later = [
    { t: 'clock', at: 450, peer: 'B', offsetMs: 0, errorMs: 1 },
    start(500, 'A#2'),
    stop(900, 'A#2'),
  ]
  const subscriber = [start(0, 'B#1'), sub(1, 's'), got(200, 's', 'A#1', 1, 13), stop(900, 'B#1')]
  const result = check([journal('A', [...lines, ...later]), journal('B', subscriber)])
  assert.deepEqual(findingsOf(result), ['phantom A#1 5', 'unknown A#1 11-13'])
})

test('a subscription that begins again after its end is owed what follows', () => {
  const again = [got(200, 's', 'A#1', 1, 4), end(300, 's', { 'A#1': 4 }), sub(400, 's')]
  assert.deepEqual(findingsOf(whenSubscriberHas(again)), ['lost-silent A#1 5-10'])
  assert.equal(whenSubscriberHas([...again, got(500, 's', 'A#1', 5, 10)]).ok, true)
})

test('a torn tail makes the end of that journal unknown, on both sides', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10)], '{"t":"se')
  const subscriber = journal('B', [
    start(0, 'B#1'),
    sub(1, 's'),
    got(200, 's', 'A#1', 1, 12),
    stop(900, 'B#1'),
  ])
  const sentUnknown = check([origin, subscriber])
  assert.deepEqual(findingsOf(sentUnknown), ['unknown A#1 11-12'])
  assert.equal(sentUnknown.journals[0]?.tornLines, 1)
  const whole = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(900, 'A#1')])
  const torn = journal(
    'B',
    [start(0, 'B#1'), sub(1, 's'), got(200, 's', 'A#1', 1, 3), got(250, 's', 'A#1', 5, 6)],
    '{"t"',
  )
  const gotUnknown = check([whole, torn])
  assert.deepEqual(findingsOf(gotUnknown), ['lost-silent A#1 4', 'unknown A#1 7-10'])
})

test('a damaged line hides only what was sent before the line after it', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 5),
    sent(600, 'A#1', 6, 10),
    stop(900, 'A#1'),
  ])
  const lines = [
    start(0, 'B#1'),
    sub(1, 's'),
    got(110, 's', 'A#1', 1, 2),
    '{"t":"got","at":120,',
    got(130, 's', 'C#1', 1, 1),
  ]
  const result = check([
    origin,
    journal('B', [...lines, stop(900, 'B#1')]),
    journal('C', [start(0, 'C#1'), sent(90, 'C#1', 1, 1)]),
  ])
  assert.equal(result.ok, false)
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 6-10', 'unknown A#1 3-5'])
  assert.deepEqual(result.journals[1]?.damaged, [{ file: '000001.ndjson', line: 4 }])
})

test('a damaged line in the journal of an origin makes its hole unknown', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 4),
    'x',
    sent(300, 'A#1', 8, 10),
    stop(900, 'A#1'),
  ])
  const all = journal('B', [start(0, 'B#1'), sub(1, 's'), got(400, 's', 'A#1', 1, 10), stop(900, 'B#1')])
  assert.deepEqual(findingsOf(check([origin, all])), ['unknown A#1 5-7'])
  const some = journal('B', [start(0, 'B#1'), sub(1, 's'), got(400, 's', 'A#1', 1, 5), stop(900, 'B#1')])
  assert.deepEqual(findingsOf(check([origin, some])), ['lost-silent A#1 8-10', 'unknown A#1 5-7'])
})

test('a missing journal is named, and what came from there is unknown', () => {
  const subscriber = journal('B', [
    start(0, 'B#1'),
    sub(1, 's'),
    got(200, 's', 'A#1', 1, 12),
    stop(900, 'B#1'),
  ])
  for (const journals of [[subscriber], [subscriber, journal('A', [])]]) {
    const result = check(journals)
    assert.equal(result.ok, true)
    assert.deepEqual(result.missingJournals, ['A'])
    assert.deepEqual(findingsOf(result), ['unknown A#1 1-12'])
    assert.deepEqual(result.findings[0]?.reasons, ['origin-journal-missing'])
  }
})

test('duplicates and reorderings are found without the journal of the origin', () => {
  const lines = [sub(1, 's'), got(200, 's', 'A#1', 2, 4), got(300, 's', 'A#1', 1, 2)]
  const result = check([journal('B', [start(0, 'B#1'), ...lines, stop(900, 'B#1')])])
  assert.equal(result.ok, false)
  assert.deepEqual(findingsOf(result), ['duplicated A#1 2', 'out-of-order A#1 1', 'unknown A#1 1-4'])
})

test('the first files of a journal being gone makes what they held unknown', () => {
  const origin: JournalText = {
    node: 'A',
    files: [
      {
        name: '000004.ndjson',
        text: `${JSON.stringify(sent(300, 'A#1', 6, 10))}\n${JSON.stringify(stop(900, 'A#1'))}\n`,
      },
    ],
  }
  const lines = [start(0, 'B#1'), sub(1, 's'), got(400, 's', 'A#1', 1, 12), stop(900, 'B#1')]
  assert.deepEqual(findingsOf(check([origin, journal('B', lines)])), ['phantom A#1 11-12', 'unknown A#1 1-5'])
  const headless: JournalText = {
    node: 'B',
    files: [{ name: '000002.ndjson', text: `${JSON.stringify(got(400, 's', 'A#1', 7, 8))}\n` }],
  }
  const unknown = check([origin, headless])
  assert.deepEqual(findingsOf(unknown), ['unknown A#1 7-8'])
  assert.deepEqual(unknown.findings[0]?.reasons, ['subscription-not-journaled'])
})

test('deliveries to a subscription that a whole journal does not know are not for it', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(900, 'A#1')])
  const result = check([
    origin,
    journal('B', [start(0, 'B#1'), got(200, 'nobody', 'A#1', 1, 2), stop(900, 'B#1')]),
  ])
  assert.deepEqual(findingsOf(result), ['unexpected A#1 1-2'])
})

test('a broken session is owed what it passed; what was under way is unknown, later messages are not due', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 5),
    sent(600, 'A#1', 6, 10),
    stop(900, 'A#1'),
  ])
  const begin = [start(0, 'B#1'), sub(1, 's', ['>'], 'client')]
  const good = check([
    origin,
    journal('B', [...begin, got(200, 's', 'A#1', 1, 3), lost(300, 's'), stop(900, 'B#1')]),
  ])
  assert.equal(good.ok, true)
  assert.deepEqual(findingsOf(good), ['unknown A#1 4-5'])
  assert.deepEqual(good.findings[0]?.reasons, ['session-broken'])
  assert.equal(good.totals.expected, 5)
  const bad = check([
    origin,
    journal('B', [...begin, got(200, 's', 'A#1', 2, 5), lost(300, 's'), stop(900, 'B#1')]),
  ])
  assert.equal(bad.ok, false)
  assert.deepEqual(findingsOf(bad), ['lost-silent A#1 1', 'unknown A#1'])
})

test('a session that dies with its node is owed nothing afterwards', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 5),
    sent(600, 'A#1', 6, 10),
    stop(900, 'A#1'),
  ])
  const lines = [start(0, 'B#1'), sub(1, 's', ['>'], 'client'), got(200, 's', 'A#1', 1, 3), start(400, 'B#2')]
  const result = check([origin, journal('B', [...lines, stop(900, 'B#2')])])
  assert.equal(result.ok, true)
  assert.deepEqual(findingsOf(result), ['unknown A#1 4-5'])
})

test('what was sent within the grace time is pending, what is older is lost', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(1000, 'A#1', 1, 11, 'a', 0)])
  const subscriber = journal('B', [start(0, 'B#1'), sub(1, 's'), got(950, 's', 'A#1', 1, 6)])
  const result = check([origin, subscriber], 300)
  assert.equal(result.ok, false)
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 7-8'])
  assert.equal(result.subscribers[0]?.origins[0]?.pending.ranges, '9-11')
  assert.equal(result.totals.expected, 11)
  assert.equal(check([origin, subscriber], 600).ok, true)
  assert.deepEqual(findingsOf(check([origin, subscriber], 0)), ['lost-silent A#1 7-11'])
})

test('a subscriber whose journal fell silent long ago is not excused by the grace time', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(60_000, 'A#1', 1, 10, 'a', 50_000)])
  const subscriber = journal('B', [start(0, 'B#1'), sub(1, 's')])
  const result = check([origin, subscriber], 2_000)
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 1-8'])
})

test('a node that said until when its journal is complete is judged by that time', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(1000, 'A#1', 1, 10, 'a', 100),
    sent(5000, 'A#1', 11, 20, 'a', 4100),
  ])
  const subscriber = journal('B', [start(0, 'B#1'), sub(1, 's'), got(1000, 's', 'A#1', 1, 9)], '{"t":"go')
  const audit = new DeliveryCheck({ graceMs: 500 })
  for (const [text, flushedAt] of [
    [origin, 5000],
    [subscriber, 1600],
  ] as const) {
    const intake = audit.openJournal(text.node, flushedAt)
    intake.close(readJournal(text, [intake]))
  }
  const result = audit.finish()
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 10'])
  assert.equal(result.subscribers[0]?.origins[0]?.pending.ranges, '11-20')
})

test('what is due is judged by the clock of the origin', () => {
  const clock = { t: 'clock', at: 3, peer: 'A', offsetMs: 10_000, errorMs: 1 }
  const origin = journal('A', [start(10_000, 'A#1'), sent(11_000, 'A#1', 1, 10, 'a', 10_100)])
  const ahead = journal('B', [
    start(0, 'B#1'),
    sub(1, 's'),
    clock,
    got(800, 's', 'A#1', 1, 5),
    stop(1000, 'B#1'),
  ])
  const result = check([origin, ahead], 500)
  assert.deepEqual(result.subscribers[0]?.origins[0]?.pending.ranges, '6-10')
  assert.equal(result.ok, true)
})

test('messages that a running origin has not journaled yet are unknown only if they came after its last line', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(1000, 'A#1', 1, 10)])
  const late = journal('B', [
    start(0, 'B#1'),
    sub(1, 's'),
    got(900, 's', 'A#1', 1, 10),
    got(1100, 's', 'A#1', 11, 12),
  ])
  assert.deepEqual(findingsOf(check([origin, late])), ['unknown A#1 11-12'])
  const early = journal('B', [start(0, 'B#1'), sub(1, 's'), got(900, 's', 'A#1', 1, 12)])
  assert.deepEqual(findingsOf(check([origin, early])), ['phantom A#1 11-12'])
})

test('an origin that was over before the subscription began, and that no line names, is unknown', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(200, 'A#1')])
  const result = check([origin, journal('B', [start(0, 'B#1'), sub(500, 's'), stop(900, 'B#1')])])
  assert.equal(result.ok, true)
  assert.deepEqual(findingsOf(result), ['unknown A#1 1-10'])
  assert.deepEqual(result.findings[0]?.reasons, ['start-not-journaled'])
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
