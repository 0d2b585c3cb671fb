// Data groups begin when META says with whom, and not before.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeRaftFrame, raftFrameType } from '../../node/wire/raft-frames.ts'
import type { ClusterNode } from './cluster-node.ts'
import { LeaderCluster } from './leader-cluster.ts'

/** Whether a frame has messages of META. */
function isOfMeta(frame: Uint8Array): boolean {
  return frame[0] === raftFrameType && decodeRaftFrame(frame)?.some(({ group }) => group > 65_535) === true
}

/** Data groups that a node is in. */
function groupsOf(node: ClusterNode): number[] {
  return Array.from(node.agent.groups.all, ({ id }) => id).filter((id) => id < 65_536)
}

test('a voter that hears of its group before META has told it of that waits, and begins with all members', () => {
  const cluster = new LeaderCluster('before META', 'ABC')
  const one = cluster.node('B')
  // It is in META, and hears nothing more of it.
  for (let turns = 0; one.agent.cluster.roster === undefined && turns < 1000; turns++) {
    if (turns % 20 === 0) for (const node of cluster.all) node.agent.tick()
    cluster.step()
  }
  cluster.loses = (_from, to, frame) => to === one.id && isOfMeta(frame)
  cluster.advance(3000)
  const others = cluster.others(one)
  assert.deepEqual(others.map(groupsOf), [[2], [2]])
  assert.deepEqual(groupsOf(one), [])
  cluster.loses = () => false
  cluster.advance(3000)
  assert.deepEqual(groupsOf(one), [2])
  const group = one.agent.groups.get(one.agent.statusOf(one.replica()).group ?? 0)
  assert.deepEqual(group?.log.floor.configuration.voters, [1, 2, 3])
})
