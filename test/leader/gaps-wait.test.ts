// A node tells what it has dropped before it had a place as a gap; what another node still holds of it comes first.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { leaderLimits } from '../../node/leader/limits.ts'
import { encodeGap } from '../../node/wire/gap-batch.ts'
import { batchOf, ordersId } from './leader-batches.ts'
import { LeaderCluster } from './leader-cluster.ts'

const boot = 901 as Boot
const node = 'X' as NodeId

/** Node A brings what X has published behind the end of an epoch: a gap of two messages, and one that it has. */
function begun(seed: string): LeaderCluster {
  const cluster = new LeaderCluster(seed)
  cluster.elect()
  const gap = encodeGap({ stream: ordersId, boot, from: 1, to: 2 })
  const frames = [...gap, batchOf({ boot, from: 3, texts: ['three'] })]
  cluster.node('A').agent.desk.saveLeftOver('orders', [{ node, boot, from: 1, frames }])
  return cluster
}

test('a gap waits, and what another node holds of it is delivered', () => {
  const cluster = begun('held')
  cluster.advance(1000)
  const frames = [batchOf({ boot, from: 1, texts: ['one'] })]
  cluster.node('B').agent.desk.saveLeftOver('orders', [{ node, boot, from: 1, frames }])
  cluster.advance(leaderLimits.gapWaitsMs)
  for (const each of cluster.all) assert.deepEqual(each.delivered(), ['one', 'three'])
})

test('a gap of which nobody holds anything is told when it has waited', () => {
  const cluster = begun('gone')
  cluster.advance(leaderLimits.gapWaitsMs - 200)
  for (const each of cluster.all) assert.deepEqual(each.delivered(), [])
  cluster.advance(500)
  for (const each of cluster.all) assert.deepEqual(each.delivered(), ['three'])
})

test('what has no gap does not wait', () => {
  const cluster = new LeaderCluster('whole')
  cluster.elect()
  const frames = [batchOf({ boot, from: 1, texts: ['one'] })]
  cluster.node('A').agent.desk.saveLeftOver('orders', [{ node, boot, from: 1, frames }])
  cluster.advance(200)
  for (const each of cluster.all) assert.deepEqual(each.delivered(), ['one'])
})
