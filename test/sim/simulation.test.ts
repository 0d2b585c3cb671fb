// The simulator keeps its promises about itself: seeds pass, and a seed is the same run twice. That it would find what is wrong
// is the matter of planted-faults.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSeed } from './planted-fault.ts'

test('one hundred seeds keep every promise', () => {
  const failures: string[] = []
  for (let seed = 1; seed <= 100; seed++) {
    const { failure } = runSeed(seed)
    if (failure !== undefined) failures.push(`seed ${seed}: ${failure.message}`)
  }
  assert.deepEqual(failures, [])
})

test('a gap is not told when who had said no has filled its hole since', () => {
  assert.equal(runSeed(265).failure?.message, undefined)
})

test('a seed is the same run every time', () => {
  for (const seed of [3, 14, 159]) {
    const [first, second] = [runSeed(seed), runSeed(seed)]
    assert.equal(first.traceHash, second.traceHash)
    assert.equal(first.events, second.events)
  }
})

test('different seeds are different runs', () => {
  assert.notEqual(runSeed(1).traceHash, runSeed(2).traceHash)
})
