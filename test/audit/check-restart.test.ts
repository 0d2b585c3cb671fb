// Nodes that restart or crash, sessions that break: what goes on, what is unknown, and what is still a fault.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, check, findingsOf, got, journal, lost, sent, start, stop, sub } from './history.ts'

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

test('a broken session leaves nothing unknown of an origin that had nothing for it', () => {
  const quiet = journal('C', [start(0, 'C#1'), sent(600, 'C#1', 1, 5), stop(900, 'C#1')])
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 5), stop(900, 'A#1')])
  const lines = [start(0, 'B#1'), sub(1, 's', ['>'], 'client'), got(200, 's', 'A#1', 1, 5), lost(300, 's')]
  const result = check([quiet, origin, journal('B', [...lines, stop(900, 'B#1')])])
  assert.equal(result.ok, true)
  assert.deepEqual(findingsOf(result), ['unknown A#1'])
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

test('a session that died with its node is owed no more when the node crashes again', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 5),
    sent(600, 'A#1', 6, 10),
    stop(900, 'A#1'),
  ])
  const lines = [start(0, 'B#1'), sub(1, 's', ['>'], 'client'), got(150, 's', 'A#1', 1, 3), start(400, 'B#2')]
  const once = check([origin, journal('B', lines)])
  assert.deepEqual(findingsOf(once), ['unknown A#1 4-5'])
  const twice = check([origin, journal('B', [...lines, start(700, 'B#3'), start(800, 'B#4')])])
  assert.deepEqual(findingsOf(twice), findingsOf(once))
})
