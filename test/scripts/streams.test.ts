// `herald stream` against fake nodes: what it asks of whom, and that nothing is changed by mistake.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeCluster } from './fake-cluster.ts'

test('stream add tells the first node that can be reached, with the limits in bytes and milliseconds', async () => {
  await using cluster = await FakeCluster.start(2)
  await cluster.node('A').stop()
  const { exitCode, stdout, stderr } = await cluster.run(
    ...['stream', 'add', 'orders', '--topics', 'orders.>,invoices.>', '--retention', '1MiB,90s'],
  )
  assert.equal(exitCode, 3)
  assert.match(stderr, /node A cannot be reached/)
  assert.match(stdout, /^orders +orders\.> invoices\.> +gossip +1MiB,1\.5m +1 +3$/m)
  assert.deepEqual(cluster.node('B').streams.get('orders')?.retention, { bytes: 1_048_576, ageMs: 90_000 })
})

test('stream add exits 1 with the reason when topics overlap', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stderr } = await cluster.run('stream', 'add', 'mine', '--topics', 'taken.>')
  assert.equal(exitCode, 1)
  assert.match(stderr, /STREAM_OVERLAP: taken.> overlaps with stream other/)
})

test('stream add takes the topics of every --topics', async () => {
  await using cluster = await FakeCluster.start(1)
  const words = ['--topics', 'a.>,b.>', '--topics', 'c.>']
  assert.equal((await cluster.run('stream', 'add', 'mine', ...words)).exitCode, 0)
  assert.deepEqual(cluster.node('A').streams.get('mine')?.topics, ['a.>', 'b.>', 'c.>'])
})

test('stream add refuses a retention that is neither size nor duration', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stderr } = await cluster.run(
    'stream',
    'add',
    'mine',
    '--topics',
    'a',
    '--retention',
    '10 parsecs',
  )
  assert.equal(exitCode, 2)
  assert.match(stderr, /"10 parsecs" is neither a size/)
})

test('stream list names a stream that is not everywhere yet', async () => {
  await using cluster = await FakeCluster.start(2)
  await cluster.run('stream', 'add', 'orders', '--topics', 'orders.>', '--only', 'A')
  const { exitCode, stdout, stderr } = await cluster.run('stream', 'list')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^orders /m)
  assert.match(stderr, /stream orders is not the same on all nodes yet/)
})

test('stream show exits 1 where a node does not know the stream', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stderr } = await cluster.run('stream', 'show', 'nothing')
  assert.equal(exitCode, 1)
  assert.match(stderr, /STREAM_UNKNOWN: there is no stream nothing/)
})

test('stream remove of a stream that nobody knows fails before it asks', async () => {
  await using cluster = await FakeCluster.start(2)
  const { exitCode, stderr } = await cluster.run('stream', 'remove', 'nobody')
  assert.equal(exitCode, 1)
  assert.match(stderr, /STREAM_UNKNOWN/)
})

test('stream remove deletes only with --yes where nobody can be asked', async () => {
  await using cluster = await FakeCluster.start(1)
  await cluster.run('stream', 'add', 'orders', '--topics', 'orders.>')
  const unsure = await cluster.run('stream', 'remove', 'orders')
  assert.equal(unsure.exitCode, 2)
  assert.match(unsure.stderr, /--yes/)
  assert.ok(cluster.node('A').streams.has('orders'))
  assert.equal((await cluster.run('stream', 'remove', 'orders', '--yes')).exitCode, 0)
  assert.equal(cluster.node('A').streams.has('orders'), false)
})

test('stream add of the same definition again changes nothing and says so', async () => {
  await using cluster = await FakeCluster.start(1)
  const words = ['stream', 'add', 'orders', '--topics', 'orders.>,bills.>', '--retention', '1MiB,90s']
  assert.match((await cluster.run(...words)).stdout, /^stream orders is created$/m)
  const again = await cluster.run('stream', 'add', 'orders', '--topics', 'bills.>,orders.>')
  assert.deepEqual([again.exitCode, again.stderr], [0, ''])
  assert.match(again.stdout, /^stream orders is unchanged$/m)
  assert.equal(JSON.parse((await cluster.run(...words, '--json')).stdout).outcome, 'unchanged')
  assert.equal(cluster.node('A').streams.get('orders')?.version, 1)
})

test('stream add of an existing stream with another definition is refused, old beside new', async () => {
  await using cluster = await FakeCluster.start(1)
  await cluster.run('stream', 'add', 'orders', '--topics', 'orders.>')
  const { exitCode, stderr } = await cluster.run(
    ...['stream', 'add', 'orders', '--topics', 'bills.>', '--retention', '1MiB', '--copies', '2'],
  )
  assert.equal(exitCode, 1)
  assert.equal(
    stderr,
    'herald: STREAM_EXISTS: stream orders exists: topics orders.> -> bills.>; retention 64MiB,10m -> 1MiB,10m; copies 1 -> 2\n' +
      '        change it with `herald stream change orders`, or take another name\n',
  )
  assert.deepEqual(cluster.node('A').streams.get('orders')?.topics, ['orders.>'])
  // No option of `stream change` says this.
  const other = await cluster.run('stream', 'add', 'orders', '--topics', 'orders.>', '--mode', 'leader')
  assert.equal(other.exitCode, 1)
  assert.match(other.stderr, /change its mode with `herald mode orders leader`, the rest with `herald stream/)
})

test('stream change sets what is given, keeps the rest, and says what was and what is', async () => {
  await using cluster = await FakeCluster.start(1)
  await cluster.run('stream', 'add', 'orders', '--topics', 'orders.>', '--copies', '2')
  const { exitCode, stdout } = await cluster.run('stream', 'change', 'orders', '--retention', '128MiB')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^stream orders is changed: retention 64MiB,10m -> 128MiB,10m$/m)
  assert.match(stdout, /^orders +orders\.> +gossip +128MiB,10m +2 +3$/m)
  const same = await cluster.run('stream', 'change', 'orders', '--copies', '2')
  assert.match(same.stdout, /^stream orders is unchanged$/m)
})

test('stream change --replicas says how many nodes decide; a number that is not 3 or 5 never reaches a node', async () => {
  await using cluster = await FakeCluster.start(1)
  await cluster.run('stream', 'add', 'orders', '--topics', 'orders.>', '--mode', 'leader', '--replicas', '3')
  const { stdout } = await cluster.run('stream', 'change', 'orders', '--replicas', '5')
  assert.match(stdout, /^stream orders is changed: replicas 3 -> 5$/m)
  assert.equal(cluster.node('A').streams.get('orders')?.replicas, 5)
  const { exitCode, stderr } = await cluster.run('stream', 'change', 'orders', '--replicas', '4')
  assert.equal(exitCode, 2)
  assert.match(stderr, /"4" is not 3 or 5/)
})

test('stream change of a stream that does not exist creates none', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stderr } = await cluster.run('stream', 'change', 'orders', '--topics', 'orders.>')
  assert.equal(exitCode, 1)
  assert.match(stderr, /STREAM_UNKNOWN/)
  assert.equal(cluster.node('A').streams.has('orders'), false)
})

test('names reach the node as they are, also those that mean something in a URL', async () => {
  await using cluster = await FakeCluster.start(1)
  const empty = await cluster.run('stream', 'add', '', '--topics', 'a.>')
  assert.match(empty.stderr, /STREAM_INVALID/)
  for (const name of ['..', '.', 'a/b']) await cluster.run('stream', 'remove', name, '--yes')
  await cluster.run('subscriptions', 'remove', 'A', '..')
  assert.deepEqual(cluster.node('A').requests, [
    'PUT /v1/streams/',
    'DELETE /v1/streams/..',
    'DELETE /v1/streams/.',
    'DELETE /v1/streams/a%2Fb',
    'DELETE /v1/subscriptions/..',
  ])
})

test('stream show prints a refusal that all nodes share once, and apart what they say differently', async () => {
  await using cluster = await FakeCluster.start(3)
  const { stderr } = await cluster.run('stream', 'show', 'nope')
  assert.equal(stderr, 'nodes A, B, C refused: STREAM_UNKNOWN: there is no stream nope\n')
  await cluster.run('stream', 'add', 'orders', '--topics', 'orders.>', '--only', 'B')
  const partly = await cluster.run('stream', 'show', 'orders')
  assert.match(partly.stdout, /^B +orders /m)
  assert.equal(partly.stderr, 'nodes A, C refused: STREAM_UNKNOWN: there is no stream orders\n')
})

test('stream add and change say where there are fewer nodes than replicas, in text and in JSON', async () => {
  await using cluster = await FakeCluster.start(3)
  const leader = ['--topics', 'orders.>', '--mode', 'leader']
  const few = await cluster.run('stream', 'add', 'orders', ...leader, '--replicas', '5')
  assert.equal(few.exitCode, 0)
  assert.match(
    few.stdout,
    /^stream orders is to have 5 replicas, and there are 3 nodes: for now these 3 decide on its order, and nodes that join are placed until there are 5$/m,
  )
  const again = await cluster.run('stream', 'add', 'orders', ...leader, '--replicas', '5', '--json')
  const json = JSON.parse(again.stdout)
  assert.deepEqual([json.outcome, json.stream.replicas, json.replicasPossible], ['unchanged', 5, 3])
  const enough = await cluster.run('stream', 'change', 'orders', '--replicas', '3')
  assert.doesNotMatch(enough.stdout, /nodes/)
  const gossip = await cluster.run('stream', 'add', 'bills', '--topics', 'bills.>', '--replicas', '5')
  assert.match(gossip.stdout, /and there are 3 nodes: in leader mode these 3 decide on its order/)
  // Whoever asks for something else is told nothing of it.
  assert.doesNotMatch((await cluster.run('stream', 'change', 'bills', '--copies', '2')).stdout, /nodes/)
})

test('stream add on one node says that it decides alone, also where three replicas are what nobody asked for', async () => {
  await using cluster = await FakeCluster.start(1)
  const { stdout } = await cluster.run('stream', 'add', 'orders', '--topics', 'orders.>', '--mode', 'leader')
  assert.match(stdout, /to have 3 replicas, and there is 1 node: for now it decides alone on its order, and/)
})
