// What may still be on its way: grace, journals that end at different times, clocks that differ.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeliveryCheck } from '../../audit/check.ts'
import { readJournal } from '../../audit/journal-reader.ts'
import { check, findingsOf, got, journal, sent, start, stop, sub } from './history.ts'

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
