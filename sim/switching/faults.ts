// What goes wrong in the switching world: links, crashes and pauses, and readers that take nothing. The faults of disks, clocks and power have
// dice of their own: a seed that has none of them is what it was.

import { Dice } from '../dice.ts'
import { FaultSchedule } from '../fault-schedule.ts'
import type { LogObserver, Sent } from '../leader/log-world.ts'
import { NodeFaults } from '../leader/node-faults.ts'
import type { FaultRates } from '../plan.ts'
import type { HardwareRates } from './plan.ts'
import type { SwitchingWorld } from './world.ts'

export class SwitchingFaults implements LogObserver {
  readonly #world: SwitchingWorld
  readonly #dice: Dice
  readonly #schedule: FaultSchedule
  readonly #nodes: NodeFaults
  readonly #hardwareSchedule: FaultSchedule
  readonly #hardware: NodeFaults

  constructor(world: SwitchingWorld) {
    this.#world = world
    this.#dice = new Dice(world.plan.seed, 'switching faults')
    this.#schedule = new FaultSchedule(world, this.#dice)
    this.#nodes = new NodeFaults(world, this.#dice, this.#schedule, 0)
    const dice = new Dice(world.plan.seed, 'switching hardware')
    this.#hardwareSchedule = new FaultSchedule(world, dice)
    this.#hardware = new NodeFaults(world, dice, this.#hardwareSchedule, 0.1)
  }

  start(): void {
    const { plan, nodes, audience } = this.#world
    const { cluster } = this.#nodes
    this.#schedule.everyKind<keyof FaultRates>(plan.faults, {
      cut: () => cluster.cut(true),
      cutOneWay: () => cluster.cut(false),
      partition: () => cluster.partition(this.#dice.some(nodes, 0.4), false, 6_000),
      crash: () => this.#nodes.crash(),
      pause: () => cluster.pause(),
      congestion: () => cluster.congest(),
      stall: () => cluster.stall(audience),
    })
    this.#schedule.every(plan.wipesPerSecond, () => this.#wipe())
    const hardware = this.#hardware
    this.#hardwareSchedule.everyKind<keyof HardwareRates>(plan.hardware, {
      isolation: () => hardware.isolate(),
      ambush: () => hardware.ambush(),
      blackout: () => hardware.blackOut(),
      stop: () => hardware.stop(),
      slowDisk: () => hardware.slowDisk(),
      diskError: () => hardware.refuseWrite(),
      diskFull: () => hardware.fillDisk(),
      rot: () => hardware.losses.rot(),
      clockSet: () => hardware.setClock(),
    })
  }

  onSent(sent: Sent): void {
    this.#hardware.onSent(sent)
  }

  /** Ends all faults; nodes that are down start again. */
  stop(): void {
    this.#schedule.stop()
    this.#hardwareSchedule.stop()
    this.#nodes.end()
  }

  /** A node loses its disk while every group has its voters, and everybody knows that: a majority of each has what was durable then. */
  #wipe(): void {
    const { nodes, tell, tally, timeline } = this.#world
    const node = this.#dice.pick(nodes)
    const [groups, ...others] = nodes.map(({ view }) => view?.groups)
    if (node === undefined || groups === undefined || others.some((each) => each !== groups)) return
    tell(`${node.id} loses its disk`)
    tally.count('fault wipe')
    node.crash()
    node.loseDisk()
    timeline.after(this.#dice.between(10, 5_000), () => node.start())
  }
}
