// The leader world keeps its promises about itself: seeds pass, and a seed is the same run twice. That it would find what is wrong is
// the matter of leader-planted-faults.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runLeaderSeed } from './leader-seed.ts'

test('twenty seeds of the leader world keep every promise', () => {
  const failures: string[] = []
  for (let seed = 1; seed <= 20; seed++) {
    const { failure } = runLeaderSeed(seed)
    if (failure !== undefined) failures.push(`seed ${seed}: ${failure.message}`)
  }
  assert.deepEqual(failures, [])
})

test('what a member acknowledged as a learner counts once it votes (seed 463)', () => {
  assert.equal(runLeaderSeed(463).failure?.message, undefined)
})

test('a seed of the leader world is the same run every time', () => {
  for (const seed of [3, 14]) {
    const [first, second] = [runLeaderSeed(seed), runLeaderSeed(seed)]
    assert.equal(first.traceHash, second.traceHash)
    assert.equal(first.events, second.events)
  }
})

test('different seeds of the leader world are different runs', () => {
  assert.notEqual(runLeaderSeed(1).traceHash, runLeaderSeed(2).traceHash)
})
