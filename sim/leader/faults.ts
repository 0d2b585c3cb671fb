// What goes wrong in the leader world: every kind of fault has a rate of its own and a limited length, and everything is undone
// when the run becomes quiet.

import { ClusterFaults } from '../cluster-faults.ts'
import { Dice } from '../dice.ts'
import { FaultSchedule } from '../fault-schedule.ts'
import { DiskLosses } from './disk-losses.ts'
import type { LeaderNode } from './leader-node.ts'
import type { LeaderFaultRates } from './plan.ts'
import type { LeaderObserver, LeaderWorld, Sent } from './world.ts'

/** Messages behind which a crash may find something half done. */
const ambushKinds = ['vote', 'vote-answer', 'append', 'append-answer', 'snapshot', 'timeout-now'] as const

export class LeaderFaults implements LeaderObserver {
  readonly #world: LeaderWorld
  readonly #dice: Dice
  readonly #schedule: FaultSchedule
  readonly #cluster: ClusterFaults<LeaderNode>
  readonly #losses: DiskLosses
  /** Whoever says this next crashes. */
  #ambush: Sent['message']['kind'] | undefined

  constructor(world: LeaderWorld) {
    this.#world = world
    this.#dice = new Dice(world.plan.seed, 'leader faults')
    this.#schedule = new FaultSchedule(world, this.#dice)
    this.#cluster = new ClusterFaults(world, this.#dice, this.#schedule)
    this.#losses = new DiskLosses(world, this.#dice, this.#schedule)
  }

  start(): void {
    const { faults } = this.#world.plan
    const kinds: Readonly<Record<keyof LeaderFaultRates, () => void>> = {
      cut: () => this.#cluster.cut(true),
      cutOneWay: () => this.#cluster.cut(false),
      partition: () => this.#partition(),
      isolation: () => this.#isolate(),
      congestion: () => this.#cluster.congest(),
      crash: () => this.#crash(),
      ambush: () => {
        this.#ambush = this.#dice.pick(ambushKinds)
      },
      blackout: () => this.#blackOut(),
      stop: () => this.#stop(),
      pause: () => this.#cluster.pause(),
      slowDisk: () => this.#slowDisk(),
      diskError: () => this.#refuseWrite(),
      diskFull: () => this.#fillDisk(),
      rot: () => this.#losses.rot(),
      wipe: () => this.#losses.wipe(),
      removal: () => this.#losses.remove(),
      clockJump: () => this.#jumpClock(),
      stall: () => this.#stall(),
    }
    for (const kind of Object.keys(kinds) as (keyof LeaderFaultRates)[])
      this.#schedule.every(faults[kind], kinds[kind])
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

  /** Ends all faults; nodes that are down start again. */
  stop(): void {
    this.#schedule.stop()
    for (const node of this.#world.nodes) {
      node.disk.failsNext = false
      this.#restart(node)
    }
  }

  get #alive(): LeaderNode[] {
    return this.#world.nodes.filter((node) => node.isAlive)
  }

  #count(kind: string, what: string): void {
    this.#world.tally.count(`fault ${kind}`)
    this.#world.tell(what)
  }

  #partition(): void {
    const left = this.#dice.some(this.#world.nodes, 0.4)
    this.#separate(left, `partition ${left.map(({ id }) => id)}`, 8_000)
  }

  /** Cuts a leader off. */
  #isolate(): void {
    const group = this.#dice.pick([...this.#world.commits.groups.values()])
    const newest = Math.max(0, ...(group?.leaders.keys() ?? []))
    const leader = this.#world.nodes.find(({ id }) => id === group?.leaders.get(newest))
    if (leader !== undefined) this.#separate([leader], `isolation ${leader.id}`, 5_000)
  }

  #separate(left: readonly LeaderNode[], what: string, highMs: number): void {
    const others = this.#world.nodes.filter((node) => !left.includes(node))
    const ways = this.#dice.pick(['both', 'both', 'out', 'in'] as const)
    const pairs = left.flatMap((from) =>
      others.flatMap((to): (readonly [LeaderNode, LeaderNode])[] => [
        ...(ways === 'in' ? [] : [[from, to] as const]),
        ...(ways === 'out' ? [] : [[to, from] as const]),
      ]),
    )
    this.#cluster.cutAll(pairs, `${what} ${ways}`, 100, highMs)
  }

  #crash(): void {
    const node = this.#dice.pick(this.#alive)
    if (node === undefined) return
    this.#count('crash', `${node.id} crashes`)
    this.#down(node)
  }

  #blackOut(): void {
    this.#count('blackout', 'the power fails')
    for (const node of this.#alive) this.#down(node)
  }

  #stop(): void {
    const node = this.#dice.pick(this.#alive)
    if (node === undefined) return
    this.#count('stop', `${node.id} is told to stop`)
    node.do((agent) => agent.handOver())
    // Some stay for as long as their clients need.
    if (this.#dice.chance(0.4)) return
    const { boot } = node
    this.#world.timeline.after(this.#dice.between(20, 1_000), () => {
      if (node.boot === boot && !this.#schedule.isOver) this.#down(node)
    })
  }

  #down(node: LeaderNode, forMsMax: number = 5_000): void {
    node.crash()
    if (this.#dice.chance(0.1)) return
    this.#world.timeline.after(this.#dice.between(10, forMsMax), () => {
      if (!this.#schedule.isOver) this.#restart(node)
    })
  }

  #restart(node: LeaderNode): void {
    if (node.isAlive) return
    this.#world.tell(`${node.id} starts`)
    node.start()
  }

  #slowDisk(): void {
    const node = this.#dice.pick(this.#world.nodes)
    if (node === undefined) return
    node.disk.isSlow = true
    this.#schedule.forAWhile(`slow-disk ${node.id}`, 100, 6_000, () => {
      node.disk.isSlow = false
    })
  }

  #refuseWrite(): void {
    const node = this.#dice.pick(this.#alive)
    if (node === undefined) return
    this.#count('disk-error', `the next write of ${node.id} fails`)
    node.disk.failsNext = true
  }

  #fillDisk(): void {
    const node = this.#dice.pick(this.#world.nodes)
    if (node === undefined) return
    node.disk.isFull = true
    this.#schedule.forAWhile(`full-disk ${node.id}`, 100, 4_000, () => {
      node.disk.isFull = false
    })
  }

  #jumpClock(): void {
    const node = this.#dice.pick(this.#world.nodes)
    if (node === undefined) return
    const byMs = this.#dice.between(10, this.#dice.chance(0.2) ? 60_000 : 5_000)
    this.#count('clock-jump', `the clock of ${node.id} jumps by ${Math.round(byMs)} ms`)
    node.clockAheadMs += byMs
  }

  #stall(): void {
    const subscriber = this.#dice.pick(this.#world.audience)
    if (subscriber === undefined || subscriber.isStalled) return
    subscriber.isStalled = true
    this.#schedule.forAWhile(`stall ${subscriber.number}`, 50, 5_000, () => {
      subscriber.isStalled = false
      subscriber.node?.do(() => subscriber.pump())
    })
  }
}
