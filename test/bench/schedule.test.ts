// The open-loop schedule.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isInvalid, missedAfterMs, Schedule } from '../../bench/schedule.ts'

test('message i is due at start + i / rate, without drift', () => {
  const schedule = new Schedule({ startMs: 1000, ratePerSecond: 3, count: 3_000_001 })
  assert.equal(schedule.intendedMs(0), 1000)
  assert.equal(schedule.intendedMs(1), 1000 + 1000 / 3)
  assert.equal(schedule.intendedMs(3_000_000), 1000 + 1_000_000_000)
})

test('a tick gets everything that is due, each with its own intended time, and nothing that is not', () => {
  const schedule = new Schedule({ startMs: 0, ratePerSecond: 1000, count: 100 })
  assert.deepEqual(takeAll(schedule, 2.5), [0, 1, 2])
  assert.deepEqual(takeAll(schedule, 2.9), [])
  assert.deepEqual(takeAll(schedule, 4), [3, 4])
})

test('a late tick sends what was missed and does not move the schedule', () => {
  const schedule = new Schedule({ startMs: 0, ratePerSecond: 1000, count: 100 })
  assert.equal(takeAll(schedule, 30).length, 31)
  assert.equal(schedule.missed, 30 - missedAfterMs)
  assert.deepEqual(takeAll(schedule, 31), [31])
})

test('it is over after its count', () => {
  const schedule = new Schedule({ startMs: 0, ratePerSecond: 1000, count: 2 })
  assert.equal(schedule.isOver, false)
  assert.deepEqual(takeAll(schedule, 1000), [0, 1])
  assert.equal(schedule.isOver, true)
  assert.equal(schedule.takeDue(2000), undefined)
})

test('one without a count goes on until it is ended', () => {
  const schedule = new Schedule({ startMs: 0, ratePerSecond: 1000, count: Number.POSITIVE_INFINITY })
  assert.equal(takeAll(schedule, 99).length, 100)
  assert.equal(schedule.isOver, false)
  schedule.end()
  assert.equal(schedule.isOver, true)
  assert.equal(schedule.takeDue(1000), undefined)
})

test('a run is invalid when more than a thousandth of its schedule was missed', () => {
  assert.equal(isInvalid(10, 10_000), false)
  assert.equal(isInvalid(11, 10_000), true)
  assert.equal(isInvalid(0, 1), false)
})

function takeAll(schedule: Schedule, nowMs: number): number[] {
  const taken: number[] = []
  for (let due = schedule.takeDue(nowMs); due !== undefined; due = schedule.takeDue(nowMs)) taken.push(due)
  return taken
}
