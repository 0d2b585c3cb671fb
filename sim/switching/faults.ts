// What goes wrong in the switching world: links, crashes and pauses, and readers that take nothing.

import { ClusterFaults } from '../cluster-faults.ts'
import { Dice } from '../dice.ts'
import { FaultSchedule } from '../fault-schedule.ts'
import type { FaultRates } from '../plan.ts'
import type { SwitchingNode } from './switching-node.ts'
import type { SwitchingWorld } from './world.ts'

export class SwitchingFaults {
  readonly #world: SwitchingWorld
  readonly #dice: Dice
  readonly #schedule: FaultSchedule
  readonly #cluster: ClusterFaults<SwitchingNode>

  constructor(world: SwitchingWorld) {
    this.#world = world
    this.#dice = new Dice(world.plan.seed, 'switching faults')
    this.#schedule = new FaultSchedule(world, this.#dice)
    this.#cluster = new ClusterFaults(world, this.#dice, this.#schedule)
  }

  start(): void {
    const { faults } = this.#world.plan
    const kinds: Readonly<Record<keyof FaultRates, () => void>> = {
      cut: () => this.#cluster.cut(true),
      cutOneWay: () => this.#cluster.cut(false),
      partition: () => this.#cluster.partition(this.#dice.some(this.#world.nodes, 0.4), false, 6_000),
      crash: () => this.#crash(),
      pause: () => this.#cluster.pause(),
      congestion: () => this.#cluster.congest(),
      stall: () => this.#stall(),
    }
    for (const kind of Object.keys(kinds) as (keyof FaultRates)[])
      this.#schedule.every(faults[kind], kinds[kind])
    this.#schedule.every(this.#world.plan.wipesPerSecond, () => this.#wipe())
  }

  /** Ends all faults; nodes that are down start again. */
  stop(): void {
    this.#schedule.stop()
    for (const node of this.#world.nodes) this.#start(node)
  }

  #crash(): void {
    const { nodes, tell, tally } = this.#world
    const node = this.#dice.pick(nodes.filter(({ isAlive }) => isAlive))
    if (node === undefined) return
    tell(`${node.id} crashes`)
    tally.count('fault crash')
    node.crash()
    this.#startLater(node)
  }

  /** A node loses its disk while every group has its voters, and everybody knows that: a majority of each has what was durable then. */
  #wipe(): void {
    const { nodes, tell, tally } = this.#world
    const node = this.#dice.pick(nodes)
    const [groups, ...others] = nodes.map(({ view }) => view?.groups)
    if (node === undefined || groups === undefined || others.some((each) => each !== groups)) return
    tell(`${node.id} loses its disk`)
    tally.count('fault wipe')
    node.crash()
    node.loseDisk()
    this.#startLater(node)
  }

  #startLater(node: SwitchingNode): void {
    this.#world.timeline.after(this.#dice.between(10, 5_000), () => this.#start(node))
  }

  #start(node: SwitchingNode): void {
    if (node.isAlive) return
    this.#world.tell(`${node.id} starts`)
    node.start()
  }

  #stall(): void {
    const reader = this.#dice.pick(this.#world.audience)
    if (reader === undefined || reader.isStalled) return
    reader.isStalled = true
    this.#schedule.forAWhile(`stall ${reader.number}`, 50, 5_000, () => {
      reader.isStalled = false
      reader.node?.do(() => reader.pump())
    })
  }
}
