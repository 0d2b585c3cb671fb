// Gaps that were told: a loss that is known, whatever the journal of the origin still says of what it sent.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckResult } from '../../audit/check-result.ts'
import { renderCheckText } from '../../audit/check-text.ts'
import { check, findingsOf, gap, got, journal, type Lines, sent, start, stop, sub } from './history.ts'

/** Told of 9-15, and got what is around it. */
const subscriber = journal('B', [
  start(0, 'B#1'),
  sub(1, 's'),
  got(110, 's', 'A#1', 1, 8),
  gap(150, 's', 'A#1', 9, 15),
  got(160, 's', 'A#1', 16, 20),
  stop(900, 'B#1'),
])

function whenOriginHas(lines: Lines, tail = ''): CheckResult {
  return check([journal('A', [start(0, 'A#1'), ...lines], tail), subscriber])
}

test('a gap that was told is lost and told, whether the journal of the origin has its end or not', () => {
  const whole = whenOriginHas([sent(100, 'A#1', 1, 20), stop(900, 'A#1')])
  assert.deepEqual(findingsOf(whole), ['lost-told A#1 9-15'])
  const crashed = whenOriginHas([sent(100, 'A#1', 1, 12), start(500, 'A#2'), stop(900, 'A#2')])
  assert.deepEqual(findingsOf(crashed), ['lost-told A#1 9-15', 'unknown A#1 16-20'])
  assert.equal(whole.ok, false)
  assert.equal(crashed.ok, false)
  assert.deepEqual(crashed.findings[0]?.reasons, ['retention'])
  assert.equal(crashed.totals.expected, 15, 'what was told was due')
  assert.match(renderCheckText(crashed), /^NOT OK: 7 lost-told\n.* B s default: A#1 9-15 \(retention\)\n/s)
})

test('a gap that lies behind all that a crashed origin has journaled is lost and told', () => {
  const crashed = whenOriginHas([sent(100, 'A#1', 1, 8), start(500, 'A#2'), stop(900, 'A#2')])
  assert.deepEqual(findingsOf(crashed), ['lost-told A#1 9-15', 'unknown A#1 16-20'])
  const withoutAny = whenOriginHas([start(500, 'A#2'), stop(900, 'A#2')])
  assert.deepEqual(findingsOf(withoutAny), ['lost-told A#1 9-15', 'unknown A#1 1-8,16-20'])
})

test('a gap is lost and told without the journal of the origin, and where lines of it are damaged', () => {
  const missing = check([subscriber])
  assert.deepEqual(findingsOf(missing), ['lost-told A#1 9-15', 'unknown A#1 1-8,16-20'])
  assert.equal(missing.ok, false)
  const damaged = whenOriginHas([sent(90, 'A#1', 1, 8), 'x', sent(100, 'A#1', 18, 20), stop(900, 'A#1')])
  assert.deepEqual(findingsOf(damaged), ['lost-told A#1 9-15', 'unknown A#1 16-17'])
})

test('a gap that a running origin has not journaled yet counts, one that it should have does not', () => {
  const torn = whenOriginHas([sent(100, 'A#1', 1, 8)], '{"t":"se')
  assert.deepEqual(findingsOf(torn), ['lost-told A#1 9-15', 'unknown A#1 16-20'])
  const behind = whenOriginHas([sent(100, 'A#1', 1, 8)])
  assert.deepEqual(findingsOf(behind), ['lost-told A#1 9-15', 'unknown A#1 16-20'])
  const ahead = whenOriginHas([
    sent(100, 'A#1', 1, 8),
    { t: 'clock', at: 500, peer: 'B', offsetMs: 0, errorMs: 1 },
  ])
  assert.deepEqual(findingsOf(ahead), ['phantom A#1 16-20'])
})

test('a gap of what was never sent is no loss when the journal of the origin is whole', () => {
  const result = check([
    journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 8), stop(900, 'A#1')]),
    journal('B', [
      start(0, 'B#1'),
      sub(1, 's'),
      got(110, 's', 'A#1', 1, 8),
      gap(150, 's', 'A#1', 9, 15),
      stop(900, 'B#1'),
    ]),
  ])
  assert.deepEqual(findingsOf(result), [])
})

test('a gap that was told to a subscription whose patterns are damaged is lost and told', () => {
  const lines = [start(0, 'B#1'), '{"t":"sub",', gap(150, 's', 'A#1', 3, 5), stop(900, 'B#1')]
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 8), stop(900, 'A#1')])
  assert.deepEqual(findingsOf(check([origin, journal('B', lines)])), ['lost-told A#1 3-5', 'unknown A#1'])
})
