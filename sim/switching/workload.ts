// What clients do: publish on every node, read, move to another node, and want streams to be in a mode.

import type { StreamMode } from '../../node/core/stream/definition.ts'
import { Dice } from '../dice.ts'
import { NamedProducer } from '../leader/named-producer.ts'
import { Recurrence } from '../recurrence.ts'
import { Audience } from './audience.ts'
import { QueueWorker } from './queue-worker.ts'
import type { SwitchingNode } from './switching-node.ts'
import { Wishes } from './wishes.ts'
import type { SwitchingWorld } from './world.ts'

export class Workload {
  readonly #world: SwitchingWorld
  readonly #audience: Audience
  readonly #wishes: Wishes
  readonly #names: readonly string[]
  readonly #dice: Dice
  readonly #recurrence: Recurrence
  #published = 0

  constructor(world: SwitchingWorld, names: readonly string[]) {
    this.#world = world
    this.#names = names
    this.#dice = new Dice(world.plan.seed, 'switching workload')
    this.#recurrence = new Recurrence(world.timeline, this.#dice)
    this.#audience = new Audience(world, this.#dice)
    this.#wishes = new Wishes(world)
  }

  start(): void {
    const { plan, nodes } = this.#world
    for (const stream of this.#names) {
      for (const node of nodes) this.#audience.read(stream, node)
      for (let number = 0; number < plan.wanderers; number++) this.#audience.read(stream, undefined)
    }
    this.#recurrence.every(plan.publishesPerSecond, () => this.#publish())
    this.#recurrence.every(plan.wishesPerSecond, () => this.#wish())
    this.#recurrence.every(0.3, () => this.#wander())
    this.#recurrence.every(plan.newcomersPerSecond, () => this.#join())
    const producers = Array.from({ length: plan.producers }, (_, nth) => this.#makeProducer(nth + 1))
    for (const producer of producers) this.#recurrence.every(plan.attemptsPerSecond, () => producer.attempt())
    this.#employ()
  }

  /** Nothing is published and wanted any more; readers go on. */
  stop(): void {
    this.#recurrence.stop()
    this.#wishes.stop()
  }

  #publish(): void {
    const { plan, nodes } = this.#world
    const node = this.#dice.pick(nodes.filter(({ isAlive }) => isAlive))
    const stream = this.#dice.pick(this.#names)
    const records = this.#dice.whole(1, plan.recordsMax)
    const drafts = Array.from({ length: records }, () => {
      const payloadBytes = this.#dice.whole(8, plan.payloadBytesMax)
      return { id: `m${++this.#published}`, topic: this.#topicOf(stream), payloadBytes }
    })
    node?.publish(drafts, this.#dice.chance(0.3) ? 'copies' : 'local')
  }

  /** Members of a queue on every stream. */
  #employ(): void {
    const { plan } = this.#world
    const workers = this.#world.workers as QueueWorker[]
    const dice = new Dice(plan.seed, 'switching workers')
    for (const stream of this.#names)
      for (let nth = 0; nth < plan.workers; nth++)
        workers.push(new QueueWorker(this.#world, dice, workers.length, stream))
    for (const worker of workers) worker.begin()
    if (workers.length > 0) this.#recurrence.every(plan.leavesPerSecond, () => dice.pick(workers)?.leave())
  }

  #makeProducer(number: number): NamedProducer<SwitchingNode> {
    const { plan, nodes } = this.#world
    return new NamedProducer({
      ...{ name: `producer-${number}`, dice: new Dice(plan.seed, `switching producer ${number}`) },
      streams: this.#names,
      nodes: () => nodes.filter((each) => each.isResponsive),
      publish: (node, attempt) => {
        const drafts = attempt.payloads.map((payload) => {
          return { id: payload.trimEnd(), topic: this.#topicOf(attempt.stream), payloadBytes: payload.length }
        })
        node.publish(drafts, 'local', attempt)
      },
    })
  }

  #topicOf(stream: string | undefined): string {
    const { topics } = this.#world.plan
    return topics === 1 ? `${stream}.x` : `${stream}.x${this.#dice.whole(1, topics)}`
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
