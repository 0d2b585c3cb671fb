// A named producer as an application that cannot live with doubt: it publishes over any node, goes on meanwhile, and publishes again what no node
// has told it to be stored, in batches that it puts together anew.

import type { ProducerTag } from '../../node/wire/batch-producer.ts'
import type { Dice } from '../dice.ts'

/** Publications in doubt at a time: far fewer holes than a stream remembers, so that nothing is ever too old. */
const unsettledMax = 24

/** A named producer publishes, for the first time or again. */
export interface NamedAttempt {
  readonly producer: ProducerTag
  readonly stream: string
  readonly payloads: readonly string[]
  /** Hears whether all of it is stored, as far as a node knows. */
  readonly onAnswer: (isStored: boolean) => void
}

export interface NamedProducerOptions<Node> {
  readonly name: string
  readonly dice: Dice
  readonly streams: readonly string[]
  /** Those that answer now. */
  readonly nodes: () => readonly Node[]
  readonly publish: (node: Node, attempt: NamedAttempt) => void
}

export class NamedProducer<Node> {
  readonly #options: NamedProducerOptions<Node>
  readonly #stream: string
  /** By sequence, what no node has told to be stored. */
  readonly #unsettled = new Map<number, string>()
  #next = 1

  constructor(options: NamedProducerOptions<Node>) {
    this.#options = options
    this.#stream = options.dice.pick(options.streams) ?? ''
  }

  /** Publishes something new, or something of what is in doubt again, or both. */
  attempt(): void {
    const { dice, name, nodes, publish } = this.#options
    const node = dice.pick(nodes())
    const isNew = this.#unsettled.size === 0 || (this.#unsettled.size < unsettledMax && dice.chance(0.6))
    const first = isNew ? this.#next : [...this.#unsettled.keys()].sort((a, b) => a - b)[0]
    if (isNew) this.#think()
    if (node === undefined || first === undefined) return
    const count = dice.whole(1, 6)
    const payloads: string[] = []
    for (let payload = this.#unsettled.get(first); payload !== undefined && payloads.length < count; ) {
      payloads.push(payload)
      payload = this.#unsettled.get(first + payloads.length)
    }
    const producer = { name, sequence: first }
    const onAnswer = (isStored: boolean): void => {
      if (!isStored) return
      for (let nth = 0; nth < payloads.length; nth++) this.#unsettled.delete(first + nth)
    }
    publish(node, { producer, stream: this.#stream, payloads, onAnswer })
  }

  /** Makes a few new publications, now and then behind a hole in the numbers. */
  #think(): void {
    const { dice, name } = this.#options
    for (let left = dice.whole(1, 4); left > 0; left--) {
      this.#unsettled.set(this.#next, `${name} ${this.#next}`.padEnd(24))
      this.#next++
    }
    if (dice.chance(0.02)) this.#next++
  }
}
