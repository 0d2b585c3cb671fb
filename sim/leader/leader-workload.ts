// What users of the leader world do: publish at any node, subscribe, leave, and go on elsewhere.

import { toStreamId } from '../../node/core/common/ids.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import { Dice } from '../dice.ts'
import { FaultSchedule } from '../fault-schedule.ts'
import type { Reads } from './invariants/reads.ts'
import type { LeaderNode } from './leader-node.ts'
import { LeaderPublisher } from './leader-publisher.ts'
import { type LeaderStart, LeaderSubscriber } from './leader-subscriber.ts'
import { NamedProducer } from './named-producer.ts'
import type { LeaderWorld } from './world.ts'

const subscribersMax = 24
const batchBytesMax = 50_000
/** A read that took longer may have been given up. */
const readMsMax = 2_000

export class LeaderWorkload {
  readonly #world: LeaderWorld
  readonly #audience: LeaderSubscriber[]
  readonly #reads: Reads
  readonly #dice: Dice
  readonly #schedule: FaultSchedule
  readonly #publisher: LeaderPublisher
  readonly #producers: readonly NamedProducer<LeaderNode>[]
  #payloads = 0

  constructor(world: LeaderWorld, audience: LeaderSubscriber[], reads: Reads) {
    this.#world = world
    this.#audience = audience
    this.#reads = reads
    this.#dice = new Dice(world.plan.seed, 'leader workload')
    this.#schedule = new FaultSchedule(world, this.#dice)
    this.#publisher = new LeaderPublisher(world)
    this.#producers = Array.from({ length: world.plan.producers }, (_, nth) => this.#makeProducer(nth + 1))
  }

  start(): void {
    const { publishesPerSecond, subscriptionsPerSecond } = this.#world.plan
    this.#schedule.every(publishesPerSecond, () => this.#publish())
    this.#schedule.every(subscriptionsPerSecond, () => this.#changeAudience())
    for (const producer of this.#producers)
      this.#schedule.every(this.#world.plan.attemptsPerSecond, () => producer.attempt())
    for (const { name } of this.#world.definitions)
      for (const node of this.#world.nodes) this.#join(name, node, 'earliest')
  }

  /** Nobody publishes any more. */
  stop(): void {
    this.#schedule.stop()
  }

  /** Whoever was interrupted goes on. */
  resumeAll(): void {
    for (const subscriber of this.#audience) if (subscriber.node === undefined) this.#resume(subscriber)
  }

  #makeProducer(number: number): NamedProducer<LeaderNode> {
    const { plan, definitions, nodes } = this.#world
    return new NamedProducer({
      ...{ name: `producer-${number}`, dice: new Dice(plan.seed, `leader producer ${number}`) },
      streams: definitions.map(({ name }) => name),
      nodes: () => nodes.filter((each) => each.isResponsive),
      publish: (node, attempt) => this.#publisher.publish(node, attempt.stream, attempt.payloads, attempt),
    })
  }

  #liveNode(): LeaderNode | undefined {
    return this.#dice.pick(this.#world.nodes.filter((node) => node.isResponsive))
  }

  /** A quiet stream gets one publication in thirty. */
  #pickStream(): StreamDefinition | undefined {
    const [quiet, ...others] = this.#world.definitions
    const { hasQuietStream } = this.#world.plan
    if (!hasQuietStream) return this.#dice.pick(this.#world.definitions)
    return this.#dice.chance(1 / 30) ? quiet : this.#dice.pick(others)
  }

  #publish(): void {
    const node = this.#liveNode()
    const definition = this.#pickStream()
    if (node === undefined || definition === undefined) return
    const { recordsMax, payloadBytesMax } = this.#world.plan
    const payloads: string[] = []
    let bytes = 0
    for (let left = this.#dice.whole(1, recordsMax); left > 0 && bytes < batchBytesMax; left--) {
      const payloadBytes = this.#dice.whole(16, payloadBytesMax)
      bytes += payloadBytes
      payloads.push(`${node.id}-${++this.#payloads}`.padEnd(payloadBytes))
    }
    this.#publisher.publish(node, definition.name, payloads)
  }

  #changeAudience(): void {
    const closed = this.#audience.filter(({ node }) => node === undefined)
    const open = this.#audience.filter(({ node }) => node !== undefined)
    const roll = this.#dice.between(0, 1)
    if (roll < 0.25 && this.#audience.length < subscribersMax) {
      const definition = this.#dice.pick(this.#world.definitions)
      const node = this.#liveNode()
      if (definition === undefined || node === undefined) return
      this.#join(definition.name, node, this.#dice.chance(0.5) ? 'now' : 'earliest')
    } else if (roll < 0.8) {
      const subscriber = this.#dice.pick(closed)
      if (subscriber !== undefined) this.#resume(subscriber)
    } else this.#dice.pick(open)?.close()
  }

  #join(stream: string, node: LeaderNode, start: LeaderStart): void {
    const subscriber = new LeaderSubscriber(this.#world, this.#audience.length, stream)
    this.#audience.push(subscriber)
    this.#open(subscriber, node, start)
  }

  #resume(subscriber: LeaderSubscriber): void {
    const node = this.#liveNode()
    if (node !== undefined) this.#open(subscriber, node, 'cursor')
  }

  /** As a broker does: first the node finds out what is current. */
  #open(subscriber: LeaderSubscriber, node: LeaderNode, start: LeaderStart): void {
    const attempt = ++subscriber.attempts
    node.do((agent) => {
      const replica = node.replicaOf(subscriber.stream)
      if (replica === undefined) return
      const since = node.now()
      const stream = toStreamId(replica.name)
      const told = this.#reads.toldOf(stream)
      agent.whenCurrent(replica, () => {
        this.#world.tally.count('reads answered')
        const { last: committed } = this.#world.order.streamOf(stream)
        if (node.now() - since < readMsMax)
          this.#reads.onRead(node, replica.name, told, agent.statusOf(replica).last, committed)
        if (subscriber.attempts === attempt) subscriber.open(node, start)
      })
    })
  }
}
