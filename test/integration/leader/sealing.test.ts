// What happens to a change of the mode while the epoch in gossip mode is sealed: a member that does not answer holds the change there, and
// then the leader of the stream's group dies, stops, or is asked for the opposite.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StreamStatusAnswer } from '../../../scripts/admin/answers.ts'
import { findLeaderless } from '../../../scripts/admin/health.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import { SwitchTrial } from './switch-trial.ts'

interface Sealing {
  readonly trial: SwitchTrial
  /** Leads the group of the stream. */
  readonly leader: ClusterNode
  /** Stopped: the change waits for it. */
  readonly silent: ClusterNode
  /** The others, on which messages are published. */
  readonly others: readonly ClusterNode[]
  /** The epoch in which the change ends. */
  readonly changed: Promise<number>
}

/** Five nodes under load, of which one that does not vote is stopped, with a change to leader mode that waits for it. */
async function seal(): Promise<Sealing> {
  // Members whose links are up are waited for four seconds, twice where the next leader begins anew.
  const trial = await SwitchTrial.start({ nodes: 5, environment: { HERALD_COPIES_TIMEOUT: '20s' } })
  const { nodes } = trial.cluster
  const [first] = nodes
  assert.ok(first)
  await trial.setMode(first, 'leader')
  const { order } = (await first.status()).streams.find(({ name }) => name === 'orders') ?? {}
  const silent = nodes.find(({ id }) => order?.voters.includes(id) === false)
  const leader = nodes.find(({ id }) => id === order?.leader)
  assert.ok(silent && leader)
  await trial.setMode(first, 'gossip')
  const others = nodes.filter((node) => node !== silent && node !== leader)
  for (const node of others) await trial.load(node)
  await trial.untilAcknowledged(30)
  silent.signal('SIGSTOP')
  const [asked] = others
  const changed = trial.setMode(asked, 'leader')
  // Looked at below; a failure before that is no unhandled one.
  changed.catch(() => undefined)
  await until('the epoch is sealed on the others', async () => {
    const statuses = await Promise.all(others.map((node) => node.status()))
    return statuses.every(({ streams }) => streams.find(({ name }) => name === 'orders')?.phase === 'sealing')
  })
  return { trial, leader, silent, others, changed }
}

/** The change comes about, and nothing is lost, doubled or out of order. */
async function settle({ trial, changed }: Sealing, epoch: number): Promise<void> {
  assert.equal(await changed, epoch)
  await trial.cluster.untilLinked()
  await trial.untilAcknowledged(50)
  await until('all nodes are in one epoch', async () => {
    const epochs = await Promise.all(trial.cluster.nodes.map((node) => trial.epoch(node)))
    return new Set(epochs).size === 1
  })
  await trial.judge()
  assert.deepEqual(trial.failures, [])
}

test('a leader that is killed while an epoch is sealed: the next one ends the change', async () => {
  const sealing = await seal()
  await using _trial = sealing.trial
  await sealing.leader.kill()
  sealing.silent.signal('SIGCONT')
  assert.equal(await sealing.changed, 3)
  await sealing.leader.start()
  await settle(sealing, 3)
})

test('a leader that stops while an epoch is sealed, and goes on later, finds the change done', async () => {
  const sealing = await seal()
  await using _trial = sealing.trial
  sealing.leader.signal('SIGSTOP')
  sealing.silent.signal('SIGCONT')
  assert.equal(await sealing.changed, 3)
  sealing.leader.signal('SIGCONT')
  await settle(sealing, 3)
})

test('the opposite wish while an epoch is sealed takes the change back, and who wanted it gets it after that', async () => {
  const sealing = await seal()
  await using _trial = sealing.trial
  const back = sealing.trial.setMode(sealing.others[1], 'gossip')
  sealing.silent.signal('SIGCONT')
  const epochs = await Promise.all([sealing.changed, back])
  // The one asks until it is in leader mode, the other one until it is in gossip mode: each has seen that.
  assert.ok(epochs[0] !== epochs[1] && Math.min(...epochs) >= 3, String(epochs))
  await settle(sealing, epochs[0])
})

test('a sealed epoch without a majority takes nothing, and status says so as for a stream in leader mode', async () => {
  await using trial = await SwitchTrial.start({ nodes: 3 })
  const { nodes } = trial.cluster
  await trial.setMode(nodes[0], 'leader')
  const led = await trial.leader(nodes[0] as ClusterNode)
  const leader = nodes.find(({ id }) => id === led)
  const [asked, silent] = nodes.filter((node) => node !== leader)
  assert.ok(leader && asked && silent)
  await trial.setMode(asked, 'gossip')
  await trial.load(asked)
  await trial.untilAcknowledged(10)
  silent.signal('SIGSTOP')
  const changed = trial.setMode(asked, 'leader').catch(() => undefined)
  const orders = async (): Promise<StreamStatusAnswer | undefined> =>
    (await asked.status()).streams.find(({ name }) => name === 'orders')
  await until('the epoch is sealed', async () => (await orders())?.phase === 'sealing')
  await leader.kill()
  await until('publications are refused', () => trial.failures.length > 0)
  const { mode, phase, order } = (await orders()) ?? {}
  assert.deepEqual([mode, phase, order?.refuses], ['gossip', 'sealing', 'NO_LEADER'])
  assert.deepEqual(
    findLeaderless({
      answers: [{ node: asked.id, value: await asked.status() }],
      unreachable: [],
      refused: [],
    }),
    [`stream orders has no leader at ${asked.id}: it refuses publications with NO_LEADER`],
  )
  silent.signal('SIGCONT')
  await leader.start()
  await changed
  await trial.cluster.untilLinked()
  await trial.untilAcknowledged(50)
  await trial.judge()
  const codes = trial.failures.map((result) => ('code' in result ? result.code : ''))
  assert.deepEqual(
    codes.filter((code) => code !== 'NO_LEADER' && code !== 'COPIES_TIMEOUT'),
    [],
  )
})
