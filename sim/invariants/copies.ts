// A publication that was acknowledged at level `copies` is, or was until retention dropped it, held by so many nodes
// besides its origin.

import type { Boot } from '../../node/core/common/ids.ts'
import { Violation } from '../run.ts'
import type { Message } from '../truth.ts'
import type { Invariant } from '../world.ts'

/** A message, and the boots that hold it beside its own. */
type Held = Pick<Message, 'stream' | 'sequence'> & {
  readonly origin: string
  readonly holders: ReadonlySet<Boot>
}

export class Copies implements Invariant {
  readonly name = 'copies'

  onCopies(message: Held, needed: number): void {
    if (message.holders.size >= needed) return
    const what = `${message.origin} ${message.sequence} on ${message.stream}`
    throw new Violation(this.name, `${what} is acknowledged with ${message.holders.size} of ${needed} copies`)
  }
}
