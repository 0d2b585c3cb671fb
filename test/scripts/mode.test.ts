// `herald mode` against fake nodes: what is shown, and whom a change is told to.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../integration/until.ts'
import { FakeCluster, runWords } from './fake-cluster.ts'
import type { FakeNode } from './fake-node.ts'

const stream = { topics: ['a'], retention: { bytes: 65_536, ageMs: 1000 }, copies: 1, version: 1 }

test('mode tells one node, and says in which epoch the stream is then, and after what time on that node', async () => {
  await using cluster = await FakeCluster.start(2)
  for (const node of cluster.nodes) node.streams.set('orders', stream)
  const { exitCode, stdout } = await cluster.run('mode', 'orders', 'leader')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^stream orders is in leader mode, epoch 1 \(on node A after 12 ms\)$/m)
  const told = cluster.nodes.flatMap(({ requests }) => requests.filter((line) => line.startsWith('PUT')))
  assert.deepEqual(told, ['PUT /v1/modes/orders'])
})

test('a change is told to a node that answers: one that hangs would have it wait', async () => {
  await using cluster = await FakeCluster.start(2)
  for (const node of cluster.nodes) node.streams.set('orders', stream)
  cluster.node('A').fault = 'hang'
  const { exitCode, stdout } = await cluster.run('mode', 'orders', 'leader')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^stream orders is in leader mode, epoch 1 \(on node B after 12 ms\)$/m)
  const told = cluster.node('A').requests.filter((line) => line.startsWith('PUT'))
  assert.deepEqual(told, [])
})

test('mode without a stream changes all of them', async () => {
  await using cluster = await FakeCluster.start(1)
  cluster.node('A').streams.set('orders', stream)
  const { exitCode, stdout } = await cluster.run('mode', 'leader', '--json')
  assert.equal(exitCode, 0)
  const { streams } = JSON.parse(stdout)
  assert.deepEqual(streams, [
    { stream: 'default', mode: 'leader', epoch: 1, elapsedMs: 12.3, node: 'A' },
    { stream: 'orders', mode: 'leader', epoch: 1, elapsedMs: 12.3, node: 'A' },
  ])
})

test('mode without a stream says of each what became of it, and fails where one was refused', async () => {
  await using cluster = await FakeCluster.start(1)
  for (const name of ['orders', 'stuck', 'zoo']) cluster.node('A').streams.set(name, stream)
  const { exitCode, stdout, stderr } = await cluster.run('mode', 'leader')
  assert.equal(exitCode, 1)
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' is in ')[0]),
    ['stream default', 'stream orders', 'stream zoo'],
  )
  assert.match(stderr, /^.*stream stuck: SWITCH_PENDING: no majority has answered/m)
  const json = JSON.parse((await cluster.run('mode', 'gossip', '--json')).stdout)
  assert.deepEqual(
    json.streams.map((each: { stream: string }) => each.stream),
    ['default', 'orders', 'zoo'],
  )
  assert.deepEqual(json.problems, [
    { stream: 'stuck', error: { code: 'SWITCH_PENDING', message: 'no majority has answered' } },
  ])
  assert.equal(json.error.code, 'SWITCH_PENDING')
})

test('mode shows epoch and leader, and the nodes that are not as far', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('A').streams.set('orders', { ...stream, mode: 'leader', epoch: 3 })
  cluster.node('B').streams.set('orders', { ...stream, mode: 'gossip', epoch: 2 })
  const { exitCode, stdout } = await cluster.run('mode', 'orders')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^orders +leader +3 +open +A +B$/m)
  assert.doesNotMatch(stdout, /default/)
})

test('mode of a stream that there is not exits 1, shown or changed', async () => {
  await using cluster = await FakeCluster.start(1)
  for (const words of [
    ['mode', 'nothing'],
    ['mode', 'nothing', 'leader'],
  ]) {
    const { exitCode, stderr } = await cluster.run(...words)
    assert.equal(exitCode, 1)
    assert.match(stderr, /STREAM_UNKNOWN.*\n.*`herald stream list`/)
  }
})

test('mode refuses a mode that there is not', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stderr } = await cluster.run('mode', 'orders', 'anarchy')
  assert.equal(exitCode, 2)
  assert.match(stderr, /the mode must be gossip or leader/)
})

test('mode --watch prints each phase of a change once, as the node that is furthest has it, until it is interrupted', async () => {
  await using cluster = await FakeCluster.start(2)
  const [a, b] = [cluster.node('A'), cluster.node('B')]
  const set = (mode: string, epoch: number, ...phases: readonly [string, string]): void => {
    for (const [at, node] of [a, b].entries()) {
      const phase = phases[at] ?? 'open'
      node.streams.set('orders', { ...stream, mode, epoch, phase })
    }
  }
  /** Both have been asked twice more: what is there now has been seen. */
  const seen = async (): Promise<void> => {
    const goal = Math.max(a.requests.length, b.requests.length) + 2
    while (Math.min(a.requests.length, b.requests.length) < goal)
      await new Promise((resolve) => setImmediate(resolve))
  }
  const interrupt = new AbortController()
  set('gossip', 0, 'open', 'open')
  const words = ['mode', 'orders', '--watch']
  const running = runWords(words, { HERALD_HOME: cluster.home }, { signal: interrupt.signal })
  await seen()
  set('gossip', 0, 'open', 'sealing')
  await seen()
  set('leader', 1, 'open', 'open')
  await seen()
  interrupt.abort()
  const { exitCode, stdout, stderr } = await running
  assert.deepEqual([exitCode, stderr], [130, ''])
  assert.deepEqual(withoutTimes(stdout), [
    'stream orders: gossip mode, epoch 0, open',
    'stream orders: gossip mode, epoch 0, sealing (not yet on A)',
    'stream orders: leader mode, epoch 1, open, led by A',
  ])
})

test('mode --watch waits for no node that hangs: a change that another one reports is shown, and who cannot be reached named once', async () => {
  await using cluster = await FakeCluster.start(3)
  const [a, b, c] = [cluster.node('A'), cluster.node('B'), cluster.node('C')]
  const asked = async (node: FakeNode, times: number): Promise<void> => {
    const goal = node.requests.length + times
    await until(`${node.id} is asked ${times} times more`, () => node.requests.length >= goal)
  }
  for (const node of [a, b]) node.streams.set('orders', { ...stream, mode: 'leader', epoch: 1 })
  b.order = { leader: 'A' }
  await c.stop()
  const interrupt = new AbortController()
  // Longer than the test may take: whoever waits for B waits in vain.
  const words = ['mode', 'orders', '--watch', '--timeout', '5m']
  const running = runWords(words, { HERALD_HOME: cluster.home }, { signal: interrupt.signal })
  await asked(b, 2)
  b.fault = 'hang'
  await asked(b, 1)
  a.streams.set('orders', { ...stream, mode: 'gossip', epoch: 2 })
  await asked(a, 2)
  a.streams.set('orders', { ...stream, mode: 'leader', epoch: 3 })
  await asked(a, 2)
  interrupt.abort()
  const { exitCode, stdout, stderr } = await running
  assert.equal(exitCode, 130)
  assert.deepEqual(withoutTimes(stdout), [
    'stream orders: leader mode, epoch 1, open, led by A',
    'stream orders: gossip mode, epoch 2, open (not yet on B)',
    'stream orders: leader mode, epoch 3, open, led by A (not yet on B)',
  ])
  assert.match(stderr, /^node C cannot be reached: connect ECONNREFUSED \S+\n$/)
})

test('mode --watch refuses what it would wait for in vain: a mode to change to, and a stream that is not there', async () => {
  await using cluster = await FakeCluster.start(2)
  const changing = await cluster.run('mode', 'default', 'leader', '--watch')
  assert.equal(changing.exitCode, 2)
  assert.match(changing.stderr, /--watch changes nothing/)
  const missing = await cluster.run('mode', 'nosuch', '--watch')
  assert.equal(missing.exitCode, 1)
  assert.match(missing.stderr, /there is no stream "nosuch"/)
})

/** Lines of --watch, without when they were written. */
function withoutTimes(stdout: string): readonly string[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\S+ +/, ''))
}
