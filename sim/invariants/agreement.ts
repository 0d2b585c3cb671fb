// When everything is healed, all living nodes know the same streams with the same definitions, and their catalogs have the
// same hash.

import { Violation } from '../run.ts'
import type { Invariant, World } from '../world.ts'

export class Agreement implements Invariant {
  readonly name = 'agreement'
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  onQuiet(): void {
    const views = this.#world.nodes.flatMap(({ id, broker }) => {
      if (broker === undefined) return []
      const streams = broker.streams.replicas.map((replica) => replica.definition)
      return [{ id, text: JSON.stringify([broker.agent.catalog.hash, streams]) }]
    })
    const first = views[0]
    const other = views.find((view) => view.text !== first?.text)
    if (other !== undefined) {
      throw new Violation(this.name, `${first?.id} knows ${first?.text}, ${other.id} knows ${other.text}`)
    }
  }
}
