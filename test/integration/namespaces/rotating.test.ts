// One-way cuts that come and go: first between two followers, then anywhere, drawn from a seed. `TEST_SEED` repeats what was drawn;
// how far the cluster is when a cut comes differs from run to run.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Random, randomBelow, seededRandom } from '../../../node/core/common/random.ts'
import { rounds as repetitions } from '../leader/trial.ts'
import { until } from '../until.ts'
import { skip } from './network.ts'
import { PartitionTrial } from './partition-trial.ts'

const rounds = 10 * repetitions
/** A round lasts until every node has taken so many publications in gossip mode, which is always possible. */
const notesOfRound = 120
const ways = ['AB', 'AC', 'BA', 'BC', 'CA', 'CB'] as const

test('one-way cuts that come and go between all nodes lose, double and reorder nothing', {
  skip,
}, async (context) => {
  const seed = process.env['TEST_SEED'] ?? String(process.hrtime.bigint() % 1_000_000n)
  context.diagnostic(`TEST_SEED=${seed}`)
  try {
    await play(context, seededRandom(`one-way cuts ${seed}`))
  } catch (cause) {
    throw new Error(`TEST_SEED=${seed} finds this`, { cause })
  }
})

async function play(context: TestContext, random: Random): Promise<void> {
  await using cluster = await PartitionTrial.start()
  const { network, trial, load, notes } = cluster
  const { follower, third } = await cluster.roles()
  await network.cut(follower.id, third.id)
  await load.untilAcknowledged(trial.ids, 100)
  await network.heal()
  let cuts: readonly string[] = []
  for (let round = 0; round < rounds; round++) {
    const turned = drawWays(random)
    for (const way of turned) {
      if (cuts.includes(way)) await network.heal(way.charAt(0), way.charAt(1))
      else await network.cut(way.charAt(0), way.charAt(1))
    }
    cuts = ways.filter((way) => cuts.includes(way) !== turned.includes(way))
    context.diagnostic(`round ${round}: ${cuts.join(' ') || 'nothing'} is cut`)
    await notes.untilAcknowledged(trial.ids, notesOfRound)
  }
  await network.heal()
  await loseLinks(cluster, 'ABC'.charAt(randomBelow(random, 3)))
  await cluster.healAndJudge()
}

/** What a node sends is dropped until the others give up its links, so that what was on its way has to be brought again. */
async function loseLinks({ network, nodes }: PartitionTrial, id: string): Promise<void> {
  const others = nodes.filter((node) => node.id !== id)
  await network.cut(id, others.map((node) => node.id).join(''))
  for (const other of others) {
    await until(`${other.id} has given up its link to ${id}`, async () => {
      const { links } = await other.status()
      return links.some(({ peer, state }) => peer === id && state !== 'up')
    })
  }
}

/** One to three directions: those that are cut are healed, the others are cut. */
function drawWays(random: Random): readonly string[] {
  const left = [...ways]
  return Array.from({ length: 1 + randomBelow(random, 3) }, () => {
    const [way] = left.splice(randomBelow(random, left.length), 1)
    assert(way !== undefined)
    return way
  })
}
