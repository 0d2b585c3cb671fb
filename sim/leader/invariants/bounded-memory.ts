// When nothing waits any more, a node holds in memory what retention keeps, and little beside it.

import { leaderLimits } from '../../../node/leader/limits.ts'
import { Violation } from '../../run.ts'
import { wipedSlabs } from '../leader-node.ts'
import type { LeaderInvariant, LeaderWorld } from '../world.ts'

/** Slabs of one group that may be nearly empty: its log's and its publishers', the one that is left and the next. */
const spareSlabs = 6

export class BoundedMemory implements LeaderInvariant {
  readonly name = 'bounded memory'
  readonly #world: LeaderWorld

  constructor(world: LeaderWorld) {
    this.#world = world
  }

  onSettled(): void {
    const { plan, nodes, definitions, tally } = this.#world
    const retained = definitions.reduce((sum, { retention }) => sum + retention.bytes, 0)
    const { droppedBytesMax } = { ...leaderLimits, ...plan.limits }
    const dropped = plan.hasQuietStream ? retained / 2 + droppedBytesMax : 0
    const bytesMax = retained + dropped + spareSlabs * wipedSlabs.slabBytes * definitions.length
    for (const { id, isAlive, slabs } of nodes) {
      if (!isAlive) continue
      tally.count('nodes with bounded memory')
      if (slabs.bytesOut > bytesMax)
        throw new Violation(this.name, `${id} holds ${slabs.bytesOut} bytes in slabs, ${bytesMax} are enough`)
    }
  }
}
