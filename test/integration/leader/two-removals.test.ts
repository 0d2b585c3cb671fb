// Two operators remove a stream over two nodes, and one of them has made it again when the other one asks.

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

const patient = (id: string) => cluster.node(id).admin.withTimeout(20_000)

/** Removed over a node that is not linked to the one where it was made again. Says what that told: it may have heard of it by then, in its own time. */
async function removedElsewhere(name: string): Promise<string> {
  const topic = `${name}.a`
  await patient('A').createStream(name, { topics: [topic], mode: 'leader' })
  let leader: string | undefined
  await until('all know who leads', async () => {
    const statuses = await Promise.all(cluster.nodes.map((node) => node.status()))
    const leaders = statuses.map(({ streams }) => streams.find((each) => each.name === name)?.order?.leader)
    leader = leaders[0]
    return leader !== undefined && leaders.every((each) => each === leader)
  })
  const [one, other] = ['A', 'B', 'C'].filter((id) => id !== leader) as [string, string]
  const client = await cluster.connect(one)
  await client.publish(topic, 'old')
  cluster.cut(one, other)
  await patient(one).deleteStream(name)
  await patient(one).createStream(name, { topics: [topic], mode: 'leader' })
  assert.equal((await client.publish(topic, 'new')).status, 'acknowledged')
  const told = await patient(other)
    .deleteStream(name)
    .then(
      () => 'removed',
      (error: unknown) => (error instanceof NodeRefusal ? error.code : String(error)),
    )
  cluster.heal(one, other)
  await cluster.untilLinked()
  await client.close()
  // Then it was the one that was made again.
  if (told === 'removed') await until('nobody has it', async () => (await nodesWith(name)) === 0)
  return told
}

async function nodesWith(name: string): Promise<number> {
  const statuses = await Promise.all(cluster.nodes.map((node) => node.status()))
  return statuses.filter(({ streams }) => streams.some((each) => each.name === name)).length
}

test('what was acknowledged on a stream that was made again is there, though somebody who had not heard of that removes the one before', async () => {
  let told = 'removed'
  let name = ''
  for (let attempt = 0; attempt < 5 && told === 'removed'; attempt++) {
    name = `orders-${attempt}`
    told = await removedElsewhere(name)
  }
  assert.equal(told, 'STREAM_UNKNOWN')
  const reader = await cluster.connect('A')
  const got: string[] = []
  await reader.subscribe(`${name}.a`, { from: 'earliest' }, (delivery) => {
    got.push(delivery.kind === 'message' ? delivery.text() : delivery.kind)
  })
  await until('A has it', () => got.length > 0)
  await reader.close()
  assert.deepEqual(got, ['new'])
})
