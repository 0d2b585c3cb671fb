// `herald status --watch` against fake nodes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../integration/until.ts'
import { FakeCluster, runWords } from './fake-cluster.ts'

test('status --watch prints again until it is interrupted and exits 130', async () => {
  await using cluster = await FakeCluster.start(1)
  const interruption = new AbortController()
  const running = runWords(
    ['status', '--watch', '--json'],
    { HERALD_HOME: cluster.home },
    { signal: interruption.signal },
  )
  while (cluster.node('A').requests.length < 2) await new Promise((resolve) => setImmediate(resolve))
  interruption.abort()
  assert.equal((await running).exitCode, 130)
})

test('status --watch goes on showing the others while a node hangs', async () => {
  await using cluster = await FakeCluster.start(2)
  const interruption = new AbortController()
  const words = ['status', '--watch', '--json', '--timeout', '10m']
  const running = runWords(words, { HERALD_HOME: cluster.home }, { signal: interruption.signal })
  const [a, b] = cluster.nodes
  await until('both were asked', () => a?.requests.length === 1 && b?.requests.length === 1)
  cluster.node('A').fault = 'hang'
  await until('B is asked again and again', () => cluster.node('B').requests.length >= 4)
  interruption.abort()
  assert.equal((await running).exitCode, 130)
})
