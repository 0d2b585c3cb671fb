// Clients whose node dies: they go on on another one, where they were.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../until.ts'
import { Trial } from './trial.ts'

test('a subscription goes on, on another node, after its node was killed, without loss or repeat', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 50)
  const leader = await trial.untilLed()
  // The leader's own clients have the most to lose; then those of the one that follows it.
  for (const victim of [leader, ...trial.cluster.nodes.filter((node) => node !== leader).slice(0, 1)]) {
    const { client, session } = trial.watcherOn(victim)
    await victim.kill()
    await until(`the subscriber has left ${victim.id}`, () => client.stats.reconnects > 0)
    const got = session.deliveries.length
    await until('it gets more', () => session.deliveries.length > got + 100, 30_000)
    assert.notEqual(session.tap.nodes.at(-1), victim.id)
    await victim.start()
    await trial.untilCaughtUp(victim)
  }
  await load.stop()
  await trial.judge()
})

test('a subscription resumes from its cursor on any node, and one from now gets what comes after it', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 30)
  for (const node of trial.cluster.nodes) {
    const { cursor, after } = trial.watcherOn(node).position()
    for (const other of trial.cluster.nodes) await trial.watch(other, { from: { cursor }, after })
    await trial.watch(node, { from: 'now' })
  }
  await load.untilAcknowledged(trial.ids, 30)
  await load.stop()
  await trial.judge()
})
