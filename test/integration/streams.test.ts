// Streams of a running cluster: created, changed and removed on any node, the same on all of them, also after a restart.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { StreamDefinition } from '../../scripts/admin/answers.ts'
import { NodeRefusal } from '../../scripts/admin/request.ts'
import { Cluster } from './cluster.ts'
import type { ClusterNode } from './cluster-node.ts'
import { assertClean, sendFrom, subscribeNodes, untilPassed } from './traffic.ts'
import { until } from './until.ts'

let cluster: Cluster
let a: ClusterNode
let b: ClusterNode
let c: ClusterNode

before(async () => {
  cluster = await Cluster.start({ proxied: true })
  a = cluster.node('A')
  b = cluster.node('B')
  c = cluster.node('C')
})

after(async () => {
  await cluster[Symbol.asyncDispose]()
})

function refusedWith(status: number, code: string, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert(error instanceof NodeRefusal, String(error))
    assert.deepEqual([error.status, error.code], [status, code])
    assert.match(error.message, words)
    return true
  }
}

/** Resolves when all nodes list the same streams, and the list is as wanted. */
async function untilAllHave(isWanted: (streams: readonly StreamDefinition[]) => boolean): Promise<void> {
  await until('all nodes list the same streams', async () => {
    const lists = await Promise.all(cluster.nodes.map((node) => node.admin.streams()))
    return lists.every((list) => isWanted(list) && JSON.stringify(list) === JSON.stringify(lists[0]))
  })
}

test('a stream is created on one node, listed on all, changed on another and removed on a third', async () => {
  const retention = { bytes: 131_072, ageMs: 60_000 }
  const created = await a.admin.putStream('orders', { topics: ['orders.>'], retention, copies: 2 })
  assert.deepEqual(created, {
    name: 'orders',
    topics: ['orders.>'],
    mode: 'gossip',
    retention,
    copies: 2,
    replicas: 3,
    version: 1,
    by: 'A',
  })
  await assert.rejects(
    a.admin.createStream('orders', { topics: ['others.>'] }),
    refusedWith(412, 'STREAM_EXISTS', /orders exists/),
  )
  await untilAllHave((streams) => streams.some(({ name }) => name === 'orders'))
  const changed = await b.admin.putStream('orders', { topics: ['orders.>', 'returns.*'] })
  assert.deepEqual(changed, { ...created, topics: ['orders.>', 'returns.*'], version: 2, by: 'B' })
  await untilAllHave((streams) => streams.some(({ version }) => version === 2))
  assert.deepEqual(await c.admin.stream('orders'), changed)
  await c.admin.deleteStream('orders')
  await untilAllHave((streams) => streams.every(({ name }) => name !== 'orders'))
  await assert.rejects(c.admin.deleteStream('orders'), refusedWith(404, 'STREAM_UNKNOWN', /orders/))
  await assert.rejects(a.admin.stream('orders'), refusedWith(404, 'STREAM_UNKNOWN', /orders/))
})

test('overlapping, invalid and reserved definitions are refused with the reason', async () => {
  await a.admin.putStream('bills', { topics: ['bills.*.paid'] })
  await untilAllHave((streams) => streams.some(({ name }) => name === 'bills'))
  const overlap = refusedWith(409, 'STREAM_OVERLAP', /bills\.> overlaps bills\.\*\.paid of stream bills/)
  await assert.rejects(b.admin.putStream('more', { topics: ['bills.>'] }), overlap)
  await assert.rejects(
    b.admin.putStream('more', { topics: ['a.b', 'a.>.b'] }),
    refusedWith(400, 'PATTERN_INVALID', /topics\[1\]/),
  )
  await assert.rejects(
    b.admin.putStream('no name', { topics: ['x.>'] }),
    refusedWith(400, 'STREAM_INVALID', /name must be/),
  )
  await assert.rejects(
    b.admin.putStream('x', { topics: ['x.>'], retention: { bytes: 1 } }),
    refusedWith(400, 'STREAM_INVALID', /retention\.bytes 1 is not 65536\.\./),
  )
  await assert.rejects(
    b.admin.putStream('x', { topics: ['x.>'], copies: 16 }),
    refusedWith(400, 'STREAM_INVALID', /copies 16 is not 0..15/),
  )
  await assert.rejects(a.admin.deleteStream('default'), refusedWith(400, 'STREAM_INVALID', /default/))
  await a.admin.deleteStream('bills')
})

test('more streams than the limit are refused, changes of those that are there are not', async () => {
  await using small = await Cluster.start({ nodes: 1, environment: { HERALD_LIMITS_STREAMS: '2' } })
  const { admin } = small.node('A')
  await admin.putStream('one', { topics: ['one.>'] })
  await assert.rejects(
    admin.putStream('two', { topics: ['two.>'] }),
    refusedWith(409, 'STREAM_LIMIT', /there are 2 streams/),
  )
  await admin.putStream('one', { topics: ['one.>', 'two.>'] })
  await admin.deleteStream('one')
  await admin.putStream('two', { topics: ['two.>'] })
})

test('names from the prototype of objects are names like any other', async () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    await a.admin.putStream(name, { topics: [`${name}.>`] })
    await untilAllHave((streams) => streams.some((stream) => stream.name === name))
    assert.equal((await c.admin.subscribers(`${name}.x`)).stream, name)
    await b.admin.deleteStream(name)
    await untilAllHave((streams) => streams.every((stream) => stream.name !== name))
  }
})

test('two nodes that change a stream apart from each other end with the same definition', async () => {
  await a.admin.putStream('apart', { topics: ['apart.>'] })
  await untilAllHave((streams) => streams.some(({ name }) => name === 'apart'))
  cluster.cut('A', 'BC')
  await a.admin.putStream('apart', { topics: ['apart.>', 'a-side.>'] })
  await c.admin.putStream('apart', { topics: ['apart.>', 'c-side.>'] })
  cluster.heal('A', 'BC')
  // Both wrote version 2; the greater node id wins.
  await untilAllHave((streams) =>
    streams.some(({ name, by, version }) => name === 'apart' && by === 'C' && version === 2),
  )
  await a.admin.deleteStream('apart')
  await untilAllHave((streams) => streams.every(({ name }) => name !== 'apart'))
})

test('a subscriber that was there before a stream gets everything that is published to it', async () => {
  await subscribeNodes([b, c], 'early.>')
  await a.admin.putStream('early', { topics: ['early.>'] })
  await sendFrom([a], 'early.x', 200)
  await untilPassed([b, c], 200, { stream: 'early' })
  assert.deepEqual(
    (await cluster.check()).findings.filter(({ stream }) => stream === 'early'),
    [],
  )
  const delivered = await Promise.all([b, c].map(async (node) => (await node.admin.subscriptions())[0]))
  assert.deepEqual(
    delivered.map((subscription) => subscription?.delivered),
    [200, 200],
  )
  await a.admin.deleteStream('early')
})

test('messages of several streams in one batch go to their streams, with the right receipts', async () => {
  await a.admin.putStream('left', { topics: ['left.>'] })
  await a.admin.putStream('right', { topics: ['right.>'] })
  await untilAllHave((streams) => streams.length >= 3)
  await using client = await cluster.connect('B')
  const subscription = await client.subscribe(['left.>', 'right.>', 'neither.>'])
  const topics = ['left.a', 'right.b', 'left.a', 'neither.c', 'right.b', 'right.d', 'left.e']
  const results = await client.publishBatch(topics.map((topic) => ({ topic, payload: topic })))
  const places = results.map((result) =>
    result.status === 'acknowledged' ? `${result.stream} ${result.sequence}` : result.status,
  )
  assert.deepEqual(places, ['left 1', 'right 1', 'left 2', 'default 1', 'right 2', 'right 3', 'left 3'])
  const got = new Map<string, string[]>()
  let count = 0
  for await (const delivery of subscription) {
    assert.equal(delivery.kind, 'message')
    if (delivery.kind !== 'message') break
    got.set(delivery.stream, [...(got.get(delivery.stream) ?? []), `${delivery.sequence} ${delivery.text()}`])
    if (++count === topics.length) break
  }
  assert.deepEqual(Object.fromEntries(got), {
    left: ['1 left.a', '2 left.a', '3 left.e'],
    right: ['1 right.b', '2 right.b', '3 right.d'],
    default: ['1 neither.c'],
  })
  await Promise.all(['left', 'right'].map((name) => a.admin.deleteStream(name)))
})

test('streams survive a restart of all nodes', async () => {
  await a.admin.putStream('lasting', { topics: ['lasting.>'], copies: 0 })
  await untilAllHave((streams) => streams.some(({ name }) => name === 'lasting'))
  const before = await a.admin.streams()
  await Promise.all(cluster.nodes.map((node) => node.stop()))
  await cluster.startAll()
  await untilAllHave((streams) => JSON.stringify(streams) === JSON.stringify(before))
  await a.admin.deleteStream('lasting')
  await untilAllHave((streams) => streams.every(({ name }) => name !== 'lasting'))
  await Promise.all(cluster.nodes.map((node) => node.kill()))
  await cluster.startAll()
  await untilAllHave((streams) => streams.every(({ name }) => name !== 'lasting'))
})

test('a topic moves to a new stream while messages flow, and nothing is lost', async () => {
  await subscribeNodes(cluster.nodes, 'moving.>')
  const sending = sendFrom(cluster.nodes, 'moving.x', 1000, { ratePerSecond: 1000 })
  await until('messages flow', async () => (await a.counter('messagesDelivered')) > 300)
  await b.admin.putStream('moving', { topics: ['moving.>'] })
  await sending
  await until('all messages arrived', async () => {
    const lists = await Promise.all(cluster.nodes.map((node) => node.admin.subscriptions()))
    return lists.every((list) =>
      list.some(({ pattern, delivered }) => pattern === 'moving.>' && delivered === 3000),
    )
  })
  assertClean(await cluster.check())
})

test('tells a client that only publishes which stream its messages went to', async () => {
  await a.admin.putStream('told', { topics: ['told.>'] })
  await using client = await cluster.connect('A')
  const result = await client.publish('told.x', 'first')
  assert.equal(result.status === 'acknowledged' ? result.stream : result.status, 'told')
  await a.admin.deleteStream('told')
})
