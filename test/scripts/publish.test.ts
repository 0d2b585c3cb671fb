// `herald publish` against a fake node: what it says when it is interrupted.

import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { FakeNode as Server } from '../client/fake-node.ts'
import { FakeCluster, runWords } from './fake-cluster.ts'

/** Lines without an end. */
async function* endless(): AsyncGenerator<string> {
  for (let line = 1; ; line++) {
    yield `${line}\n`
    await new Promise((resolve) => setImmediate(resolve))
  }
}

for (const acknowledges of [true, false]) {
  const ends = acknowledges ? 'acknowledged' : 'unknown'
  test(`publish - that is interrupted says what became of its lines, here ${ends}`, async () => {
    await using cluster = await FakeCluster.start(1)
    await using server = await Server.listen()
    server.acknowledges = acknowledges
    cluster.node('A').clientPort = Number(new URL(server.url).port)
    await cluster.saveState()
    const interruption = new AbortController()
    const running = runWords(
      ['publish', 'a.b', '-', '--json'],
      { HERALD_HOME: cluster.home },
      { stdin: Readable.from(endless()), signal: interruption.signal },
    )
    await server.until(() => server.connections.some(({ frames }) => frames.length >= 3))
    interruption.abort()
    const { exitCode, stdout } = await running
    assert.equal(exitCode, 130)
    const counts = JSON.parse(stdout) as Record<string, number>
    assert.ok((counts[ends] ?? 0) >= 3, stdout)
  })
}
