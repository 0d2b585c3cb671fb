// What the journals say of queues that outlive something: a change of the mode and back, or that they are removed and made again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckResult } from '../../../audit/check-result.ts'
import type { Client, HandledSubscription } from '../../../client/index.ts'
import { Cluster } from '../cluster.ts'
import { until } from '../until.ts'

const queue = 'workers'
const patterns = 'orders.>'
/** Changes of the mode, to gossip mode and back, until a batch was waiting for its place in one. */
const changesMax = 20

async function start(): Promise<Cluster> {
  const cluster = await Cluster.start()
  await cluster.node('A').admin.putStream('orders', { topics: [patterns], mode: 'leader' })
  await until('all nodes know the stream', async () => {
    const lists = await Promise.all(cluster.nodes.map(({ admin }) => admin.streams()))
    return lists.every((streams) => streams.some(({ name }) => name === 'orders'))
  })
  return cluster
}

/** A member that works on what it gets; it ends where the stream has no order, and `got` counts on. */
async function join(client: Client, got: string[], from: 'earliest' | 'now'): Promise<HandledSubscription> {
  return await client.subscribe(patterns, { queue, from }, (item) => {
    if (item.kind === 'message') got.push(item.text())
  })
}

async function publish(client: Client, text: string): Promise<void> {
  assert.equal((await client.publish('orders.x', text)).status, 'acknowledged')
}

/** The check, when nothing is on its way any more. */
async function check(cluster: Cluster): Promise<CheckResult> {
  let result = await cluster.check()
  await until('nothing is on its way', async () => {
    result = await cluster.check()
    return result.totals.pending === 0
  })
  return result
}

test('what waited for its place when the mode changed is owed to no queue', async () => {
  await using cluster = await start()
  await using publishers = new AsyncDisposableStack()
  const clients: Client[] = []
  for (const { id } of cluster.nodes) clients.push(publishers.use(await cluster.connect(id)))
  await using worker = await cluster.connect('B')
  const got: string[] = []
  await join(worker, got, 'earliest')
  let isOver = false
  const flood = async (client: Client): Promise<void> => {
    for (let number = 0; !isOver; number++) await publish(client, String(number))
  }
  const floods = clients.map(flood)
  const { admin } = cluster.node('A')
  const isUnplaced = async (): Promise<boolean> => {
    const journals = await Promise.all(cluster.nodes.map((node) => node.journal()))
    return journals.some(({ files }) => files.some(({ text }) => text.includes('"t":"unplaced"')))
  }
  for (let change = 0; !(await isUnplaced()); change++) {
    assert.ok(change < changesMax, 'nothing waited for its place in any change of the mode')
    await admin.withTimeout(20_000).setMode('orders', 'gossip')
    await admin.withTimeout(20_000).setMode('orders', 'leader')
  }
  isOver = true
  await Promise.all(floods)
  await join(worker, got, 'earliest')
  for (const client of clients) await publish(client, 'last')
  await until(
    'the queue has what came last',
    () => got.filter((text) => text === 'last').length === clients.length,
  )
  const { findings } = await check(cluster)
  assert.deepEqual(findings, [])
})

test('a queue that was removed is owed nothing more, and begins anew under its name', async () => {
  await using cluster = await start()
  await using publisher = await cluster.connect('A')
  await using worker = await cluster.connect('B')
  const got: string[] = []
  const member = await join(worker, got, 'now')
  await publish(publisher, 'before')
  await until('the member has it', () => got.length === 1)
  await member.unsubscribe()
  await cluster.node('C').admin.removeName(queue)
  await publish(publisher, 'between')
  assert.equal((await check(cluster)).ok, true)
  await join(worker, got, 'now')
  await publish(publisher, 'after')
  await until('the new one has what came after', () => got.includes('after'))
  const { findings } = await check(cluster)
  assert.deepEqual([findings, got], [[], ['before', 'after']])
})
