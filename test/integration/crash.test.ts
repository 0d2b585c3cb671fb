// Nodes that die, stop for a while or fall behind: what they had is not lost, what they missed comes, and what nobody holds any
// more is said to be missing.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cluster } from './cluster.ts'
import {
  passedBy,
  sendFrom,
  subscribeNodes,
  untilClean,
  untilLink,
  untilPassed,
  untilPublished,
} from './traffic.ts'
import { until } from './until.ts'

test('a node that is killed and started again goes on behind what it delivered', async () => {
  await using cluster = await Cluster.start()
  await subscribeNodes(cluster.nodes, '>')
  const [a, b, c] = [cluster.node('A'), cluster.node('B'), cluster.node('C')]
  const sending = sendFrom([a, b], 'crash.test', 3000, { ratePerSecond: 1500 })
  await untilPublished(a, 1000)
  await c.kill()
  await untilPublished(a, 2000)
  await c.start()
  await sending
  await untilPassed([a, b, c], 6000)
  await untilClean(cluster, 3 * 6000)
  assert.equal((await c.admin.subscriptions())[0]?.pattern, '>')
})

test('a node that is killed while it publishes loses nothing that was journaled, and doubles nothing', async () => {
  await using cluster = await Cluster.start()
  await subscribeNodes(cluster.nodes, '>')
  const a = cluster.node('A')
  const sending = sendFrom([a], 'crash.test', 100_000, { ratePerSecond: 2000 }).catch(() => undefined)
  await untilPublished(a, 3000)
  await a.kill()
  await sending
  await a.start()
  await cluster.untilLinked()
  const [answer] = await sendFrom([a], 'crash.test', 500)
  assert.equal(answer?.acknowledged, 500)
  const others = [cluster.node('B'), cluster.node('C')]
  await until('the new boot is complete everywhere', async () => {
    const statuses = await Promise.all([...others, a].map((node) => node.status()))
    return statuses.every(({ streams }) => streams[0]?.origins[answer.origin] === 500)
  })
  const result = await cluster.check()
  assert.deepEqual(
    result.findings.filter(({ kind }) => kind !== 'unknown'),
    [],
    'what the killed boot did last is at most unknown',
  )
  assert(result.totals.delivered >= 3 * 500 + 2 * 3000)
  await a.stop()
})

test('keepers serve what a dead origin had acknowledged by copies', async () => {
  await using cluster = await Cluster.start({ nodes: 4 })
  const [a, b] = [cluster.node('A'), cluster.node('B')]
  const [answer] = await sendFrom([a], 'kept.test', 2000, { ack: 'copies' })
  assert.equal(answer?.acknowledged, 2000)
  await a.kill()
  await using client = await cluster.connect('B')
  const subscription = await client.subscribe('kept.>', { from: 'earliest' })
  const sequences: number[] = []
  for await (const delivery of subscription) {
    assert.equal(delivery.kind, 'message')
    if (delivery.kind === 'message') sequences.push(delivery.sequence)
    if (sequences.length === 2000) break
  }
  assert.deepEqual(
    sequences,
    Array.from({ length: 2000 }, (_, index) => index + 1),
  )
  assert.equal(await b.counter('gapsTold'), 0)
})

/**
 * A publishes 1..200. B misses 101..200 behind a cut; C has them all; D joins at 150. Then A and C die: 151..200 can
 * still come from D, and nobody has 101..150.
 */
async function loseTheMiddle(environment: Readonly<Record<string, string>>): Promise<Cluster> {
  const cluster = await Cluster.start({
    nodes: 4,
    proxied: true,
    environment: { HERALD_COPIES: '0', ...environment },
  })
  const [a, b, c, d] = [cluster.node('A'), cluster.node('B'), cluster.node('C'), cluster.node('D')]
  await subscribeNodes([b, c], '>')
  await sendFrom([a], 'lost.test', 100)
  await untilPassed([b, c], 100)
  cluster.cut('B', 'ACD')
  for (const id of 'ACD') await untilLink(cluster, 'B', id, 'down')
  await sendFrom([a], 'lost.test', 50)
  await untilPassed([c], 150)
  await subscribeNodes([d], '>')
  await sendFrom([a], 'lost.test', 50)
  await untilPassed([c, d], 200)
  await Promise.all([a, c, d].map((node) => node.admin.flush()))
  await Promise.all([a.kill(), c.kill()])
  cluster.heal('B', 'ACD')
  await cluster.untilLinked('B', 'D')
  return cluster
}

async function assertMiddleToldLost(cluster: Cluster): Promise<void> {
  await until('B has passed everything', async () => (await passedBy(cluster.node('B'))) >= 200)
  const result = await cluster.check()
  const report = result.subscribers.find(({ node }) => node === 'B')
  assert.equal(report?.origins[0]?.delivered.ranges, '1-100,151-200')
  assert.equal(report.origins[0].lostTold.ranges, '101-150')
  assert.deepEqual(report.origins[0].gapReasons, ['lost'])
  assert.equal(result.totals.lostSilent + result.totals.duplicated + result.totals.outOfOrder, 0)
}

test('what nobody holds any more is told as a gap as soon as everybody has said so', async () => {
  await using cluster = await loseTheMiddle({})
  await Promise.all([cluster.node('A').start(), cluster.node('C').start()])
  await assertMiddleToldLost(cluster)
})

test('what nobody that is left holds is told as a gap once retention has passed', async () => {
  await using cluster = await loseTheMiddle({ HERALD_RETENTION_AGE: '4s' })
  await assertMiddleToldLost(cluster)
})

test('retention passes a node that was away too long: it gets a gap, then what there is', async () => {
  const environment = { HERALD_RETENTION_BYTES: '256KiB', HERALD_COPIES: '0' }
  await using cluster = await Cluster.start({ proxied: true, environment })
  const [a, b, c] = [cluster.node('A'), cluster.node('B'), cluster.node('C')]
  await subscribeNodes([a, b, c], '>')
  await sendFrom([a], 'old.test', 100)
  await untilPassed([b, c], 100)
  cluster.cut('C', 'AB')
  await untilLink(cluster, 'A', 'C', 'down')
  await sendFrom([a], 'old.test', 20_000)
  await untilPassed([b], 20_100)
  cluster.heal('C', 'AB')
  await untilPassed([c], 20_100)
  const result = await cluster.check()
  const report = result.subscribers.find(({ node }) => node === 'C')
  assert(report !== undefined)
  assert(report.counts.lostTold > 0, 'a gap was told')
  assert.equal(report.counts.lostSilent, 0)
  assert.equal(report.counts.delivered + report.counts.lostTold, 20_100)
  assert.deepEqual(report.origins[0]?.gapReasons, ['retention'])
  assert(result.subscribers.filter(({ node }) => node !== 'C').every(({ counts }) => counts.lostTold === 0))
})

test('a node that is stopped for three seconds is not thrown out and completes', async () => {
  await using cluster = await Cluster.start()
  await subscribeNodes(cluster.nodes, '>')
  const [a, b, c] = [cluster.node('A'), cluster.node('B'), cluster.node('C')]
  const linksClosed = await a.counter('linksClosed')
  const sending = sendFrom([a, b], 'pause.test', 4000, { ratePerSecond: 1000 })
  await untilPublished(a, 500)
  c.signal('SIGSTOP')
  await untilPublished(a, 3500)
  c.signal('SIGCONT')
  await sending
  await untilPassed([a, b, c], 8000)
  assert.equal(await a.counter('linksClosed'), linksClosed)
  await untilClean(cluster, 3 * 8000)
})

test('a link that takes nothing costs its sender no more memory than its bounds', async () => {
  await using cluster = await Cluster.start({
    proxied: true,
    environment: { HERALD_RETENTION_BYTES: '8MiB' },
  })
  await subscribeNodes(cluster.nodes, '>')
  const [a, b, c] = [cluster.node('A'), cluster.node('B'), cluster.node('C')]
  cluster.stall('A', 'C')
  await using client = await cluster.connect('A')
  const payload = Buffer.alloc(16_384, 'x')
  let peak = 0
  for (let batch = 0; batch < 100; batch++) {
    const results = await client.publishBatch(
      Array.from({ length: 128 }, () => ({ topic: 'slow.test', payload })),
    )
    assert(results.every(({ status }) => status === 'acknowledged'))
    peak = Math.max(peak, await a.memory())
  }
  const { links } = await a.status()
  const queued = links.find(({ peer }) => peer === 'C')?.queuedBytes ?? 0
  assert(queued < 10 * 2 ** 20, `${queued} bytes wait on the link`)
  assert(peak < 250 * 2 ** 20, `${peak} bytes resident while 200 MB passed`)
  await untilPassed([b], 12_800)
  await untilLink(cluster, 'A', 'C', 'down')
  cluster.heal('A', 'C')
  // C lacks everything: most is gone everywhere, and of the rest only a part has room behind the hole.
  await untilPassed([c], 12_800, { deadlineMs: 20_000 })
  await until('C has got what there is', async () => (await c.counter('messagesDelivered')) >= 450)
  const result = await cluster.check()
  const report = result.subscribers.find(({ node }) => node === 'C')?.counts
  assert(report !== undefined)
  assert.equal(report.delivered + report.lostTold, 12_800)
  assert.equal(report.lostSilent + report.duplicated + report.outOfOrder, 0)
})
