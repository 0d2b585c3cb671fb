// Partitions of a cluster of real nodes: whatever shape they have, and however the network fails, every message arrives once
// and in order on every node, within two seconds of the healing.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Cluster } from './cluster.ts'
import { passedBy, sendFrom, subscribeNodes, untilClean, untilPassed, untilPublished } from './traffic.ts'

/** What issue section 4 promises after a partition has healed. */
const completeWithinMs = 2000

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start({ nodes: 5, proxied: true })
  await subscribeNodes(cluster.nodes, '>')
})

after(async () => {
  await cluster[Symbol.asyncDispose]()
})

/** Publishes everywhere while the network is broken in some way, heals it, and looks at the time and the journals. */
async function survive(breaks: () => void, heals: () => void): Promise<void> {
  const published = await passedBy(cluster.node('A'))
  const publishedByA = await cluster.node('A').counter('messagesPublished')
  const sending = sendFrom(cluster.nodes, 'partition.test', 1500, { ratePerSecond: 1000 })
  await untilPublished(cluster.node('A'), publishedByA + 200)
  breaks()
  const outcomes = await sending
  heals()
  assert.deepEqual(
    outcomes.map(({ acknowledged }) => acknowledged),
    [1500, 1500, 1500, 1500, 1500],
  )
  const elapsedMs = await untilPassed(cluster.nodes, published + 5 * 1500)
  assert(elapsedMs < completeWithinMs, `complete after ${elapsedMs} ms`)
  await cluster.untilLinked()
  await untilClean(cluster, 5 * (published + 5 * 1500))
}

test('what every node publishes reaches all nodes exactly once and in order', async () => {
  await survive(
    () => {},
    () => {},
  )
})

for (const kind of ['cut', 'blackhole', 'stall'] as const) {
  test(`two halves come together after a ${kind}`, async () => {
    await survive(
      () => cluster[kind]('AB', 'CDE'),
      () => cluster.heal('AB', 'CDE'),
    )
  })
}

test('three parts come together', async () => {
  await survive(
    () => {
      cluster.cut('A', 'BCDE')
      cluster.blackhole('BC', 'DE')
    },
    () => {
      cluster.heal('A', 'BCDE')
      cluster.heal('BC', 'DE')
    },
  )
})

test('a ring, in which hardly anybody reaches anybody else, completes', async () => {
  const broken = ['AC', 'AD', 'BD', 'BE', 'CE']
  await survive(
    () => {
      for (const [one = '', other = ''] of broken) cluster.cut(one, other)
    },
    () => {
      for (const [one = '', other = ''] of broken) cluster.heal(one, other)
    },
  )
})

test('links that are reset again and again lose and double nothing', async () => {
  let resets = 0
  let timer: NodeJS.Timeout | undefined
  await survive(
    () => {
      timer = setInterval(() => {
        cluster.reset('ABCDE'.charAt(resets++ % 5), 'ABCDE'.charAt(resets % 5))
      }, 20)
    },
    () => clearInterval(timer),
  )
  assert(resets > 20)
})
