// A stream that is made again in gossip mode over a node that was away comes into gossip mode, as whoever made it was told.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
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

async function modesOf(name: string): Promise<string[]> {
  const statuses = await Promise.all(cluster.nodes.map((node) => node.status()))
  return statuses.map(({ streams }) => {
    const stream = streams.find((each) => each.name === name)
    return `${stream?.mode} ${stream?.epoch}`
  })
}

const patient = (id: string) => cluster.node(id).admin.withTimeout(20_000)

test('a stream that is made again in gossip mode over a node that does not know its epoch is in gossip mode', async () => {
  await patient('A').putStream('again', { topics: ['again.>'], mode: 'gossip' })
  await until('all have it', async () => (await modesOf('again')).every((mode) => mode === 'gossip 0'))
  cluster.cut('C', 'AB')
  await patient('A').setMode('again', 'leader')
  await patient('C').deleteStream('again')
  const answer = await patient('C').createStream('again', { topics: ['again.>'], mode: 'gossip' })
  assert.equal(answer.mode, 'gossip')
  cluster.heal('C', 'AB')
  await cluster.untilLinked()
  await until('all have it in gossip mode, in one epoch', async () => {
    const modes = await modesOf('again')
    return new Set(modes).size === 1 && modes.every((mode) => mode === 'gossip 2')
  })
})

test('one that is put, and so made again, over a node that is cut off is not said to be in leader mode', async () => {
  await patient('A').putStream('put', { topics: ['put.>'], mode: 'leader' })
  await until('all have it', async () => (await modesOf('put')).every((mode) => mode === 'leader 1'))
  const client = await cluster.connect('C')
  assert.equal((await client.publish('put.a', 'old')).status, 'acknowledged')
  await client.close()
  cluster.cut('C', 'AB')
  await patient('A').setMode('put', 'gossip')
  await patient('C').deleteStream('put')
  const made = patient('C').putStream('put', { topics: ['put.>'], mode: 'leader' })
  const told = await made.then(
    ({ mode }) => mode,
    (error: unknown) => (error instanceof NodeRefusal ? error.code : String(error)),
  )
  cluster.heal('C', 'AB')
  await cluster.untilLinked()
  assert.equal(told, 'NO_LEADER')
})
