// Durable subscriptions to a stream in leader mode: where they stand outlives their client, their node, the leader, and all nodes at once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '../../../client/index.ts'
import type { NameAnswer } from '../../../scripts/admin/answers.ts'
import { NodeRefusal } from '../../../scripts/admin/request.ts'
import { Cluster } from '../cluster.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import { Reader } from './reader.ts'

const stream = 'orders'
const patterns = 'orders.>'

async function startCluster(retention?: {
  readonly bytes: number
  readonly ageMs: number
}): Promise<Cluster> {
  const cluster = await Cluster.start()
  const settings = { topics: [patterns], mode: 'leader', ...(retention === undefined ? {} : { retention }) }
  await cluster.node('A').admin.putStream(stream, settings)
  await until('all nodes know the stream', async () => {
    const lists = await Promise.all(cluster.nodes.map(({ admin }) => admin.streams()))
    return lists.every((streams) => streams.some(({ name }) => name === stream))
  })
  return cluster
}

async function rowOf({ admin }: ClusterNode, name: string): Promise<NameAnswer | undefined> {
  return (await admin.names()).find((row) => row.name === name && row.stream === stream)
}

/** Resolves when the cluster has it that everything was acknowledged under a name. */
async function untilKept(node: ClusterNode, name: string): Promise<void> {
  await until(`everything that ${name} got is kept`, async () => (await rowOf(node, name))?.lag === 0)
}

async function publish(client: Client, from: number, count: number, size = 0): Promise<void> {
  const pad = 'x'.repeat(size)
  const publications = Array.from({ length: count }, (_, nth) => {
    return { topic: `orders.${(from + nth) % 7}`, payload: `${from + nth}${pad}` }
  })
  const results = await client.publishBatch(publications)
  assert.deepEqual(
    results.filter(({ status }) => status !== 'acknowledged'),
    [],
  )
}

const numbers = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, nth) => String(from + nth))

/** Kills all nodes with the reader of a name, and asserts that the next one has the numbers from here on, which it was away for. */
async function assertGoesOn(cluster: Cluster, reader: Reader, from: number): Promise<void> {
  await Promise.all([...cluster.nodes.map((node) => node.kill()), reader.kill()])
  await cluster.startAll()
  await using publisher = await cluster.connect('C')
  await publish(publisher, from, 10)
  await using next = readerOn(cluster.node('A'), 'billing')
  await until('it got what it was away for', () => next.texts.length === 10)
  assert.deepEqual(next.texts, numbers(from, 10))
}

function readerOn(node: ClusterNode, name: string, from: 'now' | 'earliest' = 'now'): Reader {
  return new Reader({ url: node.url, patterns, subscribe: { name, from, credit: { messages: 20 } } })
}

test('a killed client is followed by another one on another node, at once, behind all that it had acknowledged', async () => {
  await using cluster = await startCluster()
  await using publisher = await cluster.connect('A')
  await using first = readerOn(cluster.node('B'), 'billing')
  await first.subscribed
  await publish(publisher, 0, 100)
  await until('the first one got everything', () => first.texts.length === 100)
  await untilKept(cluster.node('A'), 'billing')
  await first.kill()
  await publish(publisher, 100, 50)
  await using second = readerOn(cluster.node('C'), 'billing')
  await until('the second one got the rest', () => second.texts.length === 50)
  assert.deepEqual(second.texts, numbers(100, 50))
})

test('what a client had taken and not acknowledged when it was killed comes again, and nothing before it', async () => {
  await using cluster = await startCluster()
  await using publisher = await cluster.connect('A')
  await using first = readerOn(cluster.node('B'), 'billing')
  await first.subscribed
  const published = publish(publisher, 0, 2000)
  await until('the first one is at work', () => first.texts.length > 300)
  await first.kill()
  await published
  await using second = readerOn(cluster.node('A'), 'billing')
  await until('the second one got the rest', () => second.texts.at(-1) === '1999')
  const begin = Number(second.texts[0])
  assert.deepEqual(second.texts, numbers(begin, 2000 - begin))
  assert(begin <= first.texts.length, 'nothing is left out')
  // Twenty may be on their way, and as many acknowledged ones not have been heard of.
  assert(begin >= first.texts.length - 60, `${first.texts.length - begin} came again`)
})

test('where a name stands outlives kill -9 of the node that served it, and of whoever leads', async () => {
  await using cluster = await startCluster()
  let next = 0
  let reader: Reader | undefined
  for (const [serving, following] of ['AB', 'BC', 'CA', 'AC'].map((pair) => [...pair] as [string, string])) {
    reader ??= readerOn(cluster.node(serving), 'billing')
    await reader.subscribed
    await using publisher = await cluster.connect(following)
    await publish(publisher, next, 40)
    next += 40
    const expected = String(next - 1)
    const got = reader
    await until(`it got everything up to ${expected}`, () => got.texts.at(-1) === expected)
    await untilKept(cluster.node(serving), 'billing')
    await Promise.all([cluster.node(serving).kill(), reader.kill()])
    await publish(publisher, next, 40)
    reader = readerOn(cluster.node(following), 'billing')
    const after = reader
    await until('the next one got what came meanwhile', () => after.texts.length >= 40)
    assert.deepEqual(after.texts, numbers(next, 40))
    next += 40
    await untilKept(cluster.node(following), 'billing')
    await cluster.node(serving).start()
    await cluster.untilLinked()
    await reader.kill()
    reader = undefined
  }
})

test('where a name stands outlives kill -9 of all nodes at once', async () => {
  await using cluster = await startCluster()
  const publisher = await cluster.connect('A')
  await using reader = readerOn(cluster.node('B'), 'billing')
  await reader.subscribed
  await publish(publisher, 0, 100)
  await until('it got everything', () => reader.texts.length === 100)
  await untilKept(cluster.node('C'), 'billing')
  await publisher.close()
  await assertGoesOn(cluster, reader, 100)
})

test('a name that has got nothing begins where it was made, also after all nodes were killed', async () => {
  await using cluster = await startCluster()
  await using reader = readerOn(cluster.node('B'), 'billing')
  await reader.subscribed
  await assertGoesOn(cluster, reader, 0)
})

test('a name moves between live nodes without a message twice, however often it is taken over', async () => {
  await using cluster = await startCluster()
  await using publisher = await cluster.connect('A')
  const texts: string[] = []
  let next = 0
  for (const id of ['B', 'C', 'A', 'C', 'B', 'A']) {
    await using client = await cluster.connect(id)
    await client.subscribe(patterns, { name: 'billing' }, (delivery) => {
      if (delivery.kind === 'message') texts.push(delivery.text())
    })
    await publish(publisher, next, 30)
    next += 30
    await until(`${id} got its part`, () => texts.length >= next)
    await client.drain()
  }
  assert.deepEqual(texts, numbers(0, next))
  await using one = await cluster.connect('B')
  await using two = await cluster.connect('C')
  const old = await one.subscribe(patterns, { name: 'billing' }, () => undefined)
  await two.subscribe(patterns, { name: 'billing' }, () => undefined)
  assert.equal((await old.closed)?.code, 'SUBSCRIPTION_TAKEN_OVER')
})

test('what retention drops before a durable subscription had it is told as a gap, and the check says so', async () => {
  await using cluster = await startCluster({ bytes: 65_536, ageMs: 3_600_000 })
  await using publisher = await cluster.connect('A')
  await using reader = readerOn(cluster.node('B'), 'billing')
  await reader.subscribed
  await publish(publisher, 0, 10)
  await until('it got the first ones', () => reader.texts.length === 10)
  await untilKept(cluster.node('B'), 'billing')
  await reader.kill()
  await publish(publisher, 10, 300, 1000)
  await using second = readerOn(cluster.node('C'), 'billing')
  await until('it got the last one', () => second.texts.at(-1)?.startsWith('309') === true)
  const [gap, ...rest] = second.lines
  assert.equal(gap?.kind, 'gap')
  assert.equal(gap.from, 11)
  const first = Number(rest[0]?.text?.replaceAll('x', ''))
  assert.equal(gap.to, first, 'the gap reaches to what comes next')
  assert.equal(rest.length, 310 - first)
  const result = await cluster.check()
  assert.deepEqual(
    result.findings.map(({ kind, count }) => [kind, count]).filter(([kind]) => kind !== 'unknown'),
    [['lost-told', first - 10]],
  )
})

test('names are listed with who has them, and removed when nobody does', async () => {
  await using cluster = await startCluster()
  await using publisher = await cluster.connect('A')
  await using reader = readerOn(cluster.node('B'), 'billing')
  await reader.subscribed
  await publish(publisher, 0, 10)
  await untilKept(cluster.node('A'), 'billing')
  const held = await rowOf(cluster.node('A'), 'billing')
  assert.match(held?.heldBy ?? '', /^B#/)
  assert.equal(held?.kept, 'group')
  const { admin } = cluster.node('C')
  const refusal = await admin.removeName('billing').catch((error: unknown) => error)
  assert(refusal instanceof NodeRefusal)
  assert.equal(refusal.code, 'NAME_IN_USE')
  await reader.kill()
  await until(
    'nobody has the name',
    async () => (await rowOf(cluster.node('C'), 'billing'))?.heldBy === undefined,
  )
  await publish(publisher, 10, 5)
  await until('five wait', async () => (await rowOf(cluster.node('C'), 'billing'))?.lag === 5)
  const removal = await admin.removeName('billing')
  assert.deepEqual(removal.removed, 'billing')
  assert.deepEqual(removal.entries.find(({ stream }) => stream === 'orders')?.kind, 'subscription')
  for (const node of cluster.nodes)
    await until(`${node.id} has forgotten it`, async () => (await node.admin.names()).length === 0)
  const unknown = await admin.removeName('billing').catch((error: unknown) => error)
  assert(unknown instanceof NodeRefusal && unknown.code === 'NAME_UNKNOWN')
})
