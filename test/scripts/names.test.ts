// `herald names` against fake nodes: who reads under a name is known to its own node alone, and a name in use stays.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeCluster } from './fake-cluster.ts'

const led = { name: 'billing', stream: 'orders', kept: 'group', heldBy: 'B#1x/7', lag: 1200 } as const
const gossip = { name: 'audit', stream: 'default', kept: 'catalog' } as const

test('names list has one row for each name and stream, with what any node knows of it', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('A').names = [gossip, led]
  cluster.node('B').names = [{ ...gossip, heldBy: 'B#1x' }, led, { name: 'new', stream: '', kept: 'catalog' }]
  const { exitCode, stdout } = await cluster.run('names', 'list')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^audit +subscription +default +catalog +B#1x +- +-$/m)
  assert.match(stdout, /^billing +subscription +orders +group +B#1x\/7 +- +1,200$/m)
  assert.match(stdout, /^new +subscription +- +catalog +- +- +-$/m)
  assert.equal(stdout.trim().split('\n').length, 4)
  const { names } = JSON.parse((await cluster.run('names', 'list', '--json')).stdout)
  assert.equal(names.length, 3)
})

test('names list has a row for each member of a queue', async () => {
  await using cluster = await FakeCluster.start(2)
  const queue = { name: 'workers', stream: 'orders', kept: 'group' } as const
  const members = [
    { ...queue, heldBy: 'A#1/1', slots: 43, lag: 0 },
    { ...queue, heldBy: 'B#1/1', slots: 21, lag: 7 },
  ]
  for (const node of cluster.nodes) node.names = members
  const { stdout } = await cluster.run('names', 'list')
  assert.match(stdout, /^workers +queue +orders +group +A#1\/1 +43 +0$/m)
  assert.match(stdout, /^workers +queue +orders +group +B#1\/1 +21 +7$/m)
  assert.equal(stdout.trim().split('\n').length, 3)
})

test('names list says when there are none', async () => {
  await using cluster = await FakeCluster.start(1)
  assert.equal((await cluster.run('names', 'list')).stdout, 'no names\n')
})

test('names remove forgets a name, and gives the reason when it cannot', async () => {
  await using cluster = await FakeCluster.start(1)
  cluster.node('A').names = [gossip, led]
  const { stdout } = await cluster.run('names', 'remove', 'audit')
  assert.equal(stdout, 'the durable subscription audit is removed (stream default)\n')
  const held = await cluster.run('names', 'remove', 'billing')
  assert.equal(held.exitCode, 1)
  assert.match(held.stderr, /NAME_IN_USE: B#1x\/7 reads as billing|B#1x\/7 reads as billing/)
  const { error } = JSON.parse((await cluster.run('names', 'remove', 'audit', '--json')).stdout)
  assert.equal(error.code, 'NAME_UNKNOWN')
})

test('names remove says of what kind it was, and on which streams', async () => {
  await using cluster = await FakeCluster.start(1)
  const queue = { name: 'shared', stream: 'orders', kept: 'group', slots: 64 } as const
  const subscriptions = ['default', 'payments'].map(
    (stream) => ({ name: 'shared', stream, kept: 'catalog' }) as const,
  )
  const fresh = { name: 'fresh', stream: '', kept: 'catalog' } as const
  cluster.node('A').names = [...subscriptions, queue, fresh]
  const { stdout } = await cluster.run('names', 'remove', 'shared')
  assert.equal(
    stdout,
    'the durable subscription shared is removed (streams default, payments)\n' +
      'the queue shared is removed (stream orders)\n',
  )
  const json = JSON.parse((await cluster.run('names', 'remove', 'fresh', '--json')).stdout)
  assert.deepEqual([json.removed, json.entries], ['fresh', [{ kind: 'subscription', stream: '' }]])
  cluster.node('A').names = [fresh]
  const plain = await cluster.run('names', 'remove', 'fresh')
  assert.equal(plain.stdout, 'the durable subscription fresh is removed\n')
})
