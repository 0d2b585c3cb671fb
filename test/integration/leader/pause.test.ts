// A leader that stands still for longer than an election and goes on as if nothing had happened: by then it leads nobody.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../until.ts'
import { rounds, Trial } from './trial.ts'

test('a leader that is stopped for longer than an election acknowledges nothing of its own when it goes on', async () => {
  await using trial = await Trial.start()
  for (let round = 0; round < rounds; round++) {
    await using load = await trial.load()
    await load.untilAcknowledged(trial.ids, 50)
    const leader = await trial.untilLed()
    const others = trial.ids.filter((id) => id !== leader.id)
    leader.signal('SIGSTOP')
    const next = await trial.untilLed(...others)
    assert.notEqual(next.id, leader.id)
    await load.untilAcknowledged(others, 50)
    leader.signal('SIGCONT')
    await until(`${leader.id} follows`, async () => {
      const order = await trial.order(leader)
      return order?.leader !== undefined && order.leader === (await trial.order(next))?.leader
    })
    await trial.untilCaughtUp(leader)
    await load.untilAcknowledged(trial.ids, 50)
    await load.stop()
  }
  await trial.judge()
})
