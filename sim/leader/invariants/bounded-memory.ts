// When nothing waits any more, a node holds in memory what retention keeps, and little beside it.

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
    const { plan, nodes, tally } = this.#world
    const { retentionBytes, streams } = plan
    const bytesMax = (retentionBytes + spareSlabs * wipedSlabs.slabBytes) * streams
    for (const { id, isAlive, slabs } of nodes) {
      if (!isAlive) continue
      tally.count('nodes with bounded memory')
      if (slabs.bytesOut > bytesMax)
        throw new Violation(this.name, `${id} holds ${slabs.bytesOut} bytes in slabs, ${bytesMax} are enough`)
    }
  }
}
