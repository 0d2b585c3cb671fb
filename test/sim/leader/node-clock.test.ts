// The clock of a simulated node: as a process sees it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NodeClock } from '../../../sim/leader/node-clock.ts'
import { Timeline } from '../../../sim/timeline.ts'

test('a clock that is set is so for the next process, and one that jumps for this one', () => {
  const timeline = new Timeline(10_000)
  const clock = new NodeClock(timeline, 500)
  assert.equal(clock.now(), 10_500)
  clock.set(-2_000)
  assert.equal(clock.now(), 10_500)
  clock.restart()
  assert.equal(clock.now(), 8_500)
  clock.jump(100)
  assert.equal(clock.now(), 8_600)
  clock.restart()
  assert.equal(clock.aheadMs, -1_400)
})

test('a clock that is fast goes ahead of the true time', () => {
  const timeline = new Timeline(10_000)
  const clock = new NodeClock(timeline, 0, 0.05)
  timeline.runUntil(12_000)
  assert.equal(clock.now(), 12_100)
})
