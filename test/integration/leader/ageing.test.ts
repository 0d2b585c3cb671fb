// Clusters that live long: nodes come and go, end and are killed, streams change and are made again, floors follow each other in every log.
// What happens when is drawn from a seed; `TEST_SEED` repeats it.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { randomBelow, seededRandom } from '../../../node/core/common/random.ts'
import { isMeta } from '../../../node/groups/group-numbers.ts'
import { events, OldCluster } from './old-cluster.ts'
import { rounds } from './trial.ts'

/** A node that joins and goes makes seven entries of META, which has a floor behind each 64. */
const comings = 10

/** The floor of META in each node's log. */
async function metaFloors(old: OldCluster): Promise<number[]> {
  return (await old.inspect()).map((text) => {
    const rows = [...text.matchAll(/^ *(\d+) +(\d+) +\d+ +\d+ +\d+ +\d+/gm)].map((row) => row.map(Number))
    return rows.find(([, group = 0]) => isMeta(group))?.[2] ?? 0
  })
}

test('a cluster that META has written a floor for starts again, twice, with everything', async () => {
  await using old = await OldCluster.start(seededRandom('floors of META'))
  await old.publish()
  for (let coming = 0; coming < comings; coming++) {
    await old.join()
    await old.settle()
    await old.leave()
    await old.settle()
  }
  for (let start = 0; start < 2; start++) {
    await old.restartAll()
    await old.settle()
    await old.publish()
    await old.judge()
  }
  for (const floor of await metaFloors(old)) assert.ok(floor > 0, `META has its floor at ${floor}`)
})

test('whatever happens to a cluster, and in whatever order, all that was acknowledged is on every node', async (context: TestContext) => {
  const seed = process.env['TEST_SEED'] ?? String(Date.now() % 1_000_000)
  const random = seededRandom(seed)
  const happened: string[] = []
  await using old = await OldCluster.start(random)
  try {
    for (let round = 0; round < rounds; round++) {
      const waiting = Object.entries(events)
      for (let left = waiting.length; left > 0; left--) {
        const [[what, happen] = assert.fail()] = waiting.splice(randomBelow(random, left), 1)
        happened.push(what)
        await happen(old)
        await old.settle()
        await old.publish()
        await old.judge()
      }
    }
    assert.equal((await old.inspect()).length, old.cluster.nodes.length)
  } catch (cause) {
    throw new Error(`TEST_SEED=${seed} finds this behind: ${happened.join(', ')}`, { cause })
  }
  context.diagnostic(`TEST_SEED=${seed}: ${happened.join(', ')}`)
})
