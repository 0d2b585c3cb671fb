// Where a durable subscription goes on: behind what its client has consumed, and never further.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientSubscription } from '../../node/broker/client-subscription.ts'
import type { Subscriber } from '../../node/broker/subscriber.ts'
import type { Boot, NodeId, Origin } from '../../node/core/common/ids.ts'
import { OriginState } from '../../node/core/stream/origin-state.ts'
import { Replica } from '../../node/core/stream/replica.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { numberBatch } from '../../node/wire/batch-header.ts'

const replica = new Replica({
  name: 'orders',
  topics: ['orders.>'],
  mode: 'gossip',
  retention: { bytes: 1_000_000, ageMs: 1000 },
  copies: 0,
  replicas: 3,
})
const state = new OriginState('A' as NodeId, 7 as Boot, 0)

/** A subscription that has been handed everything up to `passed`. */
function subscribe(
  passed: number,
  credit: { messages: number; bytes: number } | undefined,
): ClientSubscription {
  const request = {
    op: 'subscribe',
    id: 1,
    patterns: ['orders.>'],
    from: 'now',
    name: 'billing',
    ...(credit === undefined ? {} : { credit }),
  } as const
  const outlet = {
    isWritable: true,
    sendsWholeFrames: true,
    sendBatch: () => undefined,
    sendGap: () => undefined,
  }
  const subscription = new ClientSubscription(request, 'A#1/1', outlet)
  const cursor = new Map([['orders', new Map<Origin, number>([[state.origin, passed]])]])
  subscription.subscriber = { cursor: () => cursor, pump: () => undefined } as unknown as Subscriber
  return subscription
}

function send(subscription: ClientSubscription, from: number, to: number, count: number): void {
  subscription.batch(replica, state, new Uint8Array(100), from, to, count)
}

function position(subscription: ClientSubscription): number | undefined {
  return subscription.consumedCursor().get('orders')?.get(state.origin)
}

const credit = { messages: 100, bytes: 10_000 }

test('stands before what was sent and not consumed', () => {
  const subscription = subscribe(20, credit)
  send(subscription, 11, 20, 10)
  assert.equal(position(subscription), 10)
  assert.equal(subscription.hasOutstanding, true)
})

test('stands within a batch that was consumed in part', () => {
  const subscription = subscribe(20, credit)
  send(subscription, 11, 20, 10)
  subscription.onCredit(4, 40)
  assert.equal(position(subscription), 14)
  subscription.onCredit(10, 100)
  assert.equal(position(subscription), 20)
  assert.equal(subscription.hasOutstanding, false)
})

test('does not pass a message of a filtered batch that was not consumed', () => {
  const subscription = subscribe(20, credit)
  // Two of ten match, and they may be the first two.
  send(subscription, 11, 20, 2)
  assert.equal(position(subscription), 10)
  subscription.onCredit(1, 50)
  assert.equal(position(subscription), 11)
  subscription.onCredit(2, 100)
  assert.equal(position(subscription), 20)
})

test('ignores totals that are repeated, lower, or more than was sent', () => {
  const subscription = subscribe(30, credit)
  send(subscription, 11, 20, 10)
  send(subscription, 21, 30, 10)
  subscription.onCredit(12, 100)
  subscription.onCredit(3, 10)
  subscription.onCredit(12, 100)
  assert.equal(position(subscription), 22)
  subscription.onCredit(1_000_000, 1_000_000)
  assert.equal(position(subscription), 30)
  assert.equal(subscription.hasOutstanding, false)
  send(subscription, 31, 40, 10)
  assert.equal(subscription.hasOutstanding, true, 'what is sent after that is not consumed yet')
  assert.equal(position(subscription), 30)
})

test('takes no more than its credit, and more when some was consumed', () => {
  const subscription = subscribe(0, { messages: 10, bytes: 10_000 })
  send(subscription, 1, 9, 9)
  assert.equal(subscription.canTake, true)
  send(subscription, 10, 15, 6)
  assert.equal(subscription.canTake, false)
  subscription.onCredit(5, 0)
  assert.equal(subscription.canTake, false)
  subscription.onCredit(6, 0)
  assert.equal(subscription.canTake, true)
})

test('takes no more bytes than its credit, however few messages they are', () => {
  const subscription = subscribe(0, { messages: 100, bytes: 250 })
  for (const sequence of [1, 2]) send(subscription, sequence, sequence, 1)
  assert.equal(subscription.canTake, true)
  send(subscription, 3, 3, 1)
  assert.equal(subscription.canTake, false)
  subscription.onCredit(3, 50)
  assert.equal(subscription.canTake, false)
  subscription.onCredit(3, 51)
  assert.equal(subscription.canTake, true)
})

test('without credit, what was sent counts as consumed, however much it is', () => {
  const subscription = subscribe(70_000, undefined)
  for (let sequence = 1; sequence <= 70_000; sequence++) send(subscription, sequence, sequence, 1)
  assert.equal(subscription.canTake, true)
  assert.equal(position(subscription), 70_000)
})

test('records that go out again count as sent, and do not move the cursor', () => {
  const subscription = subscribe(8, credit)
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  for (let index = 0; index < 8; index++) builder.append('orders.new', 'x', undefined, 0)
  const frame = builder.finish(0, 'none')
  numberBatch(frame, replica.id, state.boot, 1, 0)
  // The client had 1 to 5 before; it gets all eight again, and drops the first five.
  subscription.batch(replica, state, frame, 6, 8, 3)
  subscription.onCredit(5, 0)
  assert.equal(position(subscription), 5)
  subscription.onCredit(6, 0)
  assert.equal(position(subscription), 6)
  subscription.onCredit(8, 0)
  assert.equal(position(subscription), 8)
})

test('stands before a gap until a message sent after it was consumed', () => {
  const subscription = subscribe(40, credit)
  send(subscription, 1, 10, 10)
  subscription.gap(replica, state, 11, 20, 'retention')
  // This total may have been sent before the gap came.
  subscription.onCredit(10, 100)
  assert.equal(position(subscription), 10)
  subscription.gap(replica, state, 21, 30, 'lost')
  assert.equal(position(subscription), 10)
  send(subscription, 31, 40, 10)
  subscription.onCredit(10, 100)
  assert.equal(position(subscription), 10)
  subscription.onCredit(11, 100)
  assert.equal(position(subscription), 31)
})

test('stands before a gap with which it began', () => {
  const subscription = subscribe(20, credit)
  subscription.gap(replica, state, 6, 20, 'retention')
  assert.equal(position(subscription), 5)
})

test('without credit, a gap that was sent counts as consumed', () => {
  const subscription = subscribe(20, undefined)
  subscription.gap(replica, state, 6, 20, 'retention')
  assert.equal(position(subscription), 20)
})
