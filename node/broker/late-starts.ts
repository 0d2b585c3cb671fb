// Where one subscription begins on streams that have come after it, or have come back.

import type { Boot } from '../core/common/ids.ts'
import type { FeedStart, StreamFeed } from '../core/stream/feed.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { SubscriberOptions } from './subscriber.ts'

export class LateStarts {
  readonly #options: Pick<SubscriberOptions, 'cursor' | 'start'>
  /** When the subscription was made, milliseconds. */
  readonly #madeAt: number
  /** Where it stood on streams that were removed under it, by name; should they come back, it goes on from there. */
  readonly #ended = new Map<string, ReadonlyMap<Boot, number>>()

  constructor(options: Pick<SubscriberOptions, 'cursor' | 'start'>, madeAt: number) {
    this.#options = options
    this.#madeAt = madeAt
  }

  /** A stream was removed under it. */
  end({ replica, vector }: StreamFeed): void {
    this.#ended.set(replica.name, vector)
  }

  startOn(replica: Replica): FeedStart {
    const { cursor, start } = this.#options
    const ended = this.#ended.get(replica.name)
    const resumed = cursor === undefined ? undefined : start(replica)
    if (resumed?.kind === 'after') return ended === undefined ? resumed : { ...resumed, vector: ended }
    if (ended !== undefined) return { kind: 'after', vector: ended, others: 'base' }
    // Other nodes may have published on it before this one knew of it: it counts from when the subscription came.
    const vector = new Map<Boot, number>()
    for (const state of replica.origins.values()) {
      const { boot, position, base } = state
      if (position === undefined) continue
      vector.set(boot, Math.min(position, Math.max(base, state.lastBefore(this.#madeAt))))
    }
    return { kind: 'after', vector, others: 'base' }
  }
}
