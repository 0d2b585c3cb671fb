// Streams that ask for another number of replicas while everything goes on. Nodes hear of it one after the other, as of a change of the catalog.

import { Dice } from '../dice.ts'
import { FaultSchedule } from '../fault-schedule.ts'
import type { LeaderWorld } from './world.ts'

/** A node hears of a change within so long, milliseconds. */
const spreadsWithinMs = 1_000

export class Redefinitions {
  readonly #world: LeaderWorld
  readonly #dice: Dice
  readonly #schedule: FaultSchedule

  constructor(world: LeaderWorld) {
    this.#world = world
    this.#dice = new Dice(world.plan.seed, 'leader redefinitions')
    this.#schedule = new FaultSchedule(world, this.#dice)
  }

  start(): void {
    this.#schedule.every(this.#world.plan.redefinitionsPerSecond, () => this.#redefine())
  }

  stop(): void {
    this.#schedule.stop()
  }

  #redefine(): void {
    const { definitions, nodes, tally, tell, timeline } = this.#world
    const at = this.#dice.whole(0, definitions.length - 1)
    const present = definitions[at]
    if (present === undefined) return
    const { name, replicas: before } = present
    const replicas = before === 3 ? 5 : 3
    definitions[at] = { ...present, replicas }
    tell(`stream ${name} asks for ${replicas} replicas`)
    tally.count('changes of replicas')
    for (const node of nodes) timeline.after(this.#dice.between(0, spreadsWithinMs), () => node.hearOf(name))
  }
}
