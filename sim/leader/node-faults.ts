// What goes wrong with nodes that have logs, whatever world they are in: they crash, alone or all at once or right behind something that they have
// said, their disks are slow, full, refuse a write or rot, and their clocks are set.

import { ClusterFaults } from '../cluster-faults.ts'
import type { Dice } from '../dice.ts'
import type { FaultSchedule } from '../fault-schedule.ts'
import { DiskLosses } from './disk-losses.ts'
import type { LogNode } from './log-node.ts'
import type { LogObserver, LogWorld, Sent } from './log-world.ts'

/** Messages behind which a crash may find something half done. */
const ambushKinds = ['vote', 'vote-answer', 'append', 'append-answer', 'snapshot', 'timeout-now'] as const

export class NodeFaults implements LogObserver {
  readonly cluster: ClusterFaults<LogNode>
  readonly losses: DiskLosses
  readonly #world: LogWorld
  readonly #dice: Dice
  readonly #schedule: FaultSchedule
  /** Probability that a node that crashes stays down until all faults end. */
  readonly #staysDown: number
  /** Whoever says this next crashes. */
  #ambush: Sent['message']['kind'] | undefined

  constructor(world: LogWorld, dice: Dice, schedule: FaultSchedule, staysDown: number) {
    this.#world = world
    this.#dice = dice
    this.#schedule = schedule
    this.#staysDown = staysDown
    this.cluster = new ClusterFaults(world, dice, schedule)
    this.losses = new DiskLosses(world, dice, schedule)
  }

  onSent({ node, message }: Sent): void {
    if (message.kind !== this.#ambush || this.#schedule.isOver) return
    this.#ambush = undefined
    const found = this.#world.nodes.find(({ id }) => id === node)
    const boot = found?.boot
    this.#world.timeline.after(this.#dice.between(0, 20), () => {
      if (found === undefined || found.boot !== boot || this.#schedule.isOver) return
      this.#count('ambush', `${node} crashes after a ${message.kind}`)
      this.#down(found, 300)
    })
  }

  /** Nodes that are down start again. */
  end(): void {
    for (const node of this.#world.nodes) {
      node.disk.failsNext = false
      this.#restart(node)
    }
  }

  /** Cuts a leader off. */
  isolate(): void {
    const group = this.#dice.pick([...this.#world.commits.groups.values()])
    const newest = Math.max(0, ...(group?.leaders.keys() ?? []))
    const leader = this.#world.nodes.find(({ id }) => id === group?.leaders.get(newest))
    if (leader !== undefined) this.separate([leader], `isolation ${leader.id}`, 5_000)
  }

  /** Parts some nodes from the others, in both directions or in one. */
  separate(left: readonly LogNode[], what: string, highMs: number): void {
    const others = this.#world.nodes.filter((node) => !left.includes(node))
    const ways = this.#dice.pick(['both', 'both', 'out', 'in'] as const)
    const pairs = left.flatMap((from) =>
      others.flatMap((to): (readonly [LogNode, LogNode])[] => [
        ...(ways === 'in' ? [] : [[from, to] as const]),
        ...(ways === 'out' ? [] : [[to, from] as const]),
      ]),
    )
    this.cluster.cutAll(pairs, `${what} ${ways}`, 100, highMs)
  }

  crash(): void {
    const node = this.#dice.pick(this.#alive)
    if (node === undefined) return
    this.#count('crash', `${node.id} crashes`)
    this.#down(node)
  }

  /** Whoever says something of this kind next crashes. */
  ambush(): void {
    this.#ambush = this.#dice.pick(ambushKinds)
  }

  blackOut(): void {
    this.#count('blackout', 'the power fails')
    for (const node of this.#alive) this.#down(node)
  }

  /** A node hands over what it leads, and ends. */
  stop(): void {
    const node = this.#dice.pick(this.#alive)
    if (node === undefined) return
    this.#count('stop', `${node.id} is told to stop`)
    node.withAgent((agent) => agent.handOver())
    // Some stay for as long as their clients need.
    if (this.#dice.chance(0.4)) return
    const { boot } = node
    this.#world.timeline.after(this.#dice.between(20, 1_000), () => {
      if (node.boot === boot && !this.#schedule.isOver) this.#down(node)
    })
  }

  slowDisk(): void {
    const node = this.#dice.pick(this.#world.nodes)
    if (node === undefined) return
    const { disk } = node
    disk.isSlow = true
    this.#schedule.forAWhile(`slow-disk ${node.id}`, 100, 6_000, () => {
      disk.isSlow = false
    })
  }

  refuseWrite(): void {
    const node = this.#dice.pick(this.#alive)
    if (node === undefined) return
    this.#count('disk-error', `the next write of ${node.id} fails`)
    node.disk.failsNext = true
  }

  fillDisk(): void {
    const node = this.#dice.pick(this.#world.nodes)
    if (node === undefined) return
    const { disk } = node
    disk.isFull = true
    this.#schedule.forAWhile(`full-disk ${node.id}`, 100, 4_000, () => {
      disk.isFull = false
    })
  }

  /** The clock of a node jumps forward under the running process. */
  jumpClock(): void {
    const node = this.#dice.pick(this.#world.nodes)
    if (node === undefined) return
    const byMs = this.#jumpMs()
    this.#count('clock-jump', `the clock of ${node.id} jumps by ${Math.round(byMs)} ms`)
    node.clock.jump(byMs)
  }

  /** The time of day is set on a node, forward or back. */
  setClock(): void {
    const node = this.#dice.pick(this.#world.nodes)
    if (node === undefined) return
    const isBack = this.#dice.chance(0.5)
    const byMs = this.#jumpMs()
    const how = isBack ? 'back' : 'forward'
    this.#count(`clock-${how}`, `the clock of ${node.id} is set ${how} by ${Math.round(byMs)} ms`)
    node.clock.set(isBack ? -byMs : byMs)
  }

  get #alive(): LogNode[] {
    return this.#world.nodes.filter((node) => node.isAlive)
  }

  #jumpMs(): number {
    return this.#dice.between(10, this.#dice.chance(0.2) ? 60_000 : 5_000)
  }

  #count(kind: string, what: string): void {
    this.#world.tally.count(`fault ${kind}`)
    this.#world.tell(what)
  }

  #down(node: LogNode, forMsMax: number = 5_000): void {
    node.crash()
    if (this.#staysDown > 0 && this.#dice.chance(this.#staysDown)) return
    this.#world.timeline.after(this.#dice.between(10, forMsMax), () => {
      if (!this.#schedule.isOver) this.#restart(node)
    })
  }

  #restart(node: LogNode): void {
    if (node.isAlive) return
    this.#world.tell(`${node.id} starts`)
    node.start()
  }
}
