// What goes wrong in the leader world: every kind of fault has a rate of its own and a limited length, and everything is undone
// when the run becomes quiet.

import { Dice } from '../dice.ts'
import { FaultSchedule } from '../fault-schedule.ts'
import type { Sent } from './log-world.ts'
import { NodeFaults } from './node-faults.ts'
import type { LeaderFaultRates } from './plan.ts'
import type { LeaderObserver, LeaderWorld } from './world.ts'

/** One crash of ten lasts until all faults end. */
const staysDown = 0.1

export class LeaderFaults implements LeaderObserver {
  readonly #world: LeaderWorld
  readonly #dice: Dice
  readonly #schedule: FaultSchedule
  readonly #nodes: NodeFaults

  constructor(world: LeaderWorld) {
    this.#world = world
    this.#dice = new Dice(world.plan.seed, 'leader faults')
    this.#schedule = new FaultSchedule(world, this.#dice)
    this.#nodes = new NodeFaults(world, this.#dice, this.#schedule, staysDown)
  }

  start(): void {
    const nodes = this.#nodes
    this.#schedule.everyKind<keyof LeaderFaultRates>(this.#world.plan.faults, {
      cut: () => nodes.cluster.cut(true),
      cutOneWay: () => nodes.cluster.cut(false),
      partition: () => this.#partition(),
      isolation: () => nodes.isolate(),
      congestion: () => nodes.cluster.congest(),
      crash: () => nodes.crash(),
      ambush: () => nodes.ambush(),
      blackout: () => nodes.blackOut(),
      stop: () => nodes.stop(),
      pause: () => nodes.cluster.pause(),
      slowDisk: () => nodes.slowDisk(),
      diskError: () => nodes.refuseWrite(),
      diskFull: () => nodes.fillDisk(),
      rot: () => nodes.losses.rot(),
      wipe: () => nodes.losses.wipe(),
      removal: () => nodes.losses.remove(),
      clockJump: () => nodes.jumpClock(),
      stall: () => nodes.cluster.stall(this.#world.audience),
    })
  }

  onSent(sent: Sent): void {
    this.#nodes.onSent(sent)
  }

  /** Ends all faults; nodes that are down start again. */
  stop(): void {
    this.#schedule.stop()
    this.#nodes.end()
  }

  #partition(): void {
    const left = this.#dice.some(this.#world.nodes, 0.4)
    this.#nodes.separate(left, `partition ${left.map(({ id }) => id)}`, 8_000)
  }
}
