// Where one subscription begins on streams that have come after it, or have come back.

import type { Boot } from '../core/common/ids.ts'
import type { FeedStart, StreamFeed } from '../core/stream/feed.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { SubscriberOptions } from './subscriber.ts'

export class LateStarts {
  readonly #options: Pick<SubscriberOptions, 'cursor' | 'start' | 'choose' | 'offset'>
  /** When the subscription was made, milliseconds. */
  readonly #madeAt: number
  /** Where it stood on streams that were removed under it, by name; should they come back, it goes on from there. */
  readonly #ended = new Map<string, ReadonlyMap<Boot, number>>()

  constructor(options: Pick<SubscriberOptions, 'cursor' | 'start' | 'choose' | 'offset'>, madeAt: number) {
    this.#options = options
    this.#madeAt = madeAt
  }

  /** A stream was removed under it. */
  end({ replica, vector }: StreamFeed): void {
    this.#ended.set(replica.name, vector)
  }

  /** It never had begun on the stream of a name. */
  forget(name: string): void {
    this.#ended.delete(name)
  }

  /** Whether it had begun on the stream of a name that was removed. */
  hasBegunOn(name: string): boolean {
    return this.#ended.has(name)
  }

  /** In which of the epochs of a stream it begins; undefined where all that is new here is for it. */
  choose(epochs: readonly Replica[]): Replica | undefined {
    const { offset, choose } = this.#options
    if (offset === undefined || epochs.some(({ name }) => this.hasBegunOn(name))) return undefined
    return choose?.(epochs) ?? epochs.at(-1)
  }

  startOn(replica: Replica): FeedStart {
    const { cursor, offset, start } = this.#options
    const ended = this.#ended.get(replica.name)
    const resumed = cursor === undefined ? undefined : start(replica)
    if (resumed?.kind === 'after') return ended === undefined ? resumed : { ...resumed, vector: ended }
    if (ended !== undefined) return { kind: 'after', vector: ended, others: 'base' }
    // What lies before its offset is not for it, however late that comes.
    if (offset !== undefined && replica.definition.mode === 'leader') return start(replica)
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
