// What clients do: publish on every node, read, move to another node, and want streams to be in a mode.

import type { StreamMode } from '../../node/core/stream/definition.ts'
import { Dice } from '../dice.ts'
import { Audience } from './audience.ts'
import { Wishes } from './wishes.ts'
import type { SwitchingWorld } from './world.ts'

export class Workload {
  readonly #world: SwitchingWorld
  readonly #audience: Audience
  readonly #wishes: Wishes
  readonly #names: readonly string[]
  readonly #dice: Dice
  #isOver = false
  #published = 0

  constructor(world: SwitchingWorld, names: readonly string[]) {
    this.#world = world
    this.#names = names
    this.#dice = new Dice(world.plan.seed, 'switching workload')
    this.#audience = new Audience(world, this.#dice)
    this.#wishes = new Wishes(world)
  }

  start(): void {
    const { plan, nodes } = this.#world
    for (const stream of this.#names) {
      for (const node of nodes) this.#audience.read(stream, node)
      for (let number = 0; number < plan.wanderers; number++) this.#audience.read(stream, undefined)
    }
    this.#every(plan.publishesPerSecond, () => this.#publish())
    this.#every(plan.wishesPerSecond, () => this.#wish())
    this.#every(0.3, () => this.#wander())
    this.#every(plan.newcomersPerSecond, () => this.#join())
  }

  /** Nothing is published and wanted any more; readers go on. */
  stop(): void {
    this.#isOver = true
    this.#wishes.stop()
  }

  #every(perSecond: number, run: () => void): void {
    if (perSecond === 0) return
    this.#world.timeline.after(this.#dice.pause(perSecond), () => {
      if (this.#isOver) return
      run()
      this.#every(perSecond, run)
    })
  }

  #publish(): void {
    const { plan, nodes } = this.#world
    const node = this.#dice.pick(nodes.filter(({ isAlive }) => isAlive))
    const stream = this.#dice.pick(this.#names)
    const records = this.#dice.whole(1, plan.recordsMax)
    const drafts = Array.from({ length: records }, () => {
      const payloadBytes = this.#dice.whole(8, plan.payloadBytesMax)
      return { id: `m${++this.#published}`, topic: `${stream}.x`, payloadBytes }
    })
    node?.publish(drafts, this.#dice.chance(0.3) ? 'copies' : 'local')
  }

  /** Somebody, and sometimes somebody else at the same time, wants a stream to be in a mode. */
  #wish(): void {
    const stream = this.#dice.pick(this.#names) ?? ''
    for (const node of this.#dice.chance(0.2)
      ? this.#dice.some(this.#world.nodes, 0.5)
      : [this.#dice.pick(this.#world.nodes)]) {
      const mode: StreamMode = this.#dice.chance(0.5) ? 'leader' : 'gossip'
      this.#wishes.say(node, stream, mode)
    }
  }

  /** Somebody subscribes from now on. */
  #join(): void {
    const node = this.#dice.pick(this.#world.nodes.filter(({ isResponsive }) => isResponsive))
    if (node !== undefined) this.#audience.join(this.#dice.pick(this.#names) ?? '', node)
  }

  /** A reader goes to another node. */
  #wander(): void {
    const reader = this.#dice.pick(
      this.#audience.readers.slice(this.#names.length * this.#world.nodes.length),
    )
    reader?.close()
  }
}
