// A disk without space: its node stops and says why, the others go on, and with space it comes back and catches up.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterNode } from '../cluster-node.ts'
import { skipWithout } from './fault-needs.ts'
import { SmallDisk } from './small-disk.ts'
import { Trial } from './trial.ts'

/** That a node ended because its disk refused the log, and said so last. */
async function assertDiskFailed(node: ClusterNode, reason: RegExp): Promise<void> {
  assert.deepEqual(await node.exit, { code: 2, signal: null })
  const failed = node.log.find((line) => line.includes('"event":"failed"')) ?? ''
  assert.match(failed, /"level":"fatal".*"code":"DISK_FAILED"/)
  assert.match(failed, reason)
  const told = node.log.find((line) => line.startsWith('DISK_FAILED: ')) ?? node.log.join('\n')
  assert.match(told, reason)
}

for (const role of ['follower', 'leader'] as const) {
  test(`a ${role} whose disk is full stops, the others go on, and with space it catches up`, async (context) => {
    await using trial = await Trial.start()
    const { nodes } = trial.cluster
    await Promise.all(nodes.map((node) => node.stop()))
    await using disks = new AsyncDisposableStack()
    const byNode = new Map<ClusterNode, SmallDisk>()
    for (const node of nodes) {
      const disk = await SmallDisk.under(node)
      if (disk === undefined) return skipWithout(context, 'a small tmpfs cannot be mounted here')
      byNode.set(node, disks.use(disk))
    }
    await trial.cluster.startAll()
    await using load = await trial.load()
    await load.untilAcknowledged(trial.ids, 30)
    const leader = await trial.untilLed()
    const victim = role === 'leader' ? leader : nodes.find((node) => node !== leader)
    assert(victim !== undefined)
    const others = trial.ids.filter((id) => id !== victim.id)
    await byNode.get(victim)?.fill()
    await assertDiskFailed(victim, /\/log\/\d{16}\.log: ENOSPC/)
    await trial.untilLed(...others)
    await load.untilAcknowledged(others, 50)
    await byNode.get(victim)?.empty()
    await victim.start()
    await trial.untilCaughtUp(victim)
    await load.untilAcknowledged(trial.ids, 30)
    await load.stop()
    await trial.judge()
  })
}
