// A stream that is removed and made again under its name, in this mode or the other one: its numbers go on, what it had is gone, and what it
// acknowledges from then on is kept.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PublishResult } from '../../../client/index.ts'
import { Cluster } from '../cluster.ts'
import { until } from '../until.ts'

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start()
})

after(async () => {
  await cluster[Symbol.asyncDispose]()
})

type Mode = 'gossip' | 'leader'

/** Resolves when all nodes know the stream as it is to be, or know none. */
async function untilKnown(name: string, mode: Mode | undefined): Promise<void> {
  await until(`all know ${name} in ${mode ?? 'no'} mode`, async () => {
    const statuses = await Promise.all(cluster.nodes.map((node) => node.status()))
    return statuses.every(({ streams }) => {
      const stream = streams.find((each) => each.name === name)
      const isLed = stream?.mode !== 'leader' || stream.order?.leader !== undefined
      return stream?.mode === mode && isLed
    })
  })
}

/** Takes a stream through modes, publishing one message in each, removes it, and makes it again. */
async function remake(name: string, modes: readonly Mode[], again: Mode): Promise<PublishResult[]> {
  const { admin } = cluster.node('A')
  const client = await cluster.connect('A')
  const results: PublishResult[] = []
  for (const [at, mode] of modes.entries()) {
    if (at === 0) await admin.putStream(name, { topics: [`${name}.>`], mode })
    else await admin.withTimeout(20_000).setMode(name, mode)
    await untilKnown(name, mode)
    results.push(await client.publish(`${name}.a`, `before ${at}`))
  }
  await admin.deleteStream(name)
  await untilKnown(name, undefined)
  await admin.withTimeout(20_000).createStream(name, { topics: [`${name}.>`], mode: again })
  await untilKnown(name, again)
  for (const text of ['x', 'y']) results.push(await client.publish(`${name}.a`, text))
  await client.close()
  return results
}

/** What a subscriber on a node gets that begins with the earliest message. */
async function readAll(node: string, name: string, last: string): Promise<string[]> {
  const client = await cluster.connect(node)
  const got: string[] = []
  await client.subscribe(`${name}.>`, { from: 'earliest' }, (delivery) => {
    got.push(delivery.kind === 'message' ? delivery.text() : `gap ${delivery.from}-${delivery.to}`)
  })
  await until(`${node} has ${last}`, () => got.includes(last))
  await client.close()
  return got
}

/** Makes a stream again, and reads it on every node, also after all were killed. */
async function survive(modes: readonly Mode[], again: Mode): Promise<void> {
  const name = `${modes.join('-')}-${again}`
  const results = await remake(name, modes, again)
  const sequences = results.map((result) => {
    assert.equal(result.status, 'acknowledged', JSON.stringify(result))
    return result.status === 'acknowledged' ? result.sequence : 0
  })
  assert.deepEqual(
    sequences,
    sequences.map((_sequence, at) => at + 1),
  )
  for (const { id } of cluster.nodes) assert.deepEqual(await readAll(id, name, 'y'), ['x', 'y'], id)
  if (again === 'gossip') return
  await Promise.all(cluster.nodes.map((node) => node.kill()))
  await cluster.startAll()
  await untilKnown(name, again)
  for (const { id } of cluster.nodes) assert.deepEqual(await readAll(id, name, 'y'), ['x', 'y'], id)
}

test('a stream in leader mode that was removed and made again goes on behind what it had', async () => {
  await survive(['leader'], 'leader')
})

test('one that had changed its mode twice keeps what it acknowledges', async () => {
  await survive(['leader', 'gossip', 'leader'], 'leader')
})

test('one that was in gossip mode last goes to leader mode before it is there', async () => {
  await survive(['leader', 'gossip'], 'leader')
})

test('one that was in leader mode goes to gossip mode, and gives no number twice', async () => {
  await survive(['leader'], 'gossip')
})

test('one that had begun in gossip mode and changed goes back to it', async () => {
  await survive(['gossip', 'leader'], 'gossip')
})

test('one that was only ever in gossip mode goes on in leader mode with its numbers', async () => {
  await survive(['gossip'], 'leader')
})

test('a node that was away while a stream was removed, made again and published on has what the others have', async () => {
  const [a, away] = [cluster.node('A'), cluster.node('B')]
  const others = cluster.nodes.filter((node) => node !== away)
  const client = await cluster.connect('A')
  await a.admin.putStream('away', { topics: ['away.>'], mode: 'leader' })
  await untilKnown('away', 'leader')
  // It has the first of them at the most.
  await client.publish('away.a', 'before 0')
  away.signal('SIGSTOP')
  try {
    const leader = async (): Promise<string | undefined> =>
      (await a.status()).streams.find(({ name }) => name === 'away')?.order?.leader
    await until('another one leads', async () => ![undefined, 'B'].includes(await leader()))
    await client.publish('away.a', 'before 1')
    await a.admin.withTimeout(20_000).deleteStream('away')
    await a.admin.withTimeout(20_000).createStream('away', { topics: ['away.>'], mode: 'leader' })
    for (const text of ['x', 'y']) assert.equal((await client.publish('away.a', text)).status, 'acknowledged')
  } finally {
    away.signal('SIGCONT')
  }
  for (const { id } of [...others, away]) assert.deepEqual(await readAll(id, 'away', 'y'), ['x', 'y'], id)
  await client.close()
})
