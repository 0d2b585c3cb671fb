// Two streams that share a log: the quiet one retains 45 MB for long, and the loud one goes through many times what it retains. The
// files stay small, the quiet messages are there on every node, also behind a restart of all and on a node without a disk, and all is accounted for.

import assert from 'node:assert/strict'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { toStreamId } from '../../../node/core/common/ids.ts'
import { Cluster } from '../cluster.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'

const payload = Buffer.alloc(16_384, 'x')
const mebibyte = 1_048_576
/** A group may have 32 MiB of dropped batches, a file 64 MiB, and one goes when two are behind it. */
const logBytesMax = 300 * mebibyte
const floodBytes = 600 * mebibyte
/** More than a link may have waiting, so that a floor with all of them must travel as there is room. */
const quietTexts = Array.from({ length: 45 }, (_, nth) => `quiet ${nth + 1}`)
const quietBytes = 1_000_000

/** A stream whose name hashes onto the same of three groups as `quiet`. */
function loudName(): string {
  for (let nth = 1; ; nth++)
    if (toStreamId(`loud-${nth}`) % 3 === toStreamId('quiet') % 3) return `loud-${nth}`
}

async function bytesOfLog({ options }: ClusterNode): Promise<number> {
  const folder = join(options.dataPath, 'log')
  // The node drops files meanwhile.
  const sizes = (await readdir(folder)).map((name) => stat(join(folder, name)).catch(() => ({ size: 0 })))
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0)
}

async function quietOn(cluster: Cluster, { id }: ClusterNode): Promise<string[]> {
  await using client = await cluster.connect(id)
  const texts: string[] = []
  await client.subscribe('quiet.a', { from: { offset: 1 } }, (delivery) => {
    if (delivery.kind === 'message') texts.push(delivery.text().trimEnd())
  })
  await until(`${id} has sent what is retained`, () => texts.length === quietTexts.length)
  return texts
}

/** Publishes many times what the loud stream retains, 2 MiB at a time; `between` does something else now and then. */
async function flood(cluster: Cluster, between: (nth: number) => Promise<void>): Promise<void> {
  await using client = await cluster.connect('A', { deadlineMs: 60_000 })
  for (let nth = 0; nth < floodBytes / (2 * mebibyte); nth++) {
    const together = Array.from({ length: 128 }, () => client.publish('loud.a', payload))
    for (const outcome of await Promise.all(together)) assert.equal(outcome.status, 'acknowledged')
    await between(nth)
  }
}

test('what a quiet stream retains costs its group no log of what a loud one has dropped', async () => {
  await using cluster = await Cluster.start()
  const { admin } = cluster.node('A')
  const name = loudName()
  await admin.putStream('quiet', {
    topics: ['quiet.>'],
    mode: 'leader',
    retention: { bytes: 64 * mebibyte, ageMs: 3_600_000 },
  })
  await admin.putStream(name, {
    topics: ['loud.>'],
    mode: 'leader',
    retention: { bytes: mebibyte, ageMs: 3_600_000 },
  })
  await using quiet = await cluster.connect('B')
  const left = [...quietTexts]
  await flood(cluster, async (nth) => {
    const text = nth % 4 === 0 ? left.shift() : undefined
    if (text !== undefined)
      assert.equal((await quiet.publish('quiet.a', text.padEnd(quietBytes))).status, 'acknowledged')
  })
  assert.deepEqual(left, [])
  const { streams } = await cluster.node('A').status()
  const groups = streams.flatMap(({ order }) => order?.group ?? [])
  assert.equal(new Set(groups).size, 1, 'both are of one group')
  for (const node of cluster.nodes)
    await until(`the log of ${node.id} is short`, async () => (await bytesOfLog(node)) < logBytesMax, 20_000)
  for (const node of cluster.nodes) assert.deepEqual(await quietOn(cluster, node), quietTexts)
  await Promise.all(cluster.nodes.map((node) => node.kill()))
  await Promise.all(cluster.nodes.map((node) => node.start()))
  for (const node of cluster.nodes) assert.deepEqual(await quietOn(cluster, node), quietTexts)
  await cluster.node('C').kill()
  await rm(cluster.node('C').options.dataPath, { recursive: true })
  await cluster.node('C').start()
  assert.deepEqual(await quietOn(cluster, cluster.node('C')), quietTexts)
})
