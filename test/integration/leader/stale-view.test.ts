// A node that was away does not know what the others have agreed on meanwhile: what it is asked about a stream, it answers by what its group says, or
// says that nobody can.

import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Client } from '../../../client/index.ts'
import { NodeRefusal } from '../../../scripts/admin/request.ts'
import { Cluster } from '../cluster.ts'
import { until } from '../until.ts'

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start({ proxied: true })
})

after(async () => {
  await cluster[Symbol.asyncDispose]()
})

type Mode = 'gossip' | 'leader'

async function make(name: string, mode: Mode): Promise<void> {
  await cluster.node('A').admin.putStream(name, { topics: [`${name}.>`], mode })
  await untilAll(name, mode)
}

/** How each node has a stream. */
async function modesOf(name: string): Promise<string[]> {
  const statuses = await Promise.all(cluster.nodes.map((node) => node.status()))
  return statuses.map(({ streams }) => {
    const stream = streams.find((each) => each.name === name)
    return `${stream?.mode} ${stream?.epoch}`
  })
}

/** Resolves when all nodes have it in a mode, and in one epoch. */
async function untilAll(name: string, mode?: Mode): Promise<void> {
  let modes: readonly string[] = []
  await until(`all have ${name} in ${mode ?? 'one'} mode and epoch`, async () => {
    modes = await modesOf(name)
    return (
      new Set(modes).size === 1 &&
      !modes[0]?.startsWith('undefined') &&
      modes[0]?.startsWith(mode ?? '') === true
    )
  }).catch((error: unknown) => assert.fail(`${error}: ${modes.join(', ')}`))
}

/** Makes a stream again that was removed, and asserts that whoever reads it gets nothing of before. */
async function remakeAndRead(name: string, client: Client): Promise<void> {
  await until('all know that it is removed', async () =>
    (await modesOf(name)).every((mode) => mode.startsWith('undefined')),
  )
  await patient('A').createStream(name, { topics: [`${name}.>`], mode: 'leader' })
  await untilAll(name, 'leader')
  assert.equal((await client.publish(`${name}.a`, 'new')).status, 'acknowledged')
  await client.close()
  for (const id of ['A', 'B', 'C']) {
    const reader = await cluster.connect(id)
    const got: string[] = []
    await reader.subscribe(`${name}.>`, { from: 'earliest' }, (delivery) => {
      if (delivery.kind === 'message') got.push(delivery.text())
    })
    await until(`${id} has it`, () => got.includes('new'))
    await reader.close()
    assert.deepEqual(got, ['new'], id)
  }
}

const patient = (id: string) => cluster.node(id).admin.withTimeout(20_000)
const refusalOf = (asked: Promise<unknown>): Promise<string | undefined> =>
  asked.then(
    () => undefined,
    (error: unknown) => (error instanceof NodeRefusal ? error.code : String(error)),
  )

test('a node that is cut off does not say that a stream is in gossip mode, which has gone to leader mode since', async () => {
  await make('cut', 'gossip')
  cluster.cut('C', 'AB')
  await patient('A').setMode('cut', 'leader')
  assert.equal(await refusalOf(patient('C').setMode('cut', 'gossip')), 'NO_LEADER')
  cluster.heal('C', 'AB')
  await cluster.untilLinked()
  await untilAll('cut', 'leader')
})

test('one that has just started finds out, and changes it', async () => {
  await make('started', 'gossip')
  const away = cluster.node('C')
  await away.kill()
  await patient('A').setMode('started', 'leader')
  await away.start()
  const { mode, epoch } = await patient('C').setMode('started', 'gossip')
  assert.deepEqual([mode, epoch], ['gossip', 2])
  await untilAll('started', 'gossip')
})

test('one that has just started removes a stream with all that its group has of it', async () => {
  await make('removed', 'gossip')
  const away = cluster.node('C')
  await away.kill()
  await patient('A').setMode('removed', 'leader')
  const client = await cluster.connect('A')
  for (const text of ['old 1', 'old 2', 'old 3']) await client.publish('removed.a', text)
  await away.start()
  await patient('C').deleteStream('removed')
  await remakeAndRead('removed', client)
})

for (const [what, name, path] of [
  ['log', 'logless', 'log'],
  ['whole data directory', 'wiped', '.'],
] as const) {
  test(`one whose ${what} is gone does so as well`, async () => {
    await make(name, 'gossip')
    const away = cluster.node('C')
    await away.kill()
    await patient('A').setMode(name, 'leader')
    const client = await cluster.connect('A')
    for (const text of ['old 1', 'old 2']) await client.publish(`${name}.a`, text)
    await rm(join(away.options.dataPath, path), { recursive: true })
    await away.start()
    await until('C knows the stream', async () => (await modesOf(name))[2]?.startsWith('undefined') === false)
    await patient('C').deleteStream(name)
    await remakeAndRead(name, client)
  })
}

test('a stream that is made again over a node that is cut off is not said to be in leader mode', async () => {
  await make('again', 'leader')
  await patient('A').setMode('again', 'leader')
  await untilAll('again', 'leader')
  const client = await cluster.connect('C')
  // With its place, C knows the epoch from the log.
  assert.equal((await client.publish('again.a', 'old')).status, 'acknowledged')
  await client.close()
  cluster.cut('C', 'AB')
  await patient('A').setMode('again', 'gossip')
  await patient('C').deleteStream('again')
  const made = patient('C').createStream('again', { topics: ['again.>'], mode: 'leader' })
  assert.equal(await refusalOf(made), 'NO_LEADER')
  cluster.heal('C', 'AB')
  await cluster.untilLinked()
  await untilAll('again')
})

test('streams that are made over two nodes at once, in two modes, are in one of them everywhere', async () => {
  const names = Array.from({ length: 8 }, (_, nth) => `twice-${nth}`)
  for (const name of names)
    await Promise.allSettled([
      patient('A').createStream(name, { topics: [`${name}.>`], mode: 'leader' }),
      patient('B').createStream(name, { topics: [`${name}.>`], mode: 'gossip' }),
    ])
  for (const name of names) await untilAll(name)
  for (const id of ['A', 'B', 'C']) {
    const client = await cluster.connect(id)
    for (const name of names) assert.equal((await client.publish(`${name}.a`, 'x')).status, 'acknowledged')
    await client.close()
  }
})
