// Subscribers that are slow or do not read at all: bounded, told why they are closed, and no burden to others.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Cluster } from './cluster.ts'
import type { ClusterNode } from './cluster-node.ts'
import { Ledger } from './ledger.ts'
import { RawClient } from './raw-client.ts'
import { until } from './until.ts'

const mebibyte = 2 ** 20

let cluster: Cluster
let a: ClusterNode
let b: ClusterNode

before(async () => {
  const environment = { HERALD_LIMITS_SLOW_CONSUMER: '2s', HERALD_RETENTION_BYTES: '32MiB' }
  cluster = await Cluster.start({ nodes: 2, environment })
  a = cluster.node('A')
  b = cluster.node('B')
})

after(async () => {
  await cluster[Symbol.asyncDispose]()
})

/** Publishes so many mebibytes in messages of 16 KiB and returns the messages per second. */
async function publishMebibytes(topic: string, mebibytes: number): Promise<number> {
  await using client = await cluster.connect('A')
  const payload = Buffer.alloc(16_384, 'x')
  const begin = performance.now()
  for (let batch = 0; batch < mebibytes; batch++) {
    const burst = Array.from({ length: 64 }, () => ({ topic, payload }))
    const results = await client.publishBatch(burst)
    assert(results.every(({ status }) => status === 'acknowledged'))
  }
  return (mebibytes * 64 * 1000) / (performance.now() - begin)
}

/** Lets 200 MB pass beside a subscriber that never reads, until the node gives that one up. Returns how much memory the node had at the most. */
async function floodBesideStuck(calm: number): Promise<number> {
  const slowBefore = await a.counter('slowConsumers')
  using stuck = await RawClient.open(a, 'herald.client.v1')
  stuck.say({ op: 'subscribe', id: 1, patterns: ['flood.>'] })
  await stuck.hear('subscribed')
  stuck.webSocket.pause()
  let peak = 0
  let rate = 0
  const publishing = publishMebibytes('flood.x', 200).then((messagesPerSecond) => {
    rate = messagesPerSecond
  })
  await until(
    '200 MB have passed',
    async () => {
      peak = Math.max(peak, await a.memory())
      return rate > 0
    },
    60_000,
  )
  await publishing
  await until('the node gives the slow one up', async () => (await a.counter('slowConsumers')) > slowBefore)
  stuck.webSocket.resume()
  const { status, reason } = await stuck.ending
  const closing = stuck.heard('closing')[0]
  // Who reads again after the node has given up on the connection may find only its end.
  if (status === 1013) {
    assert.match(reason, /^SLOW_CONSUMER: nothing was read for/)
    assert.equal(closing?.['code'], 'SLOW_CONSUMER')
  } else assert.equal(status, 1006)
  assert.equal(await a.counter('slowConsumers'), slowBefore + 1)
  assert(rate > calm / 4, `${rate} messages/s beside it, ${calm} without it`)
  return Math.max(peak, await a.memory())
}

test('a subscriber that never reads while 200 MB pass is closed with 1013, and the others do not feel it', async () => {
  await using good = await cluster.connect('B')
  const ledger = new Ledger()
  await good.subscribe('flood.>', ledger.take)
  const fresh = await a.memory()
  const calm = await publishMebibytes('flood.x', 200)
  await ledger.untilCount(200 * 64, 30_000)
  // One after the other: what the node held for one would come on top of the next one's, if it did not let go of it.
  for (const floods of [2, 3, 4]) {
    const peak = await floodBesideStuck(calm)
    await ledger.untilCount(floods * 200 * 64, 30_000)
    ledger.assertComplete(floods * 200 * 64)
    // What is retained, what may wait for the stuck one's socket, and what was read and is garbage; what the C library once had it keeps.
    const bound = (32 + 32 + 64) * mebibyte
    assert(peak < fresh + bound, `${peak} bytes at the peak of flood ${floods}, ${fresh} in the beginning`)
  }
  await until('the sessions are gone', async () => (await a.status()).sessions === 0)
})

test('one that reads again in time learns why it is closed', async () => {
  using stuck = await RawClient.open(a, 'herald.client.v1')
  stuck.say({ op: 'subscribe', id: 1, patterns: ['told.>'] })
  await stuck.hear('subscribed')
  stuck.webSocket.pause()
  const slowBefore = await a.counter('slowConsumers')
  await publishMebibytes('told.x', 32)
  await until('the node gives it up', async () => (await a.counter('slowConsumers')) > slowBefore)
  stuck.webSocket.resume()
  const { status, reason } = await stuck.ending
  assert.equal(status, 1013)
  assert.match(reason, /^SLOW_CONSUMER: nothing was read for \d+ s while \d+ bytes waited/)
  assert.equal(stuck.heard('closing')[0]?.['code'], 'SLOW_CONSUMER')
})

test('credit bounds what is in flight, and more comes when some was consumed', async () => {
  using client = await RawClient.open(a, 'herald.client.v1')
  client.say({ op: 'subscribe', id: 7, patterns: ['credit.>'], credit: { messages: 100, bytes: 10_000_000 } })
  await client.hear('subscribed')
  await using publisher = await cluster.connect('B')
  for (let index = 0; index < 500; index++) await publisher.publish('credit.x', 'x')
  const received = (): number =>
    client.frames.reduce((sum, frame) => sum + (frame[0] === 2 ? frame.readUInt32LE(4) : 0), 0)
  await until('the credit is used up', () => received() >= 100)
  assert(received() <= 100, 'one batch may overshoot; each of these holds one message')
  assert.equal((await a.status()).counters['slowConsumers'], await a.counter('slowConsumers'))
  const credit = Buffer.alloc(24)
  credit[0] = 4
  credit.writeUInt32LE(7, 4)
  credit.writeBigUInt64LE(60n, 8)
  credit.writeBigUInt64LE(1000n, 16)
  client.webSocket.send(credit)
  await until('as many more came', () => received() === 160)
  client.webSocket.send(credit)
  credit.writeBigUInt64LE(10n, 8)
  client.webSocket.send(credit)
  credit.writeBigUInt64LE(160n, 8)
  client.webSocket.send(credit)
  await until('a repeated and a lower total change nothing', () => received() >= 260)
  assert.equal(received(), 260)
})

test('a slow handler slows nobody else, and gets everything', async () => {
  await using client = await cluster.connect('A')
  const slow = new Ledger()
  const quick = new Ledger()
  await client.subscribe('pace.>', { credit: { messages: 64 } }, async (delivery) => {
    slow.take(delivery)
    if (slow.count % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  })
  await using other = await cluster.connect('B')
  await other.subscribe('pace.>', quick.take)
  await using publisher = await cluster.connect('B')
  await publisher.publishBatch(Array.from({ length: 5000 }, () => ({ topic: 'pace.x', payload: 'x' })))
  await quick.untilCount(5000)
  quick.assertComplete(5000)
  await slow.untilCount(5000)
  slow.assertComplete(5000)
})

test('a client that publishes and never reads its answers is closed, and memory stays bounded', async () => {
  await using small = await Cluster.start({
    nodes: 1,
    environment: { HERALD_LIMITS_SESSION_QUEUE_HARD: '2MiB', HERALD_RETENTION_BYTES: '1MiB' },
  })
  const node = small.node('A')
  using client = await RawClient.open(node)
  const text = JSON.stringify({ op: 'publish', topic: 'no.answer', text: 'x', id: 'i'.repeat(250) })
  client.webSocket.pause()
  let peak = 0
  await until(
    'the node closes it',
    async () => {
      for (let index = 0; index < 2000; index++) client.webSocket.send(text)
      peak = Math.max(peak, await node.memory())
      return (await node.counter('slowConsumers')) === 1
    },
    30_000,
  )
  assert(peak < 300 * mebibyte, `${peak} bytes`)
})

test('a publisher that lets more wait for copies than the limit is closed with 1008', async () => {
  await using small = await Cluster.prepare({ nodes: 2, environment: { HERALD_LIMITS_IN_FLIGHT: '2MiB' } })
  const node = small.node('A')
  await node.start()
  using client = await RawClient.open(node)
  const text = 'x'.repeat(1_000_000)
  for (let id = 0; id < 5; id++) client.say({ op: 'publish', topic: 'much.x', text, ack: 'copies', id })
  const { status, reason } = await client.ending
  assert.equal(status, 1008)
  assert.match(reason, /^PUBLISH_RATE_LIMITED: \d+ bytes wait for copies, at most 2097152 may/)
  assert.equal(await node.counter('protocolErrors'), 1)
})

test('b is unharmed by all of this', async () => {
  assert.equal(await b.counter('slowConsumers'), 0)
  assert.equal(await b.counter('peerProtocolErrors'), 0)
})
