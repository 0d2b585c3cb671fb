// What a follower says twice: the answer to an append that only tells the commit index.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { append, follower, kindsOf } from './test-group.ts'

test('an answer that its leader has had waits for the next tick, and new entries overtake it', () => {
  const test = follower('a')
  assert.deepEqual(test.step(append(1, 1)), [])
  assert.deepEqual(
    test.tick(1).map((message) => message.kind === 'append-answer' && message.index),
    [1],
  )
  assert.deepEqual(test.tick(1), [])
  assert.deepEqual(test.step(append(1, 1)), [])
  test.step(append(1, 1, 'b'))
  assert.deepEqual(kindsOf(test.finish()), ['append-answer'])
  assert.deepEqual(test.tick(1), [])
})

test('a rejection is said each time, and so is the first answer on a new link', () => {
  const test = follower('a')
  assert.deepEqual(kindsOf(test.step(append(5, 1))), ['append-answer'])
  assert.deepEqual(kindsOf(test.step(append(5, 1))), ['append-answer'])
  assert.deepEqual(kindsOf(test.step(append(1, 1))), ['append-answer'])
  assert.deepEqual(test.step(append(1, 1)), [])
  test.group.onReachable(2)
  assert.deepEqual(kindsOf(test.step(append(1, 1))), ['append-answer'])
})
