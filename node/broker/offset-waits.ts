// Subscriptions from an offset that lies behind the end of their stream: they wait, get nothing, and begin when the stream has come there.
// Until then the journal does not know them on the stream, so that they are owed nothing of what passes by.

import type { StreamId } from '../core/common/ids.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { Subscriber } from './subscriber.ts'

export class OffsetWaits {
  /** Offset of the last message of a stream in leader mode. */
  readonly #endOf: (replica: Replica) => number
  readonly #waiting = new Map<StreamId, Set<Subscriber>>()

  constructor(endOf: (replica: Replica) => number) {
    this.#endOf = endOf
  }

  /** Whether a subscriber has to wait; then it does. The place behind the last message is there already, and so is where one stands that has begun. */
  holds(subscriber: Subscriber, replica: Replica): boolean {
    const { offset } = subscriber.options
    if (offset === undefined || replica.definition.mode !== 'leader') return false
    if (subscriber.lateStarts.hasBegunOn(replica.name)) return false
    if (offset <= this.#endOf(replica) + 1) return false
    const waiting = this.#waiting.get(replica.stream) ?? new Set()
    this.#waiting.set(replica.stream, waiting.add(subscriber))
    return true
  }

  /** Those whose offset is there now; they wait no longer. */
  reached(replica: Replica): readonly Subscriber[] {
    const waiting = this.#waiting.get(replica.stream)
    if (waiting === undefined || replica.definition.mode !== 'leader') return []
    const end = this.#endOf(replica)
    const reached = [...waiting].filter(({ options: { offset = 0 } }) => offset <= end)
    for (const subscriber of reached) this.#leave(replica.stream, waiting, subscriber)
    return reached
  }

  forget(subscriber: Subscriber): void {
    for (const [stream, waiting] of this.#waiting) this.#leave(stream, waiting, subscriber)
  }

  /** The stream is gone; should it come back, its subscribers wait anew. */
  forgetStream(stream: StreamId): void {
    this.#waiting.delete(stream)
  }

  #leave(stream: StreamId, waiting: Set<Subscriber>, subscriber: Subscriber): void {
    waiting.delete(subscriber)
    if (waiting.size === 0) this.#waiting.delete(stream)
  }
}
