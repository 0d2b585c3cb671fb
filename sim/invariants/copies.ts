// A publication that was acknowledged at level `copies` is, or was until retention dropped it, held by so many nodes
// besides its origin.

import { Violation } from '../run.ts'
import type { Message } from '../truth.ts'
import type { Invariant } from '../world.ts'

export class Copies implements Invariant {
  readonly name = 'copies'

  onCopies(message: Message, needed: number): void {
    if (message.holders.size >= needed) return
    const what = `${message.origin} ${message.sequence} on ${message.stream}`
    throw new Violation(this.name, `${what} is acknowledged with ${message.holders.size} of ${needed} copies`)
  }
}
