// A node whose disk is slower than what its publishers bring.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterNode } from './cluster-node.ts'
import { LeaderCluster } from './leader-cluster.ts'

test('while more waits for the disk of a node than should, it refuses publications, and takes them when that is written', () => {
  const cluster = new LeaderCluster('full log', 'ABC', undefined, { waitingBytesMax: 10_000 })
  const leader = cluster.elect()
  cluster.settle()
  const problem = (): unknown => leader.agent.publishProblem(leader.replica())
  leader.isDiskHeld = true
  let taken = 0
  // What is published goes on: the others have it on disk, and this node writes it when it can.
  while (problem() === undefined && taken < 100) {
    leader.publish(`${taken++}${'x'.repeat(1000)}`)
    cluster.settle()
  }
  assert.ok(taken >= 10 && taken <= 12, `${taken} batches of 1 KB were taken`)
  assert.deepEqual(problem(), {
    refused: 'PUBLISH_RATE_LIMITED',
    reason: '10000 bytes or more wait for the disk of this node',
  })
  const [other] = cluster.others(leader) as [ClusterNode]
  assert.equal(other.agent.publishProblem(other.replica()), undefined)
  leader.isDiskHeld = false
  cluster.settle()
  assert.equal(problem(), undefined)
  assert.equal([...leader.outcomes.values()].filter((outcome) => outcome === 'waiting').length, 0)
})
