// Random choices for one purpose of one seed. Every purpose has a generator of its own, so that adding a choice to one
// does not shift the others.

import { type Random, random53, randomBelow, seededRandom } from '../node/core/common/random.ts'

export class Dice {
  readonly #random: Random

  constructor(seed: number, purpose: string) {
    this.#random = seededRandom(`${seed}/${purpose}`)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.#random() < probability
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + this.#random() * (high - low)
  }

  /** A whole number in low..high. */
  whole(low: number, high: number): number {
    return low + randomBelow(this.#random, high - low + 1)
  }

  /** One of the items; undefined of none. */
  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[randomBelow(this.#random, items.length)]
  }

  /** Each item with the given probability. */
  some<Item>(items: readonly Item[], probability: number): Item[] {
    return items.filter(() => this.chance(probability))
  }

  /** A 53-bit integer above zero. */
  big(): number {
    return random53(this.#random)
  }

  /** A time until the next of events that come `perSecond` on average, milliseconds. */
  pause(perSecond: number): number {
    return (-Math.log(1 - this.#random()) * 1000) / perSecond
  }
}
