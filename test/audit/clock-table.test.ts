// Clocks against each other, from measurements that either side made.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClockTable } from '../../audit/clock-table.ts'

test('the measurement with the smallest error counts, whichever side made it', () => {
  const clocks = new ClockTable()
  assert.equal(clocks.between('A', 'B'), undefined)
  clocks.add('A', 'B', { offsetMs: 10, errorMs: 2 })
  clocks.add('A', 'B', { offsetMs: 50, errorMs: 5 })
  assert.deepEqual(clocks.between('A', 'B'), { offsetMs: 10, errorMs: 2 })
  assert.deepEqual(clocks.between('B', 'A'), { offsetMs: -10, errorMs: 2 })
  clocks.add('B', 'A', { offsetMs: -11, errorMs: 1 })
  assert.deepEqual(clocks.between('A', 'B'), { offsetMs: 11, errorMs: 1 })
})

test('of two equally good measurements the later one counts', () => {
  const clocks = new ClockTable()
  clocks.add('A', 'B', { offsetMs: 10, errorMs: 2 })
  clocks.add('A', 'B', { offsetMs: 12, errorMs: 2 })
  assert.equal(clocks.between('A', 'B')?.offsetMs, 12)
})

test('times are translated by the offset, and kept where none is known', () => {
  const clocks = new ClockTable()
  clocks.add('A', 'B', { offsetMs: 10, errorMs: 2 })
  assert.equal(clocks.translate(1_000, 'A', 'B'), 1_010)
  assert.equal(clocks.translate(1_000, 'B', 'A'), 990)
  assert.equal(clocks.translate(1_000, 'A', 'A'), 1_000)
  assert.equal(clocks.translate(1_000, 'A', 'C'), 1_000)
})
