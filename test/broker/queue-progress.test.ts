// What a member of a queue has not acknowledged, message by message.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueProgress } from '../../node/broker/queue-progress.ts'

function waiting(progress: QueueProgress): [number, number][] {
  return [...progress.firstWaiting()].toSorted(([a], [b]) => a - b)
}

test('each slot waits from its first message that was not worked on', () => {
  const progress = new QueueProgress()
  progress.push({ slots: Uint8Array.of(1, 2, 1), offsets: [10, 11, 12] })
  progress.push({ slots: Uint8Array.of(3, 2), offsets: [15, 16] })
  assert.deepEqual(waiting(progress), [
    [1, 10],
    [2, 11],
    [3, 15],
  ])
  progress.consume(1)
  assert.deepEqual(waiting(progress), [
    [1, 12],
    [2, 11],
    [3, 15],
  ])
  progress.consume(4)
  assert.deepEqual(waiting(progress), [[2, 16]])
  progress.consume(2)
  assert.deepEqual(waiting(progress), [[2, 16]], 'a lower total is old news')
  progress.consume(5)
  assert.deepEqual(waiting(progress), [])
})

test('what is disowned counts for the totals and for nothing else', () => {
  const progress = new QueueProgress()
  progress.push({ slots: Uint8Array.of(1, 2), offsets: [10, 11] })
  progress.disown()
  progress.push({ slots: Uint8Array.of(4), offsets: [30] })
  assert.deepEqual(waiting(progress), [[4, 30]])
  progress.consume(2)
  assert.deepEqual(waiting(progress), [[4, 30]])
  progress.consume(3)
  assert.deepEqual(waiting(progress), [])
})

test('a slot that has come back waits from its lowest message', () => {
  const progress = new QueueProgress()
  progress.push({ slots: Uint8Array.of(1), offsets: [50] })
  progress.push({ slots: Uint8Array.of(1), offsets: [20] })
  assert.deepEqual(waiting(progress), [[1, 20]])
})
