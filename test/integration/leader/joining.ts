// Nodes that come and go: when it is done.

import assert from 'node:assert/strict'
import type { Cluster } from '../cluster.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'

/** Resolves when every node votes wherever it is to. */
export async function untilSettled(cluster: Cluster): Promise<void> {
  await until('everybody votes wherever it is to', async () => {
    const states = await Promise.all(cluster.nodes.map((node) => node.status()))
    return states.every(({ member }) => member.state === 'settled')
  })
}

/** Asks another node to let one go, and waits for its end. */
export async function removeNode(cluster: Cluster, node: ClusterNode, isRunning = true): Promise<void> {
  const other = cluster.nodes.find((each) => each !== node)
  assert(other !== undefined)
  await other.admin.removeMember(node.id)
  cluster.forget(node)
  if (!isRunning) return
  const { code } = await node.exit
  assert.equal(code, 2)
  assert.ok(node.log.some((line) => line.startsWith(`NODE_REMOVED: node ${node.id}`)))
}
