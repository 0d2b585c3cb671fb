// What is delivered under (stream, origin, sequence) is what was published under it: payload, topic, nothing invented, and
// only topics that the subscriber asked for.

import { Violation } from '../run.ts'
import type { Handed, Invariant, World } from '../world.ts'

export class Identity implements Invariant {
  readonly name = 'identity'
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  onHanded({ member, replica, state, records }: Handed): void {
    for (const { sequence, topic, id } of records ?? []) {
      const message = this.#world.truth.find(replica.name, state.origin, sequence)
      const what = `${state.origin} ${sequence} on ${replica.name} ("${id}" ${topic})`
      if (message === undefined) throw new Violation(this.name, `${what} was never sent`)
      if (message.id !== id) throw new Violation(this.name, `${what} was sent as "${message.id}"`)
      if (message.topic !== topic) throw new Violation(this.name, `${what} was sent on ${message.topic}`)
      if (!member.wants(topic)) throw new Violation(this.name, `${what} is not for ${member.patterns}`)
    }
  }
}
