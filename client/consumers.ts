// The two ways to take deliveries: a handler that is called, and an iterator that is asked. Both take one delivery at a
// time, in order, and count it as consumed when it has been worked on.

import type { HeraldError } from '../node/core/common/errors.ts'
import type { Delivery } from './delivery.ts'
import type { Consumer, SubscriptionCore } from './subscription.ts'

/** Called for every delivery; the next one waits for a returned promise. */
export type DeliveryHandler = (delivery: Delivery) => void | PromiseLike<void>

export class HandlerConsumer implements Consumer {
  readonly #core: SubscriptionCore
  readonly #handler: DeliveryHandler
  readonly #onFailed: (error: unknown, delivery: Delivery) => void
  /** Set while a promise of the handler is awaited, and while the loop below runs. */
  #isBusy = false

  constructor(
    core: SubscriptionCore,
    handler: DeliveryHandler,
    onFailed: (error: unknown, delivery: Delivery) => void,
  ) {
    this.#core = core
    this.#handler = handler
    this.#onFailed = onFailed
  }

  onAvailable(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    const core = this.#core
    for (let delivery = core.take(); delivery !== undefined; delivery = core.take()) {
      if (this.#call(delivery)) return
      core.onConsumed()
    }
    this.#isBusy = false
    core.onIdle()
  }

  onEnded(): void {}

  /** True if the handler returned a promise: the loop goes on when it is settled. */
  #call(delivery: Delivery): boolean {
    try {
      const result = this.#handler(delivery)
      if (result === undefined || typeof result?.then !== 'function') return false
      result.then(
        () => this.#resume(),
        (error: unknown) => {
          this.#onFailed(error, delivery)
          this.#resume()
        },
      )
      return true
    } catch (error) {
      this.#onFailed(error, delivery)
      return false
    }
  }

  #resume(): void {
    this.#isBusy = false
    this.#core.onConsumed()
    this.onAvailable()
  }
}

interface Waiter {
  readonly resolve: (result: IteratorResult<Delivery, undefined>) => void
  readonly reject: (reason: unknown) => void
}

const done: IteratorResult<Delivery, undefined> = { done: true, value: undefined }

export class IteratorConsumer implements Consumer, AsyncIterableIterator<Delivery, undefined> {
  readonly #core: SubscriptionCore
  #waiters: Waiter[] = []
  /** Whether the delivery handed out last has not been counted as consumed. */
  #isTaken = false
  #isEnded = false
  /** Why it ended, until somebody was told. */
  #error: unknown

  constructor(core: SubscriptionCore) {
    this.#core = core
  }

  /** Asking for the next delivery tells that the one before has been worked on. */
  next(): Promise<IteratorResult<Delivery, undefined>> {
    if (this.#isTaken) {
      this.#isTaken = false
      this.#core.onConsumed()
    }
    const delivery = this.#core.take()
    if (delivery !== undefined) {
      this.#isTaken = true
      return Promise.resolve({ done: false, value: delivery })
    }
    this.#core.onIdle()
    if (this.#isEnded) return this.#finish()
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  /** Leaving the loop unsubscribes. */
  async return(): Promise<IteratorResult<Delivery, undefined>> {
    await this.#core.unsubscribe()
    return done
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#core.unsubscribe()
  }

  onAvailable(): void {
    while (this.#waiters.length > 0) {
      const delivery = this.#core.take()
      if (delivery === undefined) return
      // With several waiting, the ones before are taken to be worked on by whoever asked.
      if (this.#isTaken) this.#core.onConsumed()
      this.#isTaken = true
      this.#waiters.shift()?.resolve({ done: false, value: delivery })
    }
  }

  onEnded(error: HeraldError | unknown): void {
    this.#isEnded = true
    this.#error = error
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) this.#finish().then(waiter.resolve, waiter.reject)
  }

  #finish(): Promise<IteratorResult<Delivery, undefined>> {
    const error = this.#error
    this.#error = undefined
    return error === undefined ? Promise.resolve(done) : Promise.reject(error)
  }
}
