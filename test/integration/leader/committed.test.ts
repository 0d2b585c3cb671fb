// Where the order of a stream ends, asked as `--committed`: no node answers with less than what was acknowledged before, whatever it
// believes of itself; where nobody can say, it is refused.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { NodeRefusal } from '../../../scripts/admin/request.ts'
import { Cluster } from '../cluster.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { until, untilDefined } from '../until.ts'

let cluster: Cluster
/** Who leads when a test begins, and the others. */
let leader: ClusterNode
let others: readonly ClusterNode[]

before(async () => {
  cluster = await Cluster.start({ proxied: true })
  await cluster.node('A').admin.putStream('orders', { topics: ['orders.>'], mode: 'leader' })
})

beforeEach(async () => {
  leader = await untilLed(cluster.nodes)
  others = cluster.nodes.filter((node) => node !== leader)
  await publishOver(leader)
})

after(() => cluster[Symbol.asyncDispose]())

test('a leader that is cut off refuses, and once it is back it knows what the others have acknowledged meanwhile', async () => {
  const names = others.map(({ id }) => id).join('')
  cluster.cut(leader.id, names)
  const next = await untilLed(others)
  const acknowledged = await publishOver(next)
  assert.ok((await lastOf(leader)) < acknowledged, 'it knows nothing of that')
  assert.equal(await end(leader), 'NO_LEADER')
  assert.equal(await end(next), acknowledged)
  cluster.heal(leader.id, names)
  await until('it answers again', async () => {
    const last = await end(leader)
    assert.ok(last === 'NO_LEADER' || last >= acknowledged, `answered ${last} of ${acknowledged}`)
    return last !== 'NO_LEADER'
  })
})

test('a leader that was stopped, and goes on, does not answer from what it knew', async () => {
  leader.signal('SIGSTOP')
  try {
    const acknowledged = await publishOver(await untilLed(others))
    // The question waits for it, before anything that it could find out when it goes on.
    const answers = Array.from({ length: 5 }, () => end(leader))
    leader.signal('SIGCONT')
    for (const last of await Promise.all(answers))
      assert.ok(last === 'NO_LEADER' || last >= acknowledged, `answered ${last} of ${acknowledged}`)
  } finally {
    leader.signal('SIGCONT')
  }
  await untilLed(cluster.nodes)
})

test('a node that was cut off while the stream changed its mode twice says where the new epoch ends, and not the one that it knew', async () => {
  const [follower] = others
  assert(follower !== undefined)
  const names = cluster.nodes.flatMap(({ id }) => (id === follower.id ? [] : id)).join('')
  cluster.cut(follower.id, names)
  const admin = leader.admin.withTimeout(20_000)
  for (const mode of ['gossip', 'leader']) await admin.setMode('orders', mode)
  await publishOver(leader)
  const expected = await admin.streamEnd('orders', true)
  // They are asked while it knows nothing of the changes, and wait for who does.
  const answers = Array.from({ length: 5 }, () => follower.admin.streamEnd('orders', true))
  cluster.heal(follower.id, names)
  for (const answer of await Promise.allSettled(answers)) {
    if (answer.status === 'fulfilled') assert.deepEqual(answer.value, expected)
    else assert(answer.reason instanceof NodeRefusal && answer.reason.code === 'NO_LEADER')
  }
  await untilLed(cluster.nodes)
})

test('where no majority is up nobody says where the order ends, and without --committed every node says what it has', async () => {
  const acknowledged = await publishOver(leader)
  for (const other of others) other.signal('SIGSTOP')
  try {
    assert.equal(await end(leader), 'NO_LEADER')
    assert.equal(await lastOf(leader), acknowledged)
  } finally {
    for (const other of others) other.signal('SIGCONT')
  }
})

/** Where a node says, with a majority, that the order ends; or the code with which it refuses. */
async function end(node: ClusterNode): Promise<number | 'NO_LEADER'> {
  try {
    return (await node.admin.withTimeout(20_000).streamEnd('orders', true)).last
  } catch (error) {
    assert.ok(error instanceof NodeRefusal && error.code === 'NO_LEADER', String(error))
    return 'NO_LEADER'
  }
}

/** Where a node knows that it ends. */
async function lastOf(node: ClusterNode): Promise<number> {
  return (await node.admin.streamEnd('orders', false)).last
}

/** Publishes ten messages. Returns the place of the last one. */
async function publishOver(node: ClusterNode): Promise<number> {
  await using client = await cluster.connect(node.id)
  const receipts = Array.from({ length: 10 }, () => client.publish('orders.new', ''))
  let last = 0
  for (const receipt of receipts) {
    const result = await receipt
    assert.ok(result.status === 'acknowledged', result.status)
    last = Math.max(last, result.offset ?? 0)
  }
  return last
}

/** Resolves with the leader on whom these nodes agree, as soon as it is one of them. */
async function untilLed(nodes: readonly ClusterNode[]): Promise<ClusterNode> {
  return await untilDefined('they have a leader', async () => {
    const orders = await Promise.all(nodes.map((node) => node.status()))
    const leaders = orders.map(({ streams }) => streams.find(({ name }) => name === 'orders')?.order?.leader)
    return new Set(leaders).size === 1 ? nodes.find(({ id }) => id === leaders[0]) : undefined
  })
}
