// Nodes that are killed under load, one after the other and all at once: what was acknowledged is there, once, in one order.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rounds, Trial } from './trial.ts'

test('a run without faults acknowledges everything, and all nodes give it in the same order', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 200)
  await load.stop()
  const bad = trial.recorder.receipts.filter(({ append }) => append.outcome !== 'ok')
  assert.deepEqual(bad, [])
  await trial.judge()
})

test('kill -9 of each node in turn loses nothing that was acknowledged, and doubles nothing', async () => {
  await using trial = await Trial.start()
  for (let round = 0; round < rounds; round++) {
    for (const victim of trial.cluster.nodes) await trial.killUnderLoad(victim)
  }
  await trial.judge()
})

test('kill -9 of all nodes at once, twice, loses nothing that was acknowledged', async () => {
  await using trial = await Trial.start()
  for (let round = 0; round < 2 * rounds; round++) {
    await using load = await trial.load()
    await load.untilAcknowledged(trial.ids, 100)
    await Promise.all(trial.cluster.nodes.map((node) => node.kill()))
    await trial.cluster.startAll()
    await load.untilAcknowledged(trial.ids, 50)
    await load.stop()
  }
  await trial.judge()
})
