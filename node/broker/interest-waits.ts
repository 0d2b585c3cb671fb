// Subscribers that begin on a stream in gossip mode: they wait until the nodes know that this one is interested in it.

import type { StreamId } from '../core/common/ids.ts'
import type { Replica } from '../core/stream/replica.ts'

/** A subscriber that begins on a stream as soon as the interest in it is known, or hears that the stream is gone. */
export interface Awaiting {
  readonly begin: () => void
  readonly giveUp: () => void
}

export class InterestWaits {
  readonly #waiting = new Map<StreamId, Awaiting[]>()

  add({ id }: Replica, awaiting: Awaiting): void {
    this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), awaiting])
  }

  /** The interest is known. */
  begin(replica: Replica): void {
    for (const { begin } of this.#take(replica)) begin()
  }

  /** The stream is gone. */
  giveUp(replica: Replica): void {
    for (const { giveUp } of this.#take(replica)) giveUp()
  }

  #take({ id }: Replica): readonly Awaiting[] {
    const waiting = this.#waiting.get(id) ?? []
    this.#waiting.delete(id)
    return waiting
  }
}
