// The journals of runs in which nodes were killed, journals rotated and clients broke off: the check over them may not know
// everything, but it never accuses anybody of what did not happen.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckResult } from '../../audit/check-result.ts'
import { Cluster } from './cluster.ts'
import { Ledger } from './ledger.ts'
import { sendFrom, subscribeNodes, untilClean, untilPassed, untilPublished } from './traffic.ts'
import { until } from './until.ts'

/** Nothing that was delivered is called lost, doubled or made up. */
function assertNoAccusation(result: CheckResult): void {
  const accusations = result.findings.filter(({ kind }) => kind !== 'unknown')
  assert.deepEqual(accusations, [])
}

test('kill -9 of each node in turn while all publish', async () => {
  await using cluster = await Cluster.start()
  await subscribeNodes(cluster.nodes, '>')
  await using client = await cluster.connect('A')
  const ledger = new Ledger()
  await client.subscribe('>', ledger.take)
  for (const victim of cluster.nodes) {
    const others = cluster.nodes.filter((node) => node !== victim)
    const published = await others[0]?.counter('messagesPublished')
    const sending = sendFrom(others, 'kill.x', 1500, { ratePerSecond: 1500 })
    const dying = sendFrom([victim], 'kill.x', 100_000, { ratePerSecond: 1500 }).catch(() => undefined)
    await until('messages flow', async () => {
      return ((await others[0]?.counter('messagesPublished')) ?? 0) > (published ?? 0) + 500
    })
    await victim.kill()
    await dying
    await victim.start()
    await sending
    await cluster.untilLinked()
  }
  await until('the client has caught up', async () => {
    const status = await cluster.node('A').status()
    const origins = Object.entries(status.streams[0]?.origins ?? {})
    return origins.every(
      ([origin, last]) => last === 0 || (ledger.last.get(`default ${origin}`) ?? last) >= last,
    )
  })
  assert.deepEqual(ledger.violations, [])
  assert.deepEqual(ledger.gaps, [])
  const result = await cluster.check({ graceMs: 500 })
  assertNoAccusation(result)
  assert(result.totals.delivered > 20_000, JSON.stringify(result.totals))
})

test('journals that rotate and drop their oldest files', async () => {
  const environment = { HERALD_JOURNAL_FILE_BYTES: '4KiB', HERALD_JOURNAL_FILES: '3' }
  await using cluster = await Cluster.start({ environment })
  await subscribeNodes(cluster.nodes, '>')
  await using client = await cluster.connect('B')
  const ledger = new Ledger()
  await client.subscribe('>', ledger.take)
  const sending = sendFrom(cluster.nodes, 'rotate.x', 6000, { ratePerSecond: 2000 })
  for (let topic = 0; !(await isDone(sending)); topic++) {
    await sendFrom(cluster.nodes, `rotate.other${topic}`, 20)
    for (const node of cluster.nodes) await node.admin.flush()
  }
  await sending
  const published = (await cluster.node('A').counter('messagesPublished')) * 3
  await ledger.untilCount(published)
  await untilPassed(cluster.nodes, published)
  const result = await cluster.check()
  const files = result.journals.map((journal) => journal.files.length)
  assert(
    files.every((count) => count === 3),
    JSON.stringify(files),
  )
  assert((result.journals[0]?.files[0] ?? '') > '000001.ndjson', 'the first files are gone')
  assertNoAccusation(result)
  assert(result.totals.delivered > 0)
})

test('a client that breaks off leaves what it may not have got as unknown', async () => {
  await using cluster = await Cluster.start({ nodes: 2 })
  const client = await cluster.connect('A')
  const ledger = new Ledger()
  await client.subscribe('>', ledger.take)
  const sending = sendFrom(cluster.nodes, 'break.x', 2000, { ratePerSecond: 4000 })
  await ledger.untilCount(500)
  await client.close()
  await sending
  assertNoAccusation(await cluster.check())
})

test('a run without faults is clean to the last message, also after all nodes have stopped', async () => {
  await using cluster = await Cluster.start()
  await subscribeNodes(cluster.nodes, 'clean.*')
  await sendFrom(cluster.nodes, 'clean.x', 1000)
  await untilPassed(cluster.nodes, 3000)
  await Promise.all(cluster.nodes.map((node) => node.stop()))
  await untilClean(cluster, 9000)
})

test('subscriptions of a node go on behind the last line of its journal after a kill', async () => {
  await using cluster = await Cluster.start({ nodes: 2 })
  const [a, b] = [cluster.node('A'), cluster.node('B')]
  await subscribeNodes([b], '>')
  for (let round = 1; round <= 3; round++) {
    const sending = sendFrom([a], 'again.x', 1500, { ratePerSecond: 1500 })
    await untilPublished(a, round * 1500 - 800)
    await b.kill()
    await b.start()
    await sending
    await untilPassed([b], round * 1500)
  }
  await untilClean(cluster, 4500)
})

async function isDone(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending
}
