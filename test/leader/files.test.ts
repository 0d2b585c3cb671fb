// Files of the log: those that nobody needs go, whoever has been quiet in between, and what is left is enough to start with.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orders } from './leader-batches.ts'
import { LeaderCluster } from './leader-cluster.ts'

const soon = { ...orders, retention: { bytes: 65_536, ageMs: 1000 } }
const late = { ...orders, name: 'late', topics: ['late.>'], retention: { bytes: 65_536, ageMs: 600_000 } }
const segmentBytes = 4096

test('files of the log go when retention has dropped what is in them', () => {
  const cluster = new LeaderCluster('files', 'ABC', [soon], { segmentBytes })
  cluster.elect()
  const most = new Map<string, number>()
  for (let round = 0; round < 60; round++) {
    for (const node of cluster.all) node.publish(...texts(`${node.id}${round}-`, 10))
    cluster.advance(500)
    for (const { id, disk } of cluster.all) most.set(id, Math.max(most.get(id) ?? 0, disk.files.size))
  }
  cluster.advance(20_000)
  for (const { id, disk } of cluster.all) {
    assert.ok(disk.files.size < 8, `${disk.files.size} files are left at ${id}`)
    assert.ok((most.get(id) ?? 0) > 4, `there were never more than ${most.get(id)} files at ${id}`)
  }
  for (const node of cluster.all) cluster.crash(node.id)
  for (const node of cluster.all) node.start()
  cluster.elect()
  cluster.node('C').publish('on')
  cluster.settle()
  assert.deepEqual(cluster.node('C').outcomes.get('on'), { epoch: 1, offset: 1801 })
})

test('a group that has little, and keeps it long, holds up no file', () => {
  const cluster = new LeaderCluster('quiet', 'ABC', [soon, late], { segmentBytes })
  cluster.elect('orders')
  cluster.elect('late')
  const ids = ['orders', 'late'].map((name) => {
    const node = cluster.node('A')
    return node.agent.statusOf(node.replica(name)).group
  })
  assert.notEqual(ids[0], ids[1], 'the streams are of two groups')
  cluster.node('A').publishTo('late', 'kept')
  for (let round = 0; round < 60; round++) {
    for (const node of cluster.all) node.publish(...texts(`${node.id}${round}-`, 10))
    cluster.advance(500)
  }
  cluster.advance(20_000)
  for (const { id, disk } of cluster.all) assert.ok(disk.files.size < 8, `${disk.files.size} files at ${id}`)
  for (const node of cluster.all) cluster.crash(node.id)
  for (const node of cluster.all) node.start()
  cluster.elect('late')
  cluster.advance(500)
  for (const node of cluster.all) assert.deepEqual(node.delivered('late'), ['kept'])
})

test('a node whose disk has lost what it had acknowledged stops, and says so', () => {
  const cluster = new LeaderCluster('lost')
  const leader = cluster.elect()
  const [follower] = cluster.others(leader)
  assert.ok(follower)
  leader.publish('one')
  cluster.settle()
  const before = [...follower.disk.files].map(([file, bytes]) => [file, bytes.length] as const)
  leader.publish('two')
  cluster.settle()
  cluster.crash(follower.id)
  for (const [file, bytes] of before)
    follower.disk.files.set(file, follower.disk.bytesOf(file).subarray(0, bytes))
  follower.start()
  cluster.advance(500)
  const [failure] = follower.failures
  assert.match(String(failure), /DATA_DAMAGED|the log ends at entry \d+, and \d+ was acknowledged as durable/)
  assert.ok(leader.agent.statusOf(leader.replica()).leader !== undefined, 'the others go on')
})

function texts(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at + 1}`)
}
