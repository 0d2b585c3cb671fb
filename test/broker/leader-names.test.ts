// Durable names of one node on a cluster of agents: how many restarts of publishers' nodes they bear, and what happens beyond that.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaderNames } from '../../node/broker/leader-names.ts'
import type { Refusal } from '../../node/core/common/errors.ts'
import { type Boot, type NodeId, type Origin, toOrigin } from '../../node/core/common/ids.ts'
import { nameGroup } from '../../node/groups/group-numbers.ts'
import { originsMax } from '../../node/leader/names/vectors.ts'
import type { Cursor } from '../../node/wire/cursor.ts'
import type { ClusterNode } from '../leader/cluster-node.ts'
import { LeaderCluster } from '../leader/leader-cluster.ts'

const stream = 'orders'
const name = 'billing'

/** Where a subscription stands behind some messages of every restart of a publisher's node. */
function behind(restarts: number, sequence = 7): Cursor {
  const boots = Array.from({ length: restarts }, (_, at) => toOrigin('P' as NodeId, (at + 1) as Boot))
  return new Map([[stream, new Map<Origin, number>(boots.map((origin) => [origin, sequence]))]])
}

interface Holder {
  readonly names: LeaderNames
  readonly holder: string
  readonly full: string[]
  taken: Cursor | Refusal | undefined
}

function take(cluster: LeaderCluster, { id, boot, agent }: ClusterNode): Holder {
  const origin = toOrigin(id, boot)
  const full: string[] = []
  const names = new LeaderNames({
    ...{ leader: agent, origin, now: () => cluster.now },
    onWanted: () => undefined,
    onFull: (each) => full.push(each),
  })
  const taking: Holder = { names, holder: `${origin}/1`, full, taken: undefined }
  names.take(name, taking.holder, [stream], (positions) => {
    taking.taken = positions
  })
  cluster.advance(2000)
  assert.ok(taking.taken)
  return taking
}

function begin(
  cluster: LeaderCluster,
  { names }: Holder,
  cursor: Cursor,
): () => Refusal | 'begun' | undefined {
  let heard: Refusal | 'begun' | undefined
  names.begin(name, cursor, (refusal) => {
    heard = refusal ?? 'begun'
  })
  cluster.advance(500)
  return () => heard
}

function begun(seed: string): { cluster: LeaderCluster; a: ClusterNode; b: ClusterNode } {
  const cluster = new LeaderCluster(seed)
  cluster.advance(2000)
  const [a, b] = cluster.all as [ClusterNode, ClusterNode]
  return { cluster, a, b }
}

test('begins behind 140 restarts of publishers, writes that once, and goes on behind all of them', () => {
  const { cluster, a, b } = begun('restarts')
  const one = take(cluster, a)
  assert.equal(begin(cluster, one, behind(140))(), 'begun')
  const { log } = a.agent.groups.get(nameGroup) ?? assert.fail('the group has begun')
  const before = log.lastIndex
  for (let round = 0; round < 8; round++) {
    one.names.save(name, behind(140), [stream])
    cluster.advance(250)
  }
  assert.equal(log.lastIndex, before, 'what is kept is not written again')
  let isFreed = false
  one.names.free(name, one.holder, behind(140, 9), () => {
    isFreed = true
  })
  cluster.advance(500)
  assert.ok(isFreed)
  assert.deepEqual(take(cluster, b).taken, behind(140, 9))
})

test('refuses to begin behind more restarts than the cluster keeps, and lets the name go with the others', () => {
  const { cluster, a, b } = begun('too many at first')
  const one = take(cluster, a)
  const refusal = begin(cluster, one, behind(originsMax + 1))()
  assert.ok(typeof refusal === 'object')
  assert.equal(refusal.refused, 'SUBSCRIPTION_LIMIT')
  assert.match(refusal.reason, /keeps 4096 restarts .* billing stands behind more/)
  one.names.free(name, one.holder, behind(originsMax + 1), () => undefined)
  cluster.advance(500)
  assert.deepEqual(take(cluster, b).taken, behind(originsMax))
})

test('ends a subscription behind which there are more restarts than the cluster keeps', () => {
  const { cluster, a } = begun('too many later')
  const one = take(cluster, a)
  assert.equal(begin(cluster, one, behind(originsMax))(), 'begun')
  one.names.save(name, behind(originsMax, 8), [stream])
  cluster.advance(500)
  assert.deepEqual(one.full, [])
  one.names.save(name, behind(originsMax + 1, 9), [stream])
  cluster.advance(500)
  assert.deepEqual(one.full, [name])
})
