// Streams that change their mode under load, also while something else happens: nothing is lost, doubled or out of its publisher's order.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../until.ts'
import { SwitchTrial } from './switch-trial.ts'

test('six changes of mode under load refuse nobody, and lose, double and reorder nothing', async () => {
  await using trial = await SwitchTrial.start()
  const { nodes } = trial.cluster
  for (const node of nodes) await trial.load(node)
  await trial.untilAcknowledged(50)
  for (let round = 1; round <= 6; round++) {
    const epoch = await trial.setMode(nodes[round % nodes.length], round % 2 === 1 ? 'leader' : 'gossip')
    assert.equal(epoch, round)
    await trial.untilAcknowledged(100)
  }
  await trial.judge()
  assert.deepEqual(trial.failures, [])
})

test('two wishes at once end in one mode, the same on every node', async () => {
  await using trial = await SwitchTrial.start()
  const [one, two] = trial.cluster.nodes
  for (const node of trial.cluster.nodes) await trial.load(node)
  await trial.setMode(one, 'leader')
  await Promise.all([trial.setMode(one, 'gossip'), trial.setMode(two, 'gossip')])
  await until('all nodes are in one epoch', async () => {
    const epochs = await Promise.all(trial.cluster.nodes.map((node) => trial.epoch(node)))
    return new Set(epochs).size === 1
  })
  assert.equal(one && (await trial.epoch(one)), 2)
  await trial.setMode(two, 'leader')
  await trial.untilAcknowledged(50)
  await trial.judge()
  assert.deepEqual(trial.failures, [])
})

test('a leader that is killed while the mode is changed holds up nothing for good', async () => {
  await using trial = await SwitchTrial.start()
  const { nodes } = trial.cluster
  await trial.setMode(nodes[0], 'leader')
  const led = await trial.leader(nodes[0] as (typeof nodes)[number])
  const victim = nodes.find(({ id }) => id === led)
  const [one, two] = nodes.filter((node) => node !== victim)
  assert.ok(victim && one && two)
  for (const node of [one, two]) await trial.load(node)
  await trial.untilAcknowledged(50)
  const switched = trial.setMode(one, 'gossip')
  await victim.kill()
  assert.equal(await switched, 2)
  await trial.untilAcknowledged(50)
  const back = trial.setMode(two, 'leader')
  await victim.start()
  assert.equal(await back, 3)
  await trial.untilAcknowledged(50)
  await trial.judge()
  assert.deepEqual(trial.failures, [])
})

test('a node that was cut off while the mode changed goes on with the others, and what it took is not lost', async () => {
  await using trial = await SwitchTrial.start({ proxied: true })
  const { nodes } = trial.cluster
  await trial.setMode(nodes[0], 'leader')
  await trial.setMode(nodes[0], 'gossip')
  const led = await trial.leader(nodes[0] as (typeof nodes)[number])
  const away = nodes.find(({ id }) => id !== led && id !== nodes[0]?.id)
  const others = nodes.filter((node) => node !== away)
  assert.ok(away)
  for (const node of nodes) await trial.load(node)
  await trial.untilAcknowledged(60)
  trial.cluster.cut(away.id, others.map(({ id }) => id).join(''))
  await trial.untilAcknowledged(60)
  assert.equal(await trial.setMode(others[0], 'leader'), 3)
  await trial.untilAcknowledged(60)
  trial.cluster.heal(away.id, others.map(({ id }) => id).join(''))
  await until('the node is in the epoch of the others', async () => (await trial.epoch(away)) === 3)
  await trial.untilAcknowledged(60)
  await trial.judge()
  assert.deepEqual(trial.failures, [])
})
