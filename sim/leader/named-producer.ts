// A named producer as an application that cannot live with doubt: it publishes over any node, goes on meanwhile, and publishes again what no node
// has told it to be stored, in batches that it puts together anew.

import type { Placed } from '../../node/leader/submissions.ts'
import { Dice } from '../dice.ts'
import type { LeaderPublisher } from './leader-publisher.ts'
import type { LeaderWorld } from './world.ts'

/** Publications in doubt at a time: far fewer holes than a stream remembers, so that nothing is ever too old. */
const unsettledMax = 24

export class NamedProducer {
  readonly #world: LeaderWorld
  readonly #publisher: LeaderPublisher
  readonly #dice: Dice
  readonly #name: string
  readonly #stream: string
  /** By sequence, what no node has told to be stored. */
  readonly #unsettled = new Map<number, string>()
  #next = 1

  constructor(world: LeaderWorld, publisher: LeaderPublisher, number: number) {
    this.#world = world
    this.#publisher = publisher
    this.#dice = new Dice(world.plan.seed, `leader producer ${number}`)
    this.#name = `producer-${number}`
    this.#stream = this.#dice.pick(world.definitions)?.name ?? ''
  }

  /** Publishes something new, or something of what is in doubt again, or both. */
  attempt(): void {
    const node = this.#dice.pick(this.#world.nodes.filter((each) => each.isResponsive))
    const isNew =
      this.#unsettled.size === 0 || (this.#unsettled.size < unsettledMax && this.#dice.chance(0.6))
    const first = isNew ? this.#next : [...this.#unsettled.keys()].sort((a, b) => a - b)[0]
    if (isNew) this.#think()
    if (node === undefined || first === undefined) return
    const count = this.#dice.whole(1, 6)
    const payloads: string[] = []
    for (let payload = this.#unsettled.get(first); payload !== undefined && payloads.length < count; ) {
      payloads.push(payload)
      payload = this.#unsettled.get(first + payloads.length)
    }
    const producer = { name: this.#name, sequence: first }
    const onPlaced = (placed: Placed | undefined): void => {
      if (placed === undefined) return
      for (let nth = 0; nth < payloads.length; nth++) this.#unsettled.delete(first + nth)
    }
    this.#publisher.publish(node, this.#stream, payloads, { producer, onPlaced })
  }

  /** Makes a few new publications, now and then behind a hole in the numbers. */
  #think(): void {
    for (let left = this.#dice.whole(1, 4); left > 0; left--) {
      this.#unsettled.set(this.#next, `${this.#name} ${this.#next}`.padEnd(24))
      this.#next++
    }
    if (this.#dice.chance(0.02)) this.#next++
  }
}

export function makeProducers(world: LeaderWorld, publisher: LeaderPublisher): NamedProducer[] {
  const numbers = Array.from({ length: world.plan.producers }, (_, nth) => nth + 1)
  return numbers.map((number) => new NamedProducer(world, publisher, number))
}
