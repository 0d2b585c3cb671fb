// `herald read` against real nodes: it ends, whatever retention has left, and keeps to the stream of its topic.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readStart } from '../../../scripts/fleet/process-table.ts'
import { type Outcome, runWords } from '../../scripts/fake-cluster.ts'
import { Cluster } from '../cluster.ts'
import { until } from '../until.ts'

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start()
  const { admin } = cluster.node('A')
  await admin.withTimeout(20_000).setMode('default', 'leader')
  await admin.putStream('orders', { topics: ['orders.>'], mode: 'leader' })
  const retention = { bytes: 65_536, ageMs: 1000 }
  await admin.putStream('brief', { topics: ['brief.>'], mode: 'leader', retention })
  const nodes = cluster.nodes.map(({ id, pid, options: { port, adminPort } }) => {
    return { id, port, adminPort, process: { pid, startedAt: readStart(pid) } }
  })
  await writeFile(join(cluster.folder, 'cluster.json'), JSON.stringify({ version: 1, nodes }))
})

after(() => cluster[Symbol.asyncDispose]())

async function read(...words: readonly string[]): Promise<Outcome> {
  return await runWords(['read', ...words], { HERALD_HOME: cluster.folder })
}

async function publish(...messages: readonly (readonly [topic: string, text: string])[]): Promise<void> {
  await using client = await cluster.connect('B')
  for (const [topic, text] of messages)
    assert.equal((await client.publish(topic, text)).status, 'acknowledged')
}

async function retained(stream: string): Promise<number> {
  const statuses = await Promise.all(cluster.nodes.map((node) => node.status()))
  const counts = statuses.map(({ streams }) => streams.find(({ name }) => name === stream)?.retainedMessages)
  return Math.max(...counts.map((count) => count ?? 0))
}

test('read prints the messages of its topic up to the end, also where the last ones are for others', async () => {
  await publish(['orders.a', '1'], ['orders.b', '2'], ['orders.a', '3'], ['orders.b', '4'])
  const all = await read('orders.a', '--committed')
  assert.deepEqual([all.exitCode, all.stdout], [0, 'orders.a\t1\norders.a\t3\n'])
  assert.equal((await read('orders.a', '--from', '2')).stdout, 'orders.a\t3\n')
  const behind = await read('orders.a', '--from', '5', '--committed')
  assert.deepEqual([behind.exitCode, behind.stdout], [0, ''])
})

test('read of the default stream takes no end of another one for its own', async () => {
  await publish(['plain', '1'], ['orders.a', '5'], ['orders.a', '6'], ['plain', '2'], ['else', '3'])
  const { exitCode, stdout } = await read('plain', '--committed')
  assert.deepEqual([exitCode, stdout], [0, 'plain\t1\nplain\t2\n'])
})

test('read ends where retention has dropped everything, and where nothing was published', async () => {
  const empty = await read('brief.a', '--committed')
  assert.deepEqual([empty.exitCode, empty.stdout], [0, ''])
  await publish(['brief.a', '1'], ['brief.b', '2'])
  await until('everything is dropped', async () => (await retained('brief')) === 0)
  for (const from of ['1', '2']) {
    const { exitCode, stdout } = await read('brief.a', '--from', from)
    assert.deepEqual([exitCode, stdout], [0, ''])
  }
  // It was told of what was gone before it came, and the check holds that against nobody.
  await until('nobody is accused', async () => (await cluster.check()).ok)
  const { findings } = await cluster.check()
  assert(findings.some(({ kind, stream, ranges }) => kind === 'gone' && stream === 'brief' && ranges === '1'))
})

test('read says where its stream was in gossip mode, and prints what the order has', async () => {
  const { admin } = cluster.node('A')
  await admin.putStream('turns', { topics: ['turns.>'], mode: 'leader' })
  await publish(['turns.a', '1'], ['turns.a', '2'])
  await admin.withTimeout(20_000).setMode('turns', 'gossip')
  await publish(['turns.a', 'loose'])
  await admin.withTimeout(20_000).setMode('turns', 'leader')
  // Nobody has published since.
  const { exitCode: early, stdout: first, stderr: told } = await read('turns.a')
  assert.deepEqual([early, first], [0, 'turns.a\t1\nturns.a\t2\n'])
  assert.match(told, /^here stream turns was in gossip mode: 1 message without an offset/m)
  await publish(['turns.a', '3'])
  const { exitCode, stdout, stderr } = await read('turns.a', '--committed')
  assert.deepEqual([exitCode, stdout], [0, 'turns.a\t1\nturns.a\t2\nturns.a\t3\n'])
  assert.match(stderr, /^here stream turns was in gossip mode: 1 message without an offset/m)
  // `status` counts what it has of all its epochs.
  assert.equal(await retained('turns'), 4)
})
