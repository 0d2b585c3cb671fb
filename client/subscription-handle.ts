// What `subscribe` resolves with: with a handler, something to end; without one, an async iterable as well.

import type { HeraldError } from '../node/core/common/errors.ts'
import { IteratorConsumer } from './consumers.ts'
import type { Delivery } from './delivery.ts'
import type { SubscriptionCore } from './subscription.ts'

/** A subscription whose deliveries go to a handler. */
export class HandledSubscription implements AsyncDisposable {
  readonly #core: SubscriptionCore

  /** Made by `subscribe`. */
  constructor(core: SubscriptionCore) {
    this.#core = core
  }

  /** What was subscribed to. */
  get patterns(): readonly string[] {
    return this.#core.settings.patterns
  }

  /**
   * Where the subscription stands, behind everything that was handed out. Pass it as `from: {cursor}` to go on there,
   * also on another node.
   */
  get cursor(): string {
    return this.#core.cursor
  }

  /** Resolves when the subscription is over: with the error if the node ended it, or the client gave up. */
  get closed(): Promise<HeraldError | undefined> {
    return this.#core.over.promise
  }

  /** Stops at once; what waits and was not handed out is dropped. Resolves when the node has confirmed. */
  unsubscribe(): Promise<void> {
    return this.#core.unsubscribe()
  }

  /** The same as `unsubscribe`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#core.unsubscribe()
  }
}

/**
 * A subscription to loop over: `for await (const delivery of subscription)`. Leaving the loop unsubscribes. The loop ends
 * when the subscription was ended here, and throws a HeraldError when the node ended it.
 */
export class Subscription extends HandledSubscription implements AsyncIterable<Delivery, undefined> {
  readonly #iterator: IteratorConsumer

  /** Made by `subscribe`. */
  constructor(core: SubscriptionCore) {
    super(core)
    this.#iterator = new IteratorConsumer(core)
    core.setConsumer(this.#iterator)
  }

  /** All iterators of one subscription share its deliveries; each goes to one of them. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Delivery, undefined> {
    return this.#iterator
  }
}
