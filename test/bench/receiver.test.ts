// What the subscriber's end notices, over payloads as the publisher's end makes them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PayloadRing, payloadSlots, readIntendedMs, readNumber, readPhase } from '../../bench/payload.ts'
import { deliveryProblem, type Received, Receiver } from '../../bench/receiver.ts'
import { progressEvery } from '../../bench/window.ts'

const phase = 3

test('payloads carry number, phase and intended time, in slots of their own', () => {
  const ring = new PayloadRing(16, payloadSlots).begin(phase)
  const first = ring.next()
  const second = ring.nextAt(1234.5)
  assert.deepEqual([readNumber(first), readNumber(second), readPhase(second)], [0, 1, phase])
  assert.equal(readIntendedMs(second), 1234.5)
  assert.equal(second.length, 16)
  ring.count = 0xfedcba98
  assert.equal(readNumber(ring.next()), 0xfedcba98)
  ring.count = payloadSlots
  assert.equal(ring.next().byteOffset, first.byteOffset, 'slots are used in turn')
})

test('a payload too small for its fields is refused', () => {
  assert.throws(() => new PayloadRing(15, 1), /15 is below 16/)
})

test('messages that come once and in order are a result', async () => {
  const received = await receive([0, 1, 2, 3])
  assert.equal(deliveryProblem(received, 4), undefined)
  assert.equal(received.lastAt, 77)
})

test('a lost message is no result, at the end as well as in the middle', async () => {
  assert.equal(deliveryProblem(await receive([0, 1, 3]), 4), '1 of 4 messages lost')
  assert.equal(deliveryProblem(await receive([0, 1, 2]), 4), '1 of 4 messages lost')
})

test('a message that comes twice is no result', async () => {
  assert.equal(deliveryProblem(await receive([0, 1, 1, 2]), 3), '1 messages too many')
})

test('a double that makes up for a loss is no result', async () => {
  assert.equal(deliveryProblem(await receive([0, 1, 1, 3]), 4), '1 messages out of order')
})

test('messages out of order are no result', async () => {
  assert.equal(deliveryProblem(await receive([0, 2, 1, 3]), 4), '1 messages out of order')
})

test('payloads of a wrong size are no result', async () => {
  const receiver = new Receiver({ phase, payloadBytes: 17, isTimed: false })
  receiver.onPayload(new PayloadRing(16, payloadSlots).begin(phase).next())
  assert.equal(deliveryProblem(receiver.result(), 1), '1 messages of a wrong size')
})

test('messages of another phase do not count', () => {
  const receiver = new Receiver({ phase, payloadBytes: 16, isTimed: false })
  receiver.onPayload(new PayloadRing(16, payloadSlots).begin(phase - 1).next())
  assert.equal(receiver.received, 0)
})

test('latency is counted from the intended time of each message', () => {
  const receiver = new Receiver({ phase, payloadBytes: 16, isTimed: true, now: () => 100 })
  const ring = new PayloadRing(16, payloadSlots).begin(phase)
  for (const intendedMs of [99, 98, 60]) receiver.onPayload(ring.nextAt(intendedMs))
  const { latency } = receiver.result()
  assert.equal(latency?.count, 3)
  assert.deepEqual(
    [latency?.p50, latency?.max].map((value) => Math.round((value ?? 0) / 100)),
    [20, 400],
  )
})

test('progress is told every few thousand messages', () => {
  const told: number[] = []
  const onProgress = (received: number): void => void told.push(received)
  const receiver = new Receiver({ phase, payloadBytes: 16, isTimed: false, onProgress })
  const ring = new PayloadRing(16, payloadSlots).begin(phase)
  for (let index = 0; index <= 2 * progressEvery; index++) receiver.onPayload(ring.next())
  assert.deepEqual(told, [progressEvery, 2 * progressEvery])
})

/** What a receiver says of messages with these numbers, a turn later. */
async function receive(numbers: readonly number[]): Promise<Received> {
  const receiver = new Receiver({ phase, payloadBytes: 16, isTimed: false, now: () => 77 })
  const ring = new PayloadRing(16, payloadSlots).begin(phase)
  for (const number of numbers) {
    ring.count = number
    receiver.onPayload(ring.next())
  }
  await new Promise((resolve) => setImmediate(resolve))
  return receiver.result()
}
