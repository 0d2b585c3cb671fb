// What is left over of another node's boot is submitted by whoever has a copy of it, who says whose it is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { controlFrameType } from '../../node/leader/control.ts'
import { leaderLimits } from '../../node/leader/limits.ts'
import { batchOf, ordersId } from './leader-batches.ts'
import { LeaderCluster } from './leader-cluster.ts'

const boot = 901 as Boot
const node = 'X' as NodeId

test('a leader that has not heard whose boot it is takes nothing of it, and everything as soon as it has', () => {
  const cluster = new LeaderCluster('whose boot')
  const leader = cluster.elect()
  cluster.advance(200)
  const [one] = cluster.others(leader)
  // As a leader that has not begun when the frame comes.
  let isDeaf = true
  cluster.loses = (from, _to, frame) => isDeaf && from === one?.id && frame[0] === controlFrameType
  const frames = [batchOf({ boot, from: 1, texts: ['one'] })]
  one?.agent.desk.saveLeftOver('orders', [{ node, boot, from: 1, frames }])
  cluster.advance(leaderLimits.sendsAgainMs * 2)
  assert.deepEqual(leader.delivered(), [])
  isDeaf = false
  cluster.advance(leaderLimits.sendsAgainMs * 2)
  for (const each of cluster.all) {
    assert.deepEqual(each.delivered(), ['one'])
    assert.equal(each.agent.ledgerOf(ordersId)?.nodes.get(boot), node)
  }
})
