// What clients do: publish on every node, read, move to another node, and want streams to be in a mode.

import type { Broker } from '../../node/broker/broker.ts'
import type { StreamMode } from '../../node/core/stream/definition.ts'
import { Dice } from '../dice.ts'
import type { SwitchingNode } from './switching-node.ts'
import { SwitchingReader } from './switching-reader.ts'
import type { SwitchingWorld } from './world.ts'

/** A wish may be lost, or come before somebody leads: whoever has it says it again, as production does, up to then. */
const wish = { againMs: 250, forMs: 5_000 } as const
/** A reader whose node is down looks for another one. */
const reconnectMs = 200

export class Workload {
  readonly #world: SwitchingWorld
  readonly #audience: SwitchingReader[]
  readonly #names: readonly string[]
  readonly #dice: Dice
  #isOver = false
  #published = 0

  constructor(world: SwitchingWorld, audience: SwitchingReader[], names: readonly string[]) {
    this.#world = world
    this.#audience = audience
    this.#names = names
    this.#dice = new Dice(world.plan.seed, 'switching workload')
  }

  start(): void {
    const { plan, nodes } = this.#world
    for (const stream of this.#names) {
      for (const node of nodes) this.#read(stream, node)
      for (let number = 0; number < plan.wanderers; number++) this.#read(stream, undefined)
    }
    this.#every(plan.publishesPerSecond, () => this.#publish())
    this.#every(plan.wishesPerSecond, () => this.#wish())
    this.#every(0.3, () => this.#wander())
  }

  /** Nothing is published and wanted any more; readers go on. */
  stop(): void {
    this.#isOver = true
  }

  /** A reader at a node of its own, or at whatever node is up. */
  #read(stream: string, home: SwitchingNode | undefined): void {
    const reader = new SwitchingReader(this.#world, this.#audience.length, stream)
    this.#audience.push(reader)
    const connect = (): void => {
      const node = home ?? this.#dice.pick(this.#world.nodes)
      if (reader.node === undefined && node?.isResponsive === true) reader.open(node)
      this.#world.timeline.after(reconnectMs, connect)
    }
    connect()
  }

  #every(perSecond: number, run: () => void): void {
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
      this.#world.tell(`${node?.id} wants ${stream} in ${mode} mode`)
      this.#say(node, stream, mode, this.#world.timeline.now + wish.forMs)
    }
  }

  #say(node: SwitchingNode | undefined, stream: string, mode: StreamMode, until: number): void {
    const { timeline, tally } = this.#world
    let isFulfilled = false
    node?.do((broker: Broker) => {
      const replica = broker.streams.find(stream)
      if (replica === undefined) return
      isFulfilled = replica.definition.mode === mode && replica.fence === undefined
      if (isFulfilled) return
      tally.count(`wishes for ${mode} mode`)
      broker.leader.wish({ ...replica.definition, mode }, broker.epochs.numberOf(replica))
    })
    if (isFulfilled || this.#isOver || timeline.now >= until) return
    timeline.after(wish.againMs, () => this.#say(node, stream, mode, until))
  }

  /** A reader goes to another node. */
  #wander(): void {
    const reader = this.#dice.pick(this.#audience.slice(this.#names.length * this.#world.nodes.length))
    reader?.close()
  }
}
