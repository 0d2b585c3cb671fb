// The node's own subscriptions: patterns for which the node itself is the subscriber. A message counts as delivered when
// it is in the journal, so the journal is their cursor as well: after any stop, however sudden, they resume behind
// the last line that was written.

import type { Refusal } from '../core/common/errors.ts'
import { patternProblem } from '../core/stream/pattern.ts'
import type { Broker } from './broker.ts'
import { epochAfter, type Positions, startAfter } from './start.ts'
import type { Subscriber, SubscriberOptions, SubscriberSink } from './subscriber.ts'

/** One subscription as it outlives the process. */
export interface NodeSubscription {
  readonly sub: string
  readonly pattern: string
  /** When it was made, milliseconds since 1970. */
  readonly since: number
  /** Last delivered sequence by stream and origin. */
  readonly vectors: Positions
}

interface Live {
  readonly pattern: string
  readonly since: number
  readonly subscriber: Subscriber
  /** Resolves when everything published from then on will reach it, or it was removed before. */
  readonly ready: Promise<void>
  readonly settle: () => void
}

/** Subscriptions that a node may have of its own. */
const subscriptionsMax = 1000

/** What is delivered to a node is in its journal already; there is nothing more to be done with it. */
const sink: SubscriberSink = { canTake: true, batch: () => undefined, gap: () => undefined }

export class NodeSubscriptions {
  readonly #broker: Broker
  readonly #live = new Map<string, Live>()

  constructor(broker: Broker) {
    this.#broker = broker
  }

  get size(): number {
    return this.#live.size
  }

  list(): readonly Live[] {
    return [...this.#live.values()]
  }

  /** What is to be saved. */
  saved(): readonly NodeSubscription[] {
    return this.list().map(({ pattern, since, subscriber }) => ({
      sub: subscriber.options.sub,
      pattern,
      since,
      vectors: subscriber.cursor(),
    }))
  }

  /** Goes on with a subscription of an earlier boot. */
  resume(saved: NodeSubscription): void {
    const { sub, pattern, since, vectors } = saved
    void this.#begin(pattern, since, {
      sub,
      kind: 'node',
      patterns: [pattern],
      name: undefined,
      sink,
      start: (replica) => startAfter(vectors, replica),
      choose: epochAfter(vectors),
      cursor: vectors,
      resumes: true,
      since,
    })
  }

  /**
   * Subscribes the node; resolves when everything published from then on will reach it, whoever subscribed first, or when
   * the subscription is removed meanwhile.
   */
  async add(pattern: string): Promise<{ readonly changed: boolean } | Refusal> {
    const problem = patternProblem(pattern)
    if (problem !== undefined) return problem
    const { catchingUp } = this.#broker
    if (!catchingUp.isOver) await new Promise<void>((resolve) => catchingUp.whenOver(resolve))
    const known = this.#live.get(pattern)
    if (known !== undefined) {
      await known.ready
      return { changed: false }
    }
    if (this.#live.size >= subscriptionsMax) {
      return {
        refused: 'SUBSCRIPTION_LIMIT',
        reason: `the node has ${subscriptionsMax} subscriptions of its own`,
      }
    }
    const since = this.#broker.ports.now()
    const sub = `${this.#broker.origin}:${Math.round(since * 1000).toString(36)}:${pattern}`
    await this.#begin(pattern, since, {
      sub,
      kind: 'node',
      patterns: [pattern],
      name: undefined,
      sink,
      start: () => ({ kind: 'now' }),
      resumes: false,
      since,
    })
    return { changed: true }
  }

  remove(pattern: string): { readonly changed: boolean } {
    const live = this.#live.get(pattern)
    if (live === undefined) return { changed: false }
    this.#live.delete(pattern)
    this.#broker.unsubscribe(live.subscriber)
    // The broker calls nobody back about a subscription that is gone.
    live.settle()
    return { changed: true }
  }

  clear(): void {
    for (const pattern of [...this.#live.keys()]) this.remove(pattern)
  }

  #begin(pattern: string, since: number, options: SubscriberOptions): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const subscriber = this.#broker.subscribe(options, () => resolve())
    this.#live.set(pattern, { pattern, since, subscriber, ready: promise, settle: resolve })
    return promise
  }
}
