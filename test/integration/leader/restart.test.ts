// A rolling restart, as for an upgrade: publishers see slowing, not errors.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rounds, Trial } from './trial.ts'

/** Handing leadership over takes milliseconds; this is for a loaded machine, and far below the time of an election after a crash. */
const pauseMsMax = 2500

test('a restart of each node in turn refuses nothing, and publishers hardly wait', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  for (let round = 0; round < rounds; round++) {
    for (const node of trial.cluster.nodes) {
      await load.untilAcknowledged(trial.ids, 50)
      assert.deepEqual(await node.stop(), { code: 0, signal: null })
      await load.untilAcknowledged(trial.ids, 30)
      await node.start()
      await trial.untilCaughtUp(node)
    }
  }
  await load.untilAcknowledged(trial.ids, 30)
  await load.stop()
  const bad = trial.recorder.receipts.filter(({ append }) => append.outcome !== 'ok')
  assert.deepEqual(bad, [])
  const pauses = trial.recorder.receipts.map(({ append }) => (append.returnedAt ?? 0) - append.calledAt)
  assert(Math.max(...pauses) < pauseMsMax, `somebody waited for ${Math.max(...pauses)} ms`)
  await trial.judge()
})
