// What goes wrong: every kind of fault has a rate of its own and a limited length, and everything is undone when the run
// becomes quiet.

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

  constructor(world: World, workload: Workload) {
    this.#world = world
    this.#workload = workload
    this.#dice = new Dice(world.plan.seed, 'faults')
    this.#schedule = new FaultSchedule(world, this.#dice)
  }

  start(): void {
    const { faults } = this.#world.plan
    const kinds: Readonly<Record<keyof FaultRates, () => void>> = {
      cut: () => this.#cut(true),
      cutOneWay: () => this.#cut(false),
      partition: () => this.#partition(),
      crash: () => this.#crash(),
      pause: () => this.#pause(),
      congestion: () => this.#congest(),
      stall: () => this.#stall(),
    }
    for (const kind of Object.keys(kinds) as (keyof FaultRates)[])
      this.#schedule.every(faults[kind], kinds[kind])
  }

  /** Ends all faults; nodes that are down start again unless the plan leaves them dead. */
  stop(): void {
    this.#schedule.stop()
    if (this.#world.plan.leavesDead) return
    for (const node of this.#world.nodes) if (!node.isAlive) this.#restart(node)
  }

  #two(): readonly [SimulatedNode, SimulatedNode] | undefined {
    const left = this.#dice.pick(this.#world.nodes)
    const right = this.#dice.pick(this.#world.nodes.filter((node) => node !== left))
    return left === undefined || right === undefined ? undefined : [left, right]
  }

  #cut(bothWays: boolean): void {
    const pair = this.#two()
    if (pair === undefined) return
    const [from, to] = pair
    const heals = [this.#world.network.cut(from.id, to.id)]
    if (bothWays) heals.push(this.#world.network.cut(to.id, from.id))
    const what = `${bothWays ? 'cut' : 'cut-one-way'} ${from.id} ${to.id}`
    this.#schedule.forAWhile(what, 20, 6_000, () => {
      for (const heal of heals) heal()
    })
  }

  #partition(): void {
    const left = this.#dice.some(this.#world.nodes, 0.4)
    const isOneWay = this.#dice.chance(0.3)
    const heals: (() => void)[] = []
    for (const from of left) {
      for (const to of this.#world.nodes) {
        if (left.includes(to)) continue
        heals.push(this.#world.network.cut(from.id, to.id))
        if (!isOneWay) heals.push(this.#world.network.cut(to.id, from.id))
      }
    }
    if (heals.length === 0) return
    const what = `partition ${isOneWay ? 'one-way ' : ''}${left.map((node) => node.id)}`
    this.#schedule.forAWhile(what, 100, 8_000, () => {
      for (const heal of heals) heal()
    })
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

  #pause(): void {
    const node = this.#dice.pick(this.#world.nodes.filter((candidate) => candidate.isResponsive))
    if (node === undefined) return
    node.pause()
    this.#schedule.forAWhile(`pause ${node.id}`, 50, 3_000, () => node.resume())
  }

  #congest(): void {
    const pair = this.#two()
    if (pair === undefined) return
    const [from, to] = pair
    const end = this.#world.network.congest(from.id, to.id, this.#dice.between(5, 100))
    this.#schedule.forAWhile(`congestion ${from.id} ${to.id}`, 100, 4_000, end)
  }

  #stall(): void {
    const member = this.#dice.pick(this.#world.audience)
    if (member === undefined || member.isStalled) return
    member.isStalled = true
    this.#schedule.forAWhile(`stall ${member.number}`, 50, 5_000, () => {
      member.isStalled = false
      member.node?.do(() => member.subscriber?.pump())
    })
  }
}
