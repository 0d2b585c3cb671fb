// Syncs that fail, take long or lie. What was acknowledged is on a majority of honest disks, so it stays; and a node whose sync has failed
// knows nothing of its disk any more and stops.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import { skipWithout } from './fault-needs.ts'
import { LogRot } from './log-rot.ts'
import { SyncFault } from './sync-fault.ts'
import { Trial } from './trial.ts'

/** Runs the body on a cluster whose syncs can fail. */
async function withFaults(
  context: TestContext,
  body: (trial: Trial, fault: SyncFault, leader: ClusterNode, follower: ClusterNode) => Promise<void>,
): Promise<void> {
  await using fault = await SyncFault.compile()
  if (fault === undefined) return skipWithout(context, 'this is not Linux, or there is no C compiler')
  await using trial = await Trial.start({ environment: fault.environment })
  const leader = await trial.untilLed()
  const follower = trial.cluster.nodes.find((node) => node !== leader)
  assert(follower !== undefined)
  await body(trial, fault, leader, follower)
}

for (const role of ['leader', 'follower'] as const) {
  test(`a ${role} whose sync fails stops and acknowledges nothing later`, async (context) => {
    await withFaults(context, async (trial, fault, leader, follower) => {
      const victim = role === 'leader' ? leader : follower
      const { origin } = await victim.status()
      const others = trial.ids.filter((id) => id !== victim.id)
      await using load = await trial.load()
      await load.untilAcknowledged(trial.ids, 50)
      await fault.set(victim, 'fail')
      const failedAt = await fault.failedAt(victim)
      assert.deepEqual(await victim.exit, { code: 2, signal: null })
      assert.match(victim.log.join('\n'), /^DISK_FAILED: .*\/log\/\d{16}\.log: EIO/m)
      await trial.untilLed(...others)
      await load.untilAcknowledged(others, 50)
      const later = load.receipts(victim.id).filter(({ append, result }) => {
        return append.calledAt > failedAt && result.status === 'acknowledged' && result.origin === origin
      })
      assert.deepEqual(later, [])
      await fault.set(victim, '')
      await victim.start()
      await trial.untilCaughtUp(victim)
      await load.untilAcknowledged(trial.ids, 30)
      await load.stop()
      await trial.judge()
    })
  })
}

test('a follower whose syncs take long holds nobody up', async (context) => {
  await withFaults(context, async (trial, fault, leader, follower) => {
    const others = trial.ids.filter((id) => id !== follower.id)
    await using load = await trial.load()
    await load.untilAcknowledged(trial.ids, 30)
    await fault.set(follower, 'delay 1000')
    await load.untilAcknowledged(others, 100)
    assert.equal((await trial.untilLed(...others)).id, leader.id)
    await fault.set(follower, '')
    await load.untilAcknowledged(trial.ids, 30)
    await load.stop()
    await trial.judge()
  })
})

test('a leader whose syncs take long goes on', async (context) => {
  await withFaults(context, async (trial, fault, leader) => {
    await using load = await trial.load()
    await load.untilAcknowledged(trial.ids, 30)
    await fault.set(leader, 'delay 300')
    await load.untilAcknowledged(trial.ids, 30)
    await fault.set(leader, '')
    await load.untilAcknowledged(trial.ids, 30)
    await load.stop()
    await trial.judge()
  })
})

test('what a follower lost with a disk that lied and a power failure, the others still have', async (context) => {
  await withFaults(context, async (trial, fault, leader, follower) => {
    const others = trial.ids.filter((id) => id !== follower.id)
    const rot = new LogRot(follower)
    await using load = await trial.load()
    await load.untilAcknowledged(trial.ids, 30)
    const [file = ''] = await rot.files()
    const honest = (await rot.writes(file)).at(-1)
    await fault.set(follower, 'lie')
    await load.untilAcknowledged(trial.ids, 30)
    await follower.kill()
    await rot.cut(file, honest?.end ?? 0)
    await fault.set(follower, '')
    follower.spawn()
    const findsLoss = (): boolean => follower.log.some((line) => line.startsWith('DATA_DAMAGED: '))
    // Where what it has lost was noted, it sees that by itself.
    const beginsAnew = (): boolean => follower.log.some((line) => line.includes('"event":"log-set-aside"'))
    await until('the follower finds or hears what it has lost, or hears of another leader', async () => {
      return findsLoss() || beginsAnew() || (await trial.order(leader))?.leader !== leader.id
    })
    if (findsLoss()) {
      assert.deepEqual(await follower.exit, { code: 2, signal: null })
      assert.match(
        follower.log.join('\n'),
        /^DATA_DAMAGED: .* ends at entry \d+, and \d+ was acknowledged as durable$/m,
      )
    }
    await follower.kill()
    // The leader counts on what the follower had said; the next one asks anew.
    await leader.stop()
    await leader.start()
    await trial.untilLed(...others)
    await follower.start()
    await trial.untilCaughtUp(follower)
    await load.untilAcknowledged(trial.ids, 30)
    await load.stop()
    await trial.judge()
  })
})
