// Subscriptions that begin in one epoch of a stream and go on through the others: by offset, from the earliest, from a cursor.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, connect, type SubscribeOptions } from '../../../client/index.ts'
import { Cluster } from '../cluster.ts'
import { until } from '../until.ts'

let cluster: Cluster
let client: Client
/** Where a subscription stood that had everything of the first epoch. */
let cursor = ''

before(async () => {
  cluster = await Cluster.start()
  const [first] = cluster.nodes
  await first?.admin.putStream('orders', { topics: ['orders.>'], mode: 'leader' })
  await until('all nodes know the stream', async () => {
    const statuses = await Promise.all(cluster.nodes.map((node) => node.status()))
    return statuses.every(({ streams }) =>
      streams.some(({ name, order }) => name === 'orders' && order?.leader),
    )
  })
  client = await cluster.connect('B')
  await publish('first', 20)
  await using subscription = await client.subscribe('orders.>', { from: 'earliest' })
  await take(subscription, 20)
  cursor = subscription.cursor
  await first?.admin.withTimeout(20_000).setMode('orders', 'gossip')
  await until('B is in epoch 2', async () => (await epochOf('B')) === 2)
  await publish('second', 10)
  await first?.admin.withTimeout(20_000).setMode('orders', 'leader')
  await until('B is in epoch 3', async () => (await epochOf('B')) === 3)
  await publish('third', 10)
})

after(async () => {
  await client.close()
  await cluster[Symbol.asyncDispose]()
})

test('from the earliest a subscription gets all epochs, one after the other', async () => {
  assert.deepEqual(await read({ from: 'earliest' }, 40), [
    ...texts('first', 1, 20),
    ...texts('second', 1, 10),
    ...texts('third', 1, 10),
  ])
})

test('from an offset a subscription begins with that message, in whichever epoch it is', async () => {
  assert.deepEqual(await read({ from: { offset: 15 } }, 26), [
    ...texts('first', 15, 20),
    ...texts('second', 1, 10),
    ...texts('third', 1, 10),
  ])
  assert.deepEqual(await read({ from: { offset: 25 } }, 6), texts('third', 5, 10))
})

test('from a cursor of an epoch that is over a subscription goes on with the next one', async () => {
  assert.deepEqual(await read({ from: { cursor } }, 20), [
    ...texts('second', 1, 10),
    ...texts('third', 1, 10),
  ])
})

test('the end of the order is what was acknowledged last, asked of any node', async () => {
  for (const node of cluster.nodes) {
    const { epoch, last } = await node.admin.streamEnd('orders', true)
    assert.deepEqual([epoch, last], [3, 30])
  }
})

test('a stream in leader mode on which nothing was published goes to gossip mode as well', async () => {
  const { admin } = cluster.node('C')
  await admin.putStream('bills', { topics: ['bills.>'], mode: 'leader' })
  const { epoch } = await admin.withTimeout(20_000).setMode('bills', 'gossip')
  assert.equal(epoch, 2)
  const result = await client.publish('bills.new', 'a')
  assert.equal(result.status, 'acknowledged')
})

test('a node starts again that has a stream which began in gossip mode and was changed in leader mode', async () => {
  const { admin } = cluster.node('A')
  await admin.putStream('notes', { topics: ['notes.>'] })
  await admin.withTimeout(20_000).setMode('notes', 'leader')
  await admin.putStream('notes', { retention: { bytes: 1_000_000, ageMs: 60_000 } })
  const node = cluster.node('C')
  await until('C knows the change', async () => (await retentionAt('C')) === 1_000_000)
  await node.kill()
  await node.start()
  await until('C has started and is in the epoch', async () => (await epochOf('C', 'notes')) === 1)
  assert.equal(await retentionAt('C'), 1_000_000)
})

test('from an offset behind the end a subscription gets nothing before that place, in whatever epochs, also over another node', async () => {
  const { admin } = cluster.node('A')
  await admin.putStream('places', { topics: ['places.>'], mode: 'leader' })
  const send = async (from: number, to: number): Promise<void> => {
    for (const text of texts('place', from, to)) {
      const result = await client.publish('places.new', text)
      assert.equal(result.status, 'acknowledged')
    }
  }
  await send(1, 3)
  const node = cluster.node('C')
  // It is on C for sure, and hears of the other nodes there.
  await using waiting = await connect(node.url)
  await using subscription = await waiting.subscribe('places.>', { from: { offset: 7 } })
  await send(4, 4)
  const isBack = new Promise<unknown>((resolve) => waiting.on('reconnected', resolve))
  await node.kill()
  await isBack
  await admin.withTimeout(20_000).setMode('places', 'gossip')
  assert.equal((await client.publish('places.new', 'without a place')).status, 'acknowledged')
  await admin.withTimeout(20_000).setMode('places', 'leader')
  await until('B is in the third epoch', async () => (await epochOf('B', 'places')) === 3)
  await send(5, 8)
  assert.deepEqual(await take(subscription, 2), texts('place', 7, 8))
  await node.start()
})

test('an offset is refused where no stream is in leader mode, and means now on those beside one that is', async () => {
  await assert.rejects(client.subscribe('plain', { from: { offset: 1 } }), { code: 'OFFSET_NEEDS_ORDER' })
  await client.publish('plain', 'before')
  await using subscription = await client.subscribe('>', { from: { offset: 30 } })
  await client.publish('plain', 'behind')
  const got = await takeUntil(subscription, 'behind')
  assert.deepEqual([got.includes('third 10'), got.includes('before')], [true, false])
})

async function retentionAt(id: string): Promise<number | undefined> {
  const streams = await cluster.node(id).admin.streams()
  return streams.find(({ name }) => name === 'notes')?.retention.bytes
}

async function epochOf(id: string, stream = 'orders'): Promise<number | undefined> {
  const { streams } = await cluster.node(id).status()
  return streams.find(({ name }) => name === stream)?.epoch
}

async function publish(prefix: string, count: number): Promise<void> {
  for (const text of texts(prefix, 1, count)) {
    const result = await client.publish('orders.new', text)
    assert.equal(result.status, 'acknowledged')
  }
}

async function read(options: SubscribeOptions, count: number): Promise<string[]> {
  await using subscription = await client.subscribe('orders.>', options)
  return await take(subscription, count)
}

async function take(
  deliveries: AsyncIterable<{ readonly kind: string; text?(): string }>,
  count: number,
): Promise<string[]> {
  const got: string[] = []
  for await (const delivery of deliveries) {
    got.push(delivery.text?.() ?? delivery.kind)
    if (got.length === count) break
  }
  return got
}

async function takeUntil(
  deliveries: AsyncIterable<{ readonly kind: string; text?(): string }>,
  last: string,
): Promise<string[]> {
  const got: string[] = []
  for await (const delivery of deliveries) {
    got.push(delivery.text?.() ?? delivery.kind)
    if (got.at(-1) === last) break
  }
  return got
}

function texts(prefix: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, at) => `${prefix} ${from + at}`)
}
