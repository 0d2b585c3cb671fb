// Waiting until a node that has come is everywhere, against fake nodes: a group that nobody leads is said, not waited for.

import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { Context } from '../../scripts/cli/context.ts'
import { CommandError } from '../../scripts/cli/outcome.ts'
import { settle } from '../../scripts/commands/node-settling.ts'
import { FakeCluster, TextSink } from './fake-cluster.ts'

const stream = { topics: ['a'], retention: { bytes: 65_536, ageMs: 1000 }, copies: 1, version: 1 }

/** Each look at the clock is later by a second, or more, so that nothing is waited for. */
function hurry(context: TestContext, stepMs = 1000): void {
  let now = 0
  context.mock.method(Date, 'now', () => {
    now += stepMs
    return now
  })
}

async function settleIn({ home }: FakeCluster, hasBegun = true): Promise<void> {
  const world = {
    ...{ stdin: Readable.from([]), stdout: new TextSink(), stderr: new TextSink() },
    ...{ environment: { HERALD_HOME: home }, signal: new AbortController().signal },
  }
  const flags = { json: false, quiet: false, yes: false, color: false }
  const described = { describe: () => 'F is a member', outlook: 'F is taken in' }
  await settle(new Context(world, { target: 'local', timeout: 300_000, ...flags }), {
    isComplete: () => true,
    hasBegun: () => hasBegun,
    ...described,
  })
}

test('a group that nobody leads for five seconds is named, with its streams and those of its voters that do not answer', async (context) => {
  await using cluster = await FakeCluster.start(4)
  for (const node of cluster.nodes) {
    node.leaderless = [1, 1000]
    node.streams.set('orders', { ...stream, mode: 'leader' })
  }
  cluster.node('A').streams.set('bills', { ...stream, mode: 'leader' })
  await cluster.node('C').stop()
  // It would be waited for five minutes.
  cluster.node('D').fault = 'hang'
  hurry(context)
  await assert.rejects(settleIn(cluster), (error) => {
    assert(error instanceof CommandError)
    assert.deepEqual([error.exitCode, error.code], [4, 'NO_LEADER'])
    assert.equal(
      error.message,
      'F is a member: group 1 (streams bills, orders) has no leader: of its voters A, B, C, D these do not answer: C, D; ' +
        'names has no leader: of its voters A, B, C, D these do not answer: C, D',
    )
    assert.equal(error.next, 'start those that are down (`herald up`): F is taken in')
    return true
  })
})

test('where all voters of a group answer that nobody leads, their links are what to look at', async (context) => {
  await using cluster = await FakeCluster.start(2)
  for (const node of cluster.nodes) node.hasMajority = false
  for (const node of cluster.nodes) node.member = { state: 'learning' }
  hurry(context)
  await assert.rejects(settleIn(cluster), {
    message: /^F is a member: META has no leader, though its voters A, B all answer; group 1 has no leader, /,
    next: 'see `herald status`, which names the links that are down: F is taken in',
  })
})

test('an election is waited for, however many there are, and so is whoever learns', async (context) => {
  await using cluster = await FakeCluster.start(1)
  const node = cluster.node('A')
  node.member = { state: 'learning' }
  let looks = 0
  Object.defineProperty(node, 'leaderless', {
    get: () => {
      if (++looks === 14) node.member = { state: 'settled' }
      return looks % 2 === 0 ? [] : [1]
    },
  })
  hurry(context)
  await settleIn(cluster)
  assert.ok(looks >= 14, `${looks}`)
})

test('who has not learned everything after a minute is named', async (context) => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('B').member = { state: 'learning' }
  hurry(context, 10_000)
  await assert.rejects(settleIn(cluster), { message: 'F is a member after 60 s (still learning: B)' })
})

test('before a node is admitted, what other groups lack is not what it waits for', async (context) => {
  await using cluster = await FakeCluster.start(1)
  const node = cluster.node('A')
  node.member = { state: 'learning' }
  node.leaderless = [1]
  hurry(context, 10_000)
  await assert.rejects(settleIn(cluster, false), {
    message: 'F is a member after 60 s (still learning: A)',
  })
  node.leaderless = [0, 1]
  await assert.rejects(settleIn(cluster, false), {
    message: 'F is a member: META has no leader, though its voters A all answer',
  })
})
