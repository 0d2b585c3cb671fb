// Partitions in which not everybody sees the same: two nodes that are cut off from each other and not from the third, and one from all.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { until } from '../until.ts'
import { skip } from './network.ts'
import { PartitionTrial } from './partition-trial.ts'

/** A machine under load may be late with a heartbeat or two; elections that follow each other would be one every second. */
const termRiseMax = 2

test('a follower that is cut off from the leader, and not from the third node, disturbs nobody, and gets everything', {
  skip,
}, async (context: TestContext) => {
  await using cluster = await PartitionTrial.start()
  const { network, load, notes } = cluster
  const { leader, follower, third } = await cluster.roles()
  const before = await cluster.term(leader)
  await network.cut(leader.id, follower.id)
  await network.cut(follower.id, leader.id)
  await cluster.untilRefused(follower)
  await until(`the link between ${leader.id} and ${follower.id} is given up`, async () => {
    const { links } = await follower.status()
    return links.some(({ peer, state }) => peer === leader.id && state !== 'up')
  })
  await load.untilAcknowledged([leader.id, third.id], 300)
  // In gossip mode the third node has what the leader cannot send.
  await notes.untilRead(follower.id)
  for (const node of cluster.nodes) {
    const rise = (await cluster.term(node)) - before
    context.diagnostic(`the term of ${node.id} rose by ${rise}`)
    assert(rise <= termRiseMax, `the term of ${node.id} rose by ${rise}`)
  }
  await cluster.healAndJudge()
})

test('a node that is cut off from all others says so, refuses in leader mode, and takes publications in gossip mode', {
  skip,
}, async () => {
  await using cluster = await PartitionTrial.start()
  const { network, load, notes } = cluster
  const { leader, follower, third } = await cluster.roles()
  await network.cut(follower.id, leader.id + third.id)
  await network.cut(leader.id + third.id, follower.id)
  // What had its place before may be heard of a moment later.
  await until(
    `${follower.id} knows of no leader`,
    async () => (await cluster.leaderAt(follower)) === undefined,
  )
  const acknowledged = load.acknowledged(follower.id)
  await cluster.untilRefused(follower)
  await notes.untilAcknowledged(
    cluster.nodes.map(({ id }) => id),
    100,
  )
  await load.untilAcknowledged([leader.id, third.id], 100)
  assert.equal(load.acknowledged(follower.id), acknowledged, 'it has acknowledged something')
  await cluster.healAndJudge()
})
