// Handlers and credit: one delivery at a time, and no more on its way than was asked for.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect } from '../../client/index.ts'
import { FakeNode, numbered } from './fake-node.ts'
import { cursorAt, show, take } from './taking.ts'

test('a handler gets deliveries in order and one at a time', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const seen: string[] = []
  let running = 0
  const done = Promise.withResolvers<void>()
  const subscription = await client.subscribe('a.b', async (delivery) => {
    running++
    assert.equal(running, 1)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    seen.push(show(delivery))
    if (seen.length === 4) done.resolve()
  })
  node.last.sendFrame(numbered(1, 2))
  node.last.sendFrame(numbered(3, 2))
  await done.promise
  assert.deepEqual(seen, ['1 m1', '2 m2', '3 m3', '4 m4'])
  assert.equal(subscription.cursor, cursorAt(4))
})

test('a handler that throws or rejects is reported, and the subscription goes on', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const failures: string[] = []
  client.on('handlerFailed', ({ error, delivery }) => failures.push(`${String(error)} at ${show(delivery)}`))
  const done = Promise.withResolvers<void>()
  await client.subscribe('a.b', {}, (delivery) => {
    if (delivery.kind === 'gap') return
    if (delivery.sequence === 1) throw new Error('thrown')
    if (delivery.sequence === 2) return Promise.reject(new Error('rejected'))
    done.resolve()
    return
  })
  node.last.sendFrame(numbered(1, 3))
  await done.promise
  assert.deepEqual(failures, ['Error: thrown at 1 m1', 'Error: rejected at 2 m2'])
  assert.equal(client.stats.handlerFailures, 2)
})

test('credit is returned as totals when a quarter was consumed, and only for what was worked on', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const subscription = await client.subscribe('a.b', { credit: { messages: 8, bytes: 1_000_000 } })
  node.last.sendFrame(numbered(1, 8))
  await take(subscription, 3)
  await node.until(() => node.last.credits.length === 1)
  assert.deepEqual(node.last.credits[0], { subscription: 1, messages: 2, bytes: 0 })
  await take(subscription, 5)
  const frame = numbered(9, 1)
  node.last.sendFrame(frame)
  await take(subscription, 1)
  const loop = take(subscription, 1)
  await node.until(() => node.last.credits.at(-1)?.messages === 9)
  assert.equal(node.last.credits.at(-1)?.bytes, numbered(1, 8).length + frame.length)
  await subscription.unsubscribe()
  assert.deepEqual(await loop, [])
})

test('a slow handler gets no more credit than it consumed', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const gate = Promise.withResolvers<void>()
  let calls = 0
  await client.subscribe('a.b', { credit: { messages: 4 } }, () => {
    calls++
    return gate.promise
  })
  node.last.sendFrame(numbered(1, 4))
  await client.publish('round', 'trip')
  await client.publish('round', 'trip')
  assert.equal(calls, 1)
  assert.deepEqual(node.last.credits, [])
  gate.resolve()
  await node.until(() => node.last.credits.at(-1)?.messages === 4)
  assert.equal(calls, 4)
})

test('an idle subscriber returns the rest of its credit after a moment', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  await client.subscribe('a.b', () => {})
  const frame = numbered(1, 3)
  node.last.sendFrame(frame)
  await node.until(() => node.last.credits.length === 1)
  assert.deepEqual(node.last.credits, [{ subscription: 1, messages: 3, bytes: frame.length }])
})

test('copies are counted as consumed in their turn, behind what came before them', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const subscription = await client.subscribe('a.b', { credit: { messages: 4, bytes: 1_000_000 } })
  node.last.sendFrame(numbered(1, 2))
  node.last.sendFrame(numbered(1, 4))
  await take(subscription, 2)
  await client.publish('round', 'trip')
  const rest = take(subscription, 3)
  await node.until(() => node.last.credits.at(-1)?.messages === 6)
  const totals = node.last.credits.map(({ messages }) => messages)
  // Two copies come together with the second message of the first batch, never before it.
  assert.ok(!totals.includes(3), String(totals))
  assert.equal(totals[0], 1)
  await subscription.unsubscribe()
  assert.deepEqual(await rest, ['3 m3', '4 m4'])
})
