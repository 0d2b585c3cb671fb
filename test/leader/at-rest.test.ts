// Nodes without streams in leader mode, for which all ticks of a second pass at once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leaderLimits } from '../../node/leader/limits.ts'
import type { ClusterNode } from './cluster-node.ts'
import { LeaderCluster } from './leader-cluster.ts'
import { leave, metaOf, votersOf } from './member-views.ts'

const secondTicks = 1000 / leaderLimits.tickMs

function advanceAtRest(cluster: LeaderCluster, seconds: number): void {
  for (let second = 0; second < seconds; second++) {
    cluster.now += 1000
    for (const { agent } of cluster.up) {
      agent.tick(secondTicks)
      agent.onSecond()
    }
    cluster.settle()
  }
}

function begunAtRest(seed: string, ids: string): LeaderCluster {
  const cluster = new LeaderCluster(seed, ids, [])
  cluster.advance(5000)
  assert.ok(cluster.up.every(({ agent }) => agent.isAtRest))
  return cluster
}

function leaderOfMeta(cluster: LeaderCluster): ClusterNode {
  const [leader, ...others] = cluster.up.filter((node) => metaOf(node).isLeading)
  assert.deepEqual(others, [])
  return leader ?? assert.fail('nobody leads META')
}

test('META keeps its leader where the ticks of a second pass at once, and has another ten seconds after it has fallen silent', () => {
  const cluster = begunAtRest('a second at once', 'ABCDE')
  const leader = leaderOfMeta(cluster)
  const { term } = metaOf(leader).status
  advanceAtRest(cluster, 60)
  assert.deepEqual(
    cluster.up.map((node) => metaOf(node).status.term),
    cluster.up.map(() => term),
  )
  assert.ok(cluster.up.every(({ agent }) => agent.isAtRest))
  cluster.loses = (from) => from === leader.id
  advanceAtRest(cluster, 10)
  assert.notEqual(leaderOfMeta(cluster), leader)
  assert.ok(cluster.up.every(({ agent }) => agent.isAtRest))
})

test('a node that is to vote is not at rest until it does, also where it was before', () => {
  const cluster = begunAtRest('a voter goes', 'ABCDEFG')
  const leader = leaderOfMeta(cluster)
  const voters = votersOf(leader, metaOf(leader))
  const learners = cluster.all.filter(({ id }) => !voters.includes(id))
  const [goes = ''] = voters.replace(leader.id, '')
  // Nothing arrives any more from when a learner has heard that the voter goes.
  cluster.loses = () => learners.some(({ agent }) => agent.cluster.roster?.staying.length === 6)
  assert.equal(leave(cluster, leader.id, goes), undefined)
  const agents = learners.map(({ agent }) => agent)
  assert.deepEqual(agents.map(({ standing }) => standing).toSorted(), ['learning', 'settled'])
  for (const { groups, cluster, standing, isAtRest } of agents)
    assert.deepEqual([groups.size, cluster.isLed, isAtRest], [1, true, standing === 'settled'])
  cluster.loses = () => false
  cluster.advance(10_000)
  assert.ok(cluster.others(cluster.node(goes)).every(({ agent }) => agent.isAtRest))
})
