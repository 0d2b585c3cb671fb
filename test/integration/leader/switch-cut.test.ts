// Links that are cut while a stream changes its mode under load: those of a follower, of the leader of its group, of all nodes. Each test shows
// that the cut is in the midst of the change: whoever is cut off stays in the phase that it was in until the network is whole.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import {
  cutAll,
  healAll,
  phaseOf,
  type Roles,
  seal,
  startLed,
  startUnled,
  streamOf,
  untilAll,
} from './sealed-epoch.ts'

const led = 'leader mode, epoch 1, open'
const unled = 'gossip mode, epoch 2, open'
const sealed = 'gossip mode, epoch 2, sealing'
const ledAgain = 'leader mode, epoch 3, open'

for (const role of ['follower', 'leader'] as const) {
  test(`a ${role} that is cut off while an epoch is sealed refuses, the others end the change, and healed it goes on with them`, async () => {
    const roles = await startUnled()
    await using _trial = roles.trial
    const away = roles[role]
    const { changed } = await seal(roles, { isUnheard: role === 'follower' })
    cutOff(roles, away)
    await untilAll(roles, ledAgain, allBut(roles, away))
    assert.equal(await changed, 3)
    await assertRefusing(roles, [away], sealed)
    await roles.trial.untilAcknowledged(50)
    assert.equal(await phaseOf(away), sealed)
    await goOnTogether(roles, [away], ledAgain)
  })
}

test('a seal in which no node reaches another one waits and refuses, and ends once they do', async () => {
  const roles = await startUnled()
  await using _trial = roles.trial
  await seal(roles, { isUnheard: true })
  cutAll(roles)
  await assertRefusing(roles, roles.trial.cluster.nodes, sealed)
  await goOnTogether(roles, roles.trial.cluster.nodes, ledAgain)
})

test('a follower that is cut off when leader mode ends refuses, and goes on in gossip mode when it is healed', async () => {
  const roles = await startLed()
  const { trial, follower, other } = roles
  await using _trial = trial
  cutOff(roles, follower)
  assert.equal(await trial.setMode(other, 'gossip'), 2)
  await assertRefusing(roles, [follower], led)
  await trial.untilAcknowledged(50)
  await goOnTogether(roles, [follower], unled)
})

test('a leader that no answer reaches while it ends leader mode refuses, and the next one ends it', async () => {
  const roles = await startLed()
  const { trial, leader } = roles
  await using _trial = trial
  // The others get the entry, and nobody hears that they have it. Who asked for it says so to the leader alone, which gives up 0.5 to 1 s later.
  trial.cluster.mute(idsBut(roles, leader), leader.id)
  trial.setMode(leader, 'gossip').catch(() => undefined)
  await untilAll(roles, unled, allBut(roles, leader))
  cutOff(roles, leader)
  await assertRefusing(roles, [leader], led)
  await trial.untilAcknowledged(50)
  await goOnTogether(roles, [leader], unled)
})

test('a leader that is cut off before anybody hears that leader mode ends holds up nobody, and the change comes about when it is healed', async () => {
  const roles = await startLed()
  const { trial, leader } = roles
  await using _trial = trial
  cutOff(roles, leader)
  const changed = trial.setMode(leader, 'gossip')
  changed.catch(() => undefined)
  await assertRefusing(roles, [leader], led)
  await trial.untilAcknowledged(50)
  await untilAll(roles, led, allBut(roles, leader))
  await goOnTogether(roles, [leader], unled)
  assert.equal(await changed, 2)
})

/** These nodes say that they refuse, do so, acknowledge nothing meanwhile, and stay in their phase. */
async function assertRefusing(roles: Roles, nodes: readonly ClusterNode[], phase: string): Promise<void> {
  for (const node of nodes)
    await until(
      `${node.id} says that it refuses`,
      async () => (await streamOf(node)).order?.refuses === 'NO_LEADER',
    )
  for (const node of nodes) {
    const before = count(roles, node, 'acknowledged')
    const goal = count(roles, node, 'refused') + 10
    await until(`${node.id} refuses`, () => count(roles, node, 'refused') >= goal)
    assert.equal(count(roles, node, 'acknowledged'), before, `${node.id} has acknowledged something`)
    assert.equal(await phaseOf(node), phase)
  }
}

/** Heals everything. All nodes come to the phase and acknowledge; only these have refused anything, and nothing is lost, doubled or out of order. */
async function goOnTogether(roles: Roles, refusing: readonly ClusterNode[], phase: string): Promise<void> {
  const { trial } = roles
  healAll(roles)
  await trial.cluster.untilLinked()
  await untilAll(roles, phase)
  for (const node of trial.cluster.nodes) {
    const goal = count(roles, node, 'acknowledged') + 20
    await until(`${node.id} acknowledges`, () => count(roles, node, 'acknowledged') >= goal)
  }
  await trial.judge()
  const failed = trial.results.flatMap(({ node, result }) => {
    if (result.status === 'acknowledged') return []
    const code = result.status === 'sent' ? '' : result.code
    const isExpected = code === 'NO_LEADER' && refusing.some(({ id }) => id === node)
    return isExpected ? [] : [`${node}: ${result.status} ${code}`]
  })
  assert.deepEqual([...new Set(failed)], [])
}

function count({ trial }: Roles, { id }: ClusterNode, status: 'acknowledged' | 'refused'): number {
  return trial.results.filter(({ node, result }) => node === id && result.status === status).length
}

function cutOff(roles: Roles, away: ClusterNode): void {
  roles.trial.cluster.cut(away.id, idsBut(roles, away))
}

function idsBut(roles: Roles, node: ClusterNode): string {
  return allBut(roles, node)
    .map(({ id }) => id)
    .join('')
}

function allBut({ trial }: Roles, node: ClusterNode): readonly ClusterNode[] {
  return trial.cluster.nodes.filter((each) => each !== node)
}
