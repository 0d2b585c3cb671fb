// What nodes know of who is in the cluster and who votes where.

import assert from 'node:assert/strict'
import type { NodeId } from '../../node/core/common/ids.ts'
import type { Group } from '../../node/groups/group.ts'
import type { ClusterNode } from './cluster-node.ts'
import { LeaderCluster } from './leader-cluster.ts'

/** META as a node has it. */
export function metaOf(node: ClusterNode): Group {
  return node.agent.cluster.group ?? assert.fail(`${node.id} is in no cluster`)
}

/** Nodes of the roster, as a node has it. */
export function rosterOf(node: ClusterNode): string {
  return node.agent.cluster.roster?.nodes.join('') ?? ''
}

/** Names of those that vote in META, and in the one data group of the cluster, as a node has it. */
export function votersOf(node: ClusterNode, group: Group): string {
  const { voters } = group.status.configuration
  return Array.from(voters, (id) => node.agent.cluster.nodeOf(id) ?? '?')
    .sort()
    .join('')
}

/** The data group of `orders`. */
export function ordersOf(node: ClusterNode): Group {
  const { group = 0 } = node.agent.statusOf(node.replica())
  return node.agent.groups.get(group) ?? assert.fail(`${node.id} is not in the group`)
}

/** A cluster whose nodes are members, with something published. */
export function begun(seed: string, ids: string): LeaderCluster {
  const cluster = new LeaderCluster(seed, ids)
  cluster.elect()
  cluster.node('A').publish('before')
  cluster.advance(500)
  assert.deepEqual(cluster.node('A').outcomes.get('before'), { epoch: 1, offset: 1 })
  return cluster
}

/** Asks a node to let one go; what it answers within 200 ms: a reason why not, or nothing. */
export function leave(cluster: LeaderCluster, at: string, node: string): string | undefined {
  let answer: string | undefined = 'nobody has answered'
  cluster.node(at).agent.cluster.leave(node as NodeId, (problem) => {
    answer = problem?.reason
  })
  cluster.advance(200)
  return answer
}
