// What retention may have dropped by now on some node: it is old by somebody's clock, or enough came behind it.

import type { Placing } from './order.ts'
import type { LeaderWorld } from './world.ts'

/** What a replica counts a batch for beside its bytes. */
const entryOverheadBytes = 128

export function mayBeDropped(world: LeaderWorld, placing: Placing): boolean {
  const { plan, nodes, timeline, order, publications } = world
  const publishedAt = publications.find(placing.stream, placing.boot, placing.from)?.at ?? 0
  const latest = Math.max(...nodes.map(({ clockAheadMs }) => clockAheadMs))
  if (timeline.now + latest - publishedAt >= plan.retentionAgeMs) return true
  return order.streamOf(placing.stream).bytesFrom(placing, entryOverheadBytes) > plan.retentionBytes
}
