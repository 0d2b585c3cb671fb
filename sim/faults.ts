// What goes wrong: every kind of fault has a rate of its own and a limited length, and everything is undone when the run
// becomes quiet.

import { ClusterFaults } from './cluster-faults.ts'
import { Dice } from './dice.ts'
import { FaultSchedule } from './fault-schedule.ts'
import type { FaultRates } from './plan.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { Workload } from './workload.ts'
import type { World } from './world.ts'

export class Faults {
  readonly #world: World
  readonly #workload: Workload
  readonly #dice: Dice
  readonly #schedule: FaultSchedule
  readonly #cluster: ClusterFaults<SimulatedNode>

  constructor(world: World, workload: Workload) {
    this.#world = world
    this.#workload = workload
    this.#dice = new Dice(world.plan.seed, 'faults')
    this.#schedule = new FaultSchedule(world, this.#dice)
    this.#cluster = new ClusterFaults(world, this.#dice, this.#schedule)
  }

  start(): void {
    this.#schedule.everyKind<keyof FaultRates>(this.#world.plan.faults, {
      cut: () => this.#cluster.cut(true),
      cutOneWay: () => this.#cluster.cut(false),
      partition: () => this.#partition(),
      crash: () => this.#crash(),
      pause: () => this.#cluster.pause(),
      congestion: () => this.#cluster.congest(),
      stall: () => this.#cluster.stall(this.#world.audience),
    })
  }

  /** Ends all faults; nodes that are down start again unless the plan leaves them dead. */
  stop(): void {
    this.#schedule.stop()
    if (this.#world.plan.leavesDead) return
    for (const node of this.#world.nodes) if (!node.isAlive) this.#restart(node)
  }

  #partition(): void {
    const left = this.#dice.some(this.#world.nodes, 0.4)
    const isOneWay = this.#dice.chance(0.3)
    this.#cluster.partition(left, isOneWay, 8_000)
  }

  #crash(): void {
    const node = this.#dice.pick(this.#world.nodes.filter((candidate) => candidate.isAlive))
    if (node === undefined || this.#world.nodes.filter((candidate) => candidate.isAlive).length < 2) return
    this.#world.tell(`${node.id} crashes`)
    this.#world.tally.count('fault crash')
    node.crash()
    if (this.#dice.chance(0.2)) return
    this.#world.timeline.after(this.#dice.between(10, 5_000), () => {
      if (!node.isAlive && !this.#schedule.isOver) this.#restart(node)
    })
  }

  #restart(node: SimulatedNode): void {
    this.#world.tell(`${node.id} starts`)
    node.start()
    this.#workload.onRestart(node, node.id)
  }
}
