// The client against real nodes: delivery across the cluster, and what happens when nodes are killed and drained.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect, type Delivery } from '../../client/index.ts'
import { RealCluster } from './real-cluster.ts'

const quick = { reconnect: { minMs: 10, maxMs: 100 } } as const

/** A handler that remembers texts and lets wait until one of them has come. */
function recorder(): {
  texts: string[]
  handler: (delivery: Delivery) => void
  has: (text: string) => Promise<void>
} {
  const texts: string[] = []
  let wake = (): void => {}
  return {
    texts,
    handler: (delivery) => {
      texts.push(delivery.kind === 'gap' ? `gap ${delivery.from}-${delivery.to}` : delivery.text())
      wake()
    },
    has: async (text) => {
      while (!texts.includes(text)) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `m${from + index}`)

test('messages cross the cluster with headers, key, time and position', async () => {
  await using cluster = await RealCluster.start(['A', 'B'])
  await using publisher = await connect(cluster.url('A'))
  await using subscriber = await connect(cluster.url('B'))
  await using subscription = await subscriber.subscribe('orders.*')
  const options = { headers: { trace: 'x' }, key: 'k', ack: 'copies', time: 1_700_000_000_000.5 } as const
  const result = await publisher.publish('orders.new', 'hello', options)
  assert.ok(result.status === 'acknowledged')
  publisher.publish('other', 'not asked for')
  publisher.publish('orders.new', 'again')
  for await (const delivery of subscription) {
    assert.ok(delivery.kind === 'message')
    if (delivery.text() === 'again') {
      assert.equal(delivery.sequence, 3)
      break
    }
    assert.deepEqual(
      [delivery.topic, delivery.key, delivery.time, delivery.origin, delivery.sequence, delivery.stream],
      ['orders.new', 'k', options.time, result.origin, result.sequence, 'default'],
    )
    assert.equal(delivery.headers['trace'], 'x')
  }
})

test('a subscriber resumes on another node when its own is killed, without loss or repeat', async () => {
  await using cluster = await RealCluster.start(['A', 'B', 'C'])
  await using publisher = await connect(cluster.url('A'))
  await using subscriber = await connect(cluster.url('B'), quick)
  const { texts, handler, has } = recorder()
  await subscriber.subscribe('a.b', handler)
  await publisher.publishBatch(range(1, 1000).map((payload) => ({ topic: 'a.b', payload })))
  await has('m500')
  const back = new Promise((resolve) => subscriber.on('reconnected', resolve))
  await Promise.all([
    cluster.stop('B', 'SIGKILL'),
    publisher.publishBatch(range(1001, 2000).map((payload) => ({ topic: 'a.b', payload }))),
  ])
  await back
  await publisher.publish('a.b', 'm2001')
  await has('m2001')
  assert.deepEqual(texts, range(1, 2001))
})

test('a publisher moves when its node drains, and no outcome is unknown', async () => {
  await using cluster = await RealCluster.start(['A', 'B'])
  await using publisher = await connect(cluster.url('A'), quick)
  await using subscriber = await connect(cluster.url('B'), quick)
  const { texts, handler, has } = recorder()
  await subscriber.subscribe('a.b', handler)
  const moved = new Promise<{ node: string }>((resolve) => publisher.on('reconnected', resolve))
  const results = await publisher.publishBatch(range(1, 1000).map((payload) => ({ topic: 'a.b', payload })))
  await cluster.stop('A', 'SIGTERM')
  assert.equal((await moved).node, 'B')
  assert.equal((await publisher.publish('a.b', 'last')).status, 'acknowledged')
  await has('last')
  assert.equal(publisher.stats.unknown, 0)
  assert.ok(results.every((result) => result.status === 'acknowledged'))
  assert.deepEqual(texts, [...range(1, 1000), 'last'])
})

test('a cursor goes on where it stood, also from another client on another node', async () => {
  await using cluster = await RealCluster.start(['A', 'B'])
  await using first = await connect(cluster.url('A'))
  const subscription = await first.subscribe('a.b')
  await first.publishBatch(range(1, 10).map((payload) => ({ topic: 'a.b', payload })))
  const seen: string[] = []
  for await (const delivery of subscription) {
    if (delivery.kind === 'message') seen.push(delivery.text())
    if (seen.length === 4) break
  }
  await using second = await connect(cluster.url('B'))
  const { texts, handler, has } = recorder()
  await second.subscribe('a.b', { from: { cursor: subscription.cursor } }, handler)
  await has('m10')
  assert.deepEqual([...seen, ...texts], range(1, 10))
})
