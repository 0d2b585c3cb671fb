// What retention may have dropped by now on some node: it is old by somebody's clock, or enough came behind it.

import { toStreamId } from '../../node/core/common/ids.ts'
import type { Retention, StreamDefinition } from '../../node/core/stream/definition.ts'
import type { Placing } from './order.ts'
import type { LeaderPlan } from './plan.ts'
import type { LeaderWorld } from './world.ts'

/** What a replica counts a batch for beside its bytes. */
const entryOverheadBytes = 128

/** What the nth stream of a run retains: a quiet one everything. */
export function retentionOf(plan: LeaderPlan, nth: number): Retention {
  if (plan.hasQuietStream && nth === 0) return { bytes: 16_777_216, ageMs: 3_600_000 }
  return { bytes: plan.retentionBytes, ageMs: plan.retentionAgeMs }
}

export function mayBeDropped(world: LeaderWorld, placing: Placing): boolean {
  const { nodes, timeline, order, publications, definitions } = world
  const { retention } = definitions.find(
    ({ name }) => toStreamId(name) === placing.stream,
  ) as StreamDefinition
  const publishedAt = publications.find(placing.stream, placing.boot, placing.from)?.at ?? 0
  const latest = Math.max(...nodes.map(({ clock }) => clock.aheadMs))
  if (timeline.now + latest - publishedAt >= retention.ageMs) return true
  return order.streamOf(placing.stream).bytesFrom(placing, entryOverheadBytes) > retention.bytes
}
