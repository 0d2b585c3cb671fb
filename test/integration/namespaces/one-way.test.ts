// A leader that the others do not hear, and one that does not hear the others: the network drops one direction and carries the other.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../until.ts'
import { skip } from './network.ts'
import { PartitionTrial } from './partition-trial.ts'

test('a leader whose packets reach nobody is succeeded, acknowledges nothing, and follows once it is heard', {
  skip,
}, async () => {
  await using cluster = await PartitionTrial.start()
  const { network, trial, load } = cluster
  const { leader, follower, third, others } = await cluster.roles()
  await network.cut(leader.id, others)
  const next = await trial.untilLed(follower.id, third.id)
  assert.notEqual(next.id, leader.id)
  const [acknowledged, told] = [load.acknowledged(leader.id), load.receipts(leader.id).length]
  await load.untilAcknowledged([follower.id, third.id], 200)
  await until(`publishers of ${leader.id} are told something`, () => load.receipts(leader.id).length > told)
  assert.equal(load.acknowledged(leader.id), acknowledged, 'it has acknowledged something')
  await network.heal()
  await until(`${leader.id} follows`, async () => {
    const now = await cluster.leaderAt(leader)
    return now !== undefined && now !== leader.id && now === (await cluster.leaderAt(next))
  })
  await cluster.healAndJudge()
})

test('a leader that no packets reach steps down and refuses, and the others go on', {
  skip,
}, async () => {
  await using cluster = await PartitionTrial.start()
  const { network, trial, load } = cluster
  const { leader, follower, third, others } = await cluster.roles()
  await network.cut(others, leader.id)
  await until(`${leader.id} leads no more`, async () => (await cluster.leaderAt(leader)) !== leader.id)
  await trial.untilLed(follower.id, third.id)
  const acknowledged = load.acknowledged(leader.id)
  await cluster.untilRefused(leader)
  await load.untilAcknowledged([follower.id, third.id], 100)
  assert.equal(load.acknowledged(leader.id), acknowledged, 'it has acknowledged something')
  await cluster.healAndJudge()
})
