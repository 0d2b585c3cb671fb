// A publisher hears once what became of its batch, and where it was told a place, the batch is there: for good, and on a majority of
// disks.

import type { Placed } from '../../../node/leader/submissions.ts'
import { Violation } from '../../run.ts'
import type { Publication } from '../publications.ts'
import type { LeaderInvariant, LeaderWorld } from '../world.ts'

export class Acknowledgements implements LeaderInvariant {
  readonly name = 'acknowledgements'
  readonly #world: LeaderWorld

  constructor(world: LeaderWorld) {
    this.#world = world
  }

  onPlaced(publication: Publication, placed: Placed | undefined): void {
    const { stream, node, from, to, boot, outcome } = publication
    const what = `${node} ${from}-${to}`
    if (outcome !== undefined) throw new Violation(this.name, `${what} is answered twice`)
    // Of a named producer's batch that was not all new, its own invariant judges.
    if (placed === undefined || placed.parts !== undefined) return
    const placing = this.#world.order.streamOf(stream).at(placed.offset)
    if (placing === undefined)
      throw new Violation(this.name, `${what} is told offset ${placed.offset}, where nothing is committed`)
    if (placing.boot !== boot || placing.from !== from || placing.epoch !== placed.epoch)
      throw new Violation(
        this.name,
        `${what} is told offset ${placed.offset} of epoch ${placed.epoch}, where ${placing.from} is`,
      )
  }
}
