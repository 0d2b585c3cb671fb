// A cluster of five in which most of those that decide on a stream are gone: also nodes that never decide say so, and take nothing.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../until.ts'
import { Trial } from './trial.ts'

test('without a majority of the voters every node says that nobody leads, and refuses, also one that only learns', async () => {
  await using trial = await Trial.start({ nodes: 5 })
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 5)
  const leader = await trial.untilLed()
  const { voters = [] } = (await trial.order(leader)) ?? {}
  assert.equal(voters.length, 3)
  const killed = voters.filter((id) => id !== leader.id)
  for (const id of killed) await trial.cluster.node(id).kill()
  for (const node of trial.cluster.nodes.filter(({ id }) => !killed.includes(id))) {
    await until(`${node.id} knows of no leader`, async () => {
      const order = await trial.order(node)
      return order !== undefined && order.leader === undefined
    })
    await until(
      `${node.id} refuses`,
      () => {
        const result = load.receipts(node.id).at(-1)?.result
        return result?.status === 'refused' && result.code === 'NO_LEADER'
      },
      30_000,
    )
  }
  for (const id of killed) await trial.cluster.node(id).start()
  await trial.cluster.untilLinked()
  await trial.untilLed()
  await load.untilAcknowledged(trial.ids, 5)
  await load.stop()
  await trial.judge()
})
