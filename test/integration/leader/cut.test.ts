// Partitions of a cluster in leader mode: the side with a majority goes on, the other refuses and says so, and healed they have one order.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import type { Load } from './load.ts'
import { Trial } from './trial.ts'

let trial: Trial

before(async () => {
  trial = await Trial.start({ proxied: true, environment: { HERALD_COPIES_TIMEOUT: '1s' } })
})

after(async () => {
  await trial[Symbol.asyncDispose]()
})

/** Breaks the network around a leader under load, heals it after the checks, and waits until everybody goes on. */
async function survive(
  breaks: (leader: string, others: string) => void,
  checks: (load: Load, leader: ClusterNode, others: readonly string[]) => Promise<void>,
): Promise<void> {
  const leader = await trial.untilLed()
  const others = trial.ids.filter((id) => id !== leader.id)
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 30)
  breaks(leader.id, others.join(''))
  await checks(load, leader, others)
  trial.cluster.heal(leader.id, others.join(''))
  trial.cluster.heal(others[0] ?? '', others[1] ?? '')
  await trial.cluster.untilLinked()
  await trial.untilLed()
  await load.untilAcknowledged(trial.ids, 30)
  await load.stop()
}

/** The two go on without the one, which refuses and says so. */
async function goOnWithout(load: Load, one: ClusterNode, two: readonly string[]): Promise<void> {
  await trial.untilLed(...two)
  await load.untilAcknowledged(two, 50)
  await until(`${one.id} says that it has no leader`, async () => {
    const order = await trial.order(one)
    return order !== undefined && order.leader === undefined
  })
  const isRefused = (): boolean => {
    const result = load.receipts(one.id).at(-1)?.result
    return result?.status === 'refused' && result.code === 'NO_LEADER'
  }
  await until(`${one.id} refuses`, isRefused, 30_000)
  const before = load.acknowledged(one.id)
  await load.untilAcknowledged(two, 50)
  assert.equal(load.acknowledged(one.id), before, `${one.id} has acknowledged something`)
}

test('a leader that is cut off refuses, and the others go on', async () => {
  await survive((leader, others) => trial.cluster.cut(leader, others), goOnWithout)
})

test('a leader whose words vanish is left by the others', async () => {
  await survive((leader, others) => trial.cluster.mute(leader, others), goOnWithout)
})

test('a leader that hears nothing gives up', async () => {
  await survive((leader, others) => trial.cluster.mute(others, leader), goOnWithout)
})

test('a follower that is cut off from the leader alone disturbs nobody', async () => {
  await survive(
    (leader, [follower = '']) => trial.cluster.cut(leader, follower),
    async (load, leader, [follower = '', third = '']) => {
      await load.untilAcknowledged([third], 50)
      const stays = await trial.untilLed(leader.id, third)
      await until(`${follower} has lost ${leader.id}`, async () => {
        return (await trial.order(trial.cluster.node(follower)))?.leader !== leader.id
      })
      await load.untilAcknowledged([third], 100)
      assert.equal((await trial.untilLed(leader.id, third)).id, stays.id)
    },
  )
})

for (const direction of ['from', 'to'] as const) {
  test(`what is lost on the way ${direction} one follower holds up nobody else`, async () => {
    await survive(
      (leader, [follower = '']) =>
        direction === 'from' ? trial.cluster.mute(follower, leader) : trial.cluster.mute(leader, follower),
      async (load, leader, [follower = '', third = '']) => {
        const isUnknown = (): boolean => load.receipts(follower).some(({ append }) => append.outcome !== 'ok')
        await until(`${follower} does not hear of its messages`, isUnknown)
        await load.untilAcknowledged([leader.id, third], 100)
        assert.equal((await trial.untilLed(leader.id, third)).id, leader.id)
      },
    )
  })
}

test('followers that do not see each other go on with their leader', async () => {
  await survive(
    (_leader, [one = '', other = '']) => trial.cluster.cut(one, other),
    async (load, leader) => {
      await load.untilAcknowledged(trial.ids, 100)
      assert.equal((await trial.untilLed()).id, leader.id)
    },
  )
})

test('what all this left behind is whole, in one order', async () => {
  await trial.judge()
})
