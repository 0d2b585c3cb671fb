// How a node ends: in order when it is asked to, and at once when it is asked twice.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublishReceipt } from '../../client/index.ts'
import { Cluster } from './cluster.ts'
import type { ClusterNode } from './cluster-node.ts'
import { RawClient } from './raw-client.ts'
import { sendFrom, subscribeNodes, untilClean, untilPassed } from './traffic.ts'
import { until } from './until.ts'

/** Asks `/readyz` until it says 503 or the node is gone; the statuses that were seen. */
async function watchReadiness(node: ClusterNode): Promise<Set<number>> {
  const seen = new Set<number>()
  await until('the node is no longer ready', async () => {
    try {
      seen.add((await node.get('/readyz')).status)
    } catch {
      return true
    }
    return seen.has(503)
  })
  return seen
}

async function lastLine(node: ClusterNode): Promise<string> {
  return (await node.journal()).files.at(-1)?.text.trimEnd().split('\n').at(-1) ?? ''
}

test('SIGTERM makes the node unready, tells clients, closes them with 1001 and ends with 0', async () => {
  await using cluster = await Cluster.start({ nodes: 2 })
  const a = cluster.node('A')
  using client = await RawClient.open(a)
  client.say({ op: 'subscribe', id: 1, patterns: ['>'] })
  await client.hear('subscribed')
  const begin = performance.now()
  const seen = watchReadiness(a)
  const exit = a.stop()
  const closing = await client.hear('closing')
  assert.equal(closing['code'], 'NODE_DRAINING')
  client.say({ op: 'publish', topic: 'late.x', text: 'x', id: 1 })
  assert.equal((await client.hear('published'))['status'], 'acknowledged')
  assert.deepEqual(await client.ending, { status: 1001, reason: 'NODE_DRAINING: the node is shutting down' })
  assert.equal(client.heard('closing').length, 1)
  assert.deepEqual(await exit, { code: 0, signal: null })
  assert(performance.now() - begin < 10_000)
  assert((await seen).has(503), 'readyz said 503')
  assert.match(await lastLine(a), /^\{"t":"stop"/)
})

test('what a client has sent until it hears of the end is answered and reaches the others', async () => {
  await using cluster = await Cluster.start({ nodes: 3 })
  const [a, b, c] = [cluster.node('A'), cluster.node('B'), cluster.node('C')]
  await subscribeNodes([b, c], '>')
  await using client = await cluster.connect('A')
  const receipts: PublishReceipt[] = []
  // Until it has moved to another node there is always something on the way.
  for (let after = 0; after < 100; after += client.stats.reconnects) {
    for (let burst = 0; burst < 20; burst++) {
      receipts.push(client.publish('drain.test', `message ${receipts.length}`, { ack: 'copies' }))
    }
    if (receipts.length === 1000) a.signal('SIGTERM')
    await client.writable()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const results = await Promise.all(receipts)
  const statuses = new Map<string, number>()
  for (const { status } of results) statuses.set(status, (statuses.get(status) ?? 0) + 1)
  assert.deepEqual([...statuses.keys()], ['acknowledged'])
  assert.deepEqual(await a.exit, { code: 0, signal: null })
  await until('all messages arrived', async () => {
    const [atB, atC] = await Promise.all([b.counter('messagesDelivered'), c.counter('messagesDelivered')])
    return atB === receipts.length && atC === receipts.length
  })
  await untilClean(cluster, 2 * receipts.length)
})

test('a second signal ends the node at once', async () => {
  await using cluster = await Cluster.start({ nodes: 2, environment: { HERALD_DRAIN: '10m' } })
  const a = cluster.node('A')
  using client = await RawClient.open(a)
  client.webSocket.pause()
  a.signal('SIGTERM')
  await until('the node drains', () => a.log.some((line) => line.includes('"draining"')))
  a.signal('SIGINT')
  assert.deepEqual(await a.exit, { code: 1, signal: null })
})

test('a node whose clients and peers do not answer still ends in order within its drain time', async () => {
  await using cluster = await Cluster.start({ nodes: 2 })
  const [a, b] = [cluster.node('A'), cluster.node('B')]
  using client = await RawClient.open(a)
  client.webSocket.pause()
  b.signal('SIGSTOP')
  const begin = performance.now()
  assert.deepEqual(await a.stop(), { code: 0, signal: null })
  assert(performance.now() - begin < 8000)
  assert.match(await lastLine(a), /^\{"t":"stop"/)
})

test('POST /v1/exit ends the node in the same way', async () => {
  await using cluster = await Cluster.start({ nodes: 2 })
  const a = cluster.node('A')
  const exit = a.exit
  await a.admin.exit()
  assert.deepEqual(await exit, { code: 0, signal: null })
  assert.match(await lastLine(a), /^\{"t":"stop"/)
})

test('a send under way ends with the node, and the answer says how far it came', async () => {
  await using cluster = await Cluster.start({ nodes: 2 })
  const [a, b] = [cluster.node('A'), cluster.node('B')]
  await subscribeNodes([b], '>')
  const sending = sendFrom([a], 'drain.test', 1_000_000, { ratePerSecond: 1000 })
  await untilPassed([b], 200)
  assert.deepEqual(await a.stop(), { code: 0, signal: null })
  const [answer] = await sending
  assert(answer !== undefined && answer.acknowledged >= 200 && answer.acknowledged < 100_000)
  assert.equal(answer.to, answer.acknowledged)
  await untilPassed([b], answer.acknowledged)
})
