// `herald subscribe` against a fake node: what it asks for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeNode as Server } from '../client/fake-node.ts'
import { FakeCluster, runWords } from './fake-cluster.ts'

test('subscribe begins where --from says, with either word for the earliest', async () => {
  await using cluster = await FakeCluster.start(1)
  await using server = await Server.listen()
  cluster.node('A').clientPort = Number(new URL(server.url).port)
  await cluster.saveState()
  for (const [word, from] of [
    ['now', 'now'],
    ['earliest', 'earliest'],
    ['first', 'earliest'],
    ['7', { offset: 7 }],
  ] as const) {
    const stop = new AbortController()
    const running = runWords(['subscribe', 'a', '--from', word], { HERALD_HOME: cluster.home }, stop)
    const requests = (): readonly object[] =>
      server.connections.flatMap(({ controls }) => controls.filter(({ op }) => op === 'subscribe'))
    const before = requests().length
    await server.until(() => requests().length > before)
    stop.abort()
    await running
    const request = requests().at(-1)
    assert.deepEqual(request !== undefined && 'from' in request && request.from, from)
  }
})
