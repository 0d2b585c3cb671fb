// The client: what applications hold in their hands. It ties the session (one connection, kept up), the publisher and
// the subscriptions together, and is the same in Node and in browsers.

import { type ErrorCode, HeraldError } from '../node/core/common/errors.ts'
import { patternProblem } from '../node/core/stream/pattern.ts'
import type { Progress, PublishOutcome, Welcome } from '../node/wire/control.ts'
import type { Connection } from './connection.ts'
import { type DeliveryHandler, HandlerConsumer } from './consumers.ts'
import { Emitter, type RemoveListener } from './emitter.ts'
import type { ClientEvents, ClientState, ClientStats } from './events.ts'
import {
  type ClientSettings,
  type ConnectOptions,
  type Publication,
  type PublishOptions,
  type SubscribeOptions,
  toReading,
  toSettings,
  toUrls,
  type WaitOptions,
} from './options.ts'
import { drawEnding, Producer, type ProducerOptions } from './producer.ts'
import { Publisher } from './publisher.ts'
import type { PublishReceipt, PublishResult } from './receipt.ts'
import { Session, type SessionControl, type SessionListener } from './session.ts'
import { SubscriptionCore } from './subscription.ts'
import { HandledSubscription, Subscription } from './subscription-handle.ts'
import { Subscriptions } from './subscriptions.ts'
import type { Environment } from './transport.ts'
import { abortable, onAbort } from './wait.ts'

/** A connection to the cluster, kept up until `close` or `drain`. Made by `connect`. */
export class Client implements AsyncDisposable {
  readonly #environment: Environment
  readonly #settings: ClientSettings
  readonly #session: Session
  readonly #publisher: Publisher
  readonly #subscriptions: Subscriptions
  readonly #events = new Emitter<ClientEvents>()
  readonly #ready: PromiseWithResolvers<void> = Promise.withResolvers()
  #state: ClientState = 'connecting'
  #reconnects = 0
  #handlerFailures = 0
  #closing: Promise<void> | undefined
  #removeAbort: () => void = () => {}

  /** Use `connect`. */
  constructor(environment: Environment, urls: string | readonly string[], options: ConnectOptions) {
    this.#environment = environment
    this.#settings = toSettings(options)
    const addresses = toUrls(urls)
    this.#subscriptions = new Subscriptions()
    this.#publisher = new Publisher(environment, this.#settings, this.#subscriptions, {
      onFailed: (status, messages, code, reason) => this.#events.emit(status, { messages, code, reason }),
    })
    this.#session = new Session(environment, this.#settings, addresses, this.#sessionListener())
    this.#removeAbort = onAbort(options.signal, (reason) => {
      this.#ready.reject(reason)
      void this.close()
    })
  }

  /** Starts; resolves with the first welcome. Called once, by `connect`. */
  async start(): Promise<this> {
    if (this.#state === 'connecting') this.#session.start()
    await this.#ready.promise
    return this
  }

  /** The name given in the options. */
  get name(): string {
    return this.#settings.name
  }

  /** Whether there is a connection now; `closed` is final. */
  get state(): ClientState {
    return this.#state
  }

  /** A copy of the counters. */
  get stats(): ClientStats {
    const { outbox } = this.#publisher
    return {
      ...outbox.counts,
      heldBytes: outbox.heldBytes,
      reconnects: this.#reconnects,
      handlerFailures: this.#handlerFailures,
      subscriptions: this.#subscriptions.size,
    }
  }

  /** True when so many bytes are unacknowledged that waiting for `writable` is wise. */
  get saturated(): boolean {
    return this.#publisher.isSaturated
  }

  /** Calls the listener for every event of this name; the answer takes it off again. */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: ClientEvents[Name]) => void,
  ): RemoveListener {
    return this.#events.on(name, listener)
  }

  /**
   * Publishes one message. The payload is copied at once; the message leaves when the current turn of the event loop
   * ends, or earlier when 64 KiB or 512 messages have come together. Messages of one client on one stream keep their
   * order.
   *
   * The receipt can be awaited for the outcome and never rejects. What cannot be sent is refused in it: TOPIC_INVALID,
   * PAYLOAD_TOO_LARGE (1 MiB), HEADERS_TOO_LARGE, KEY_TOO_LARGE, CLIENT_BUFFER_FULL (see `writable`), CLIENT_CLOSED.
   *
   * @throws TypeError, RangeError for arguments of a wrong type.
   */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): PublishReceipt {
    return this.#publisher.publish(topic, payload, options)
  }

  /** A producer of this name: a stream in leader mode stores each of its publications once. Throws HeraldError PRODUCER_INVALID. */
  producer(name: string, options: ProducerOptions = {}): Producer {
    return new Producer(this.#publisher, name, options, () => drawEnding(this.#environment.random))
  }

  /**
   * Publishes messages in their order and waits for all outcomes; pauses while the client is saturated, so it can take
   * any number. Never rejects because of a message. When the signal aborts, no more are published.
   */
  publishBatch(
    publications: Iterable<Publication>,
    options: Pick<PublishOptions, 'ack' | 'deadlineMs'> & WaitOptions = {},
  ): Promise<PublishResult[]> {
    return this.#publisher.publishAll(publications, options)
  }

  /**
   * Subscribes to patterns and resolves when the node has confirmed. The subscription goes on over reconnects, behind
   * what was received last; what cannot be resumed comes as a gap.
   *
   * Without a handler the subscription is an async iterable. With one, the handler is called for every delivery, in
   * order, one at a time: the next waits for a returned promise. A handler that throws or rejects is reported
   * by the `handlerFailed` event, and the subscription goes on.
   *
   * @throws HeraldError PATTERN_INVALID, SUBSCRIPTION_NAME_INVALID, CURSOR_INVALID, SUBSCRIPTION_LIMIT, OFFSET_NEEDS_ORDER, QUEUE_NEEDS_ORDER,
   *   QUEUE_DIFFERS, CONFIG_INVALID (credit, name, key, from), CLIENT_CLOSED; the signal's reason.
   */
  subscribe(patterns: string | readonly string[], options?: SubscribeOptions): Promise<Subscription>
  subscribe(patterns: string | readonly string[], handler: DeliveryHandler): Promise<HandledSubscription>
  subscribe(
    patterns: string | readonly string[],
    options: SubscribeOptions,
    handler: DeliveryHandler,
  ): Promise<HandledSubscription>
  async subscribe(
    patterns: string | readonly string[],
    optionsOrHandler: SubscribeOptions | DeliveryHandler = {},
    handlerOrNone?: DeliveryHandler,
  ): Promise<Subscription | HandledSubscription> {
    const hasOptions = typeof optionsOrHandler !== 'function'
    const options = hasOptions ? optionsOrHandler : {}
    const handler = hasOptions ? handlerOrNone : optionsOrHandler
    const core = this.#openSubscription(typeof patterns === 'string' ? [patterns] : [...patterns], options)
    const handle = handler === undefined ? new Subscription(core) : this.#handledBy(core, handler)
    const removeAbort = onAbort(options.signal, (reason) => {
      core.abort(reason)
    })
    void core.over.promise.then(removeAbort)
    this.#subscriptions.add(core)
    await core.confirmed.promise
    return handle
  }

  /** Resolves when publishing is wise: less than the in-flight limit is held. At once when the client is closed. */
  writable(options: WaitOptions = {}): Promise<void> {
    return abortable(this.#publisher.writable(), options.signal)
  }

  /** Resolves when everything published so far has its outcome. */
  flush(options: WaitOptions = {}): Promise<void> {
    return abortable(this.#publisher.flush(), options.signal)
  }

  /**
   * Ends in order: takes no new publications, waits for the outcome of those under way (at most until their
   * deadlines), unsubscribes and closes. The signal ends the waiting of the caller alone: call `close` to end at once.
   */
  async drain(options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    await abortable(this.#drain(), options.signal)
  }

  async #drain(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing
    this.#state = 'draining'
    this.#publisher.refuseNew('CLIENT_CLOSED', 'the client is draining')
    await this.#publisher.flush()
    await this.#subscriptions.unsubscribeAll()
    await this.close()
  }

  /**
   * Ends now: what was sent and is not acknowledged becomes unknown, what was not sent is refused, subscriptions end.
   * Resolves when the socket is closed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end(undefined)
    return this.#closing
  }

  /** The same as `drain`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.drain()
  }

  async #end(error: HeraldError | undefined): Promise<void> {
    this.#state = 'closed'
    this.#removeAbort()
    this.#ready.reject(error ?? new HeraldError('CLIENT_CLOSED', 'the client was closed'))
    if (error === undefined) this.#publisher.close('CLIENT_CLOSED', 'the client was closed')
    else this.#publisher.close('CLIENT_DISCONNECTED', error.message)
    this.#subscriptions.endAll(error)
    await this.#session.close()
    this.#environment.dispose()
    this.#events.emit('closed', { error })
  }

  #openSubscription(patterns: readonly string[], options: SubscribeOptions): SubscriptionCore {
    options.signal?.throwIfAborted()
    if (this.#state === 'closed' || this.#state === 'draining') {
      throw new HeraldError('CLIENT_CLOSED', `the client is ${this.#state}`)
    }
    if (patterns.length === 0) throw new HeraldError('PATTERN_INVALID', 'no pattern is given')
    for (const pattern of patterns) {
      const problem = patternProblem(pattern)
      if (problem !== undefined) throw new HeraldError(problem.refused, problem.reason)
    }
    const settings = {
      id: this.#subscriptions.nextId(),
      patterns,
      ...toReading(options),
    }
    return new SubscriptionCore(this.#environment, settings, this.#subscriptions, (core) => {
      this.#subscriptions.remove(core)
    })
  }

  #handledBy(core: SubscriptionCore, handler: DeliveryHandler): HandledSubscription {
    const consumer = new HandlerConsumer(core, handler, (error, delivery) => {
      this.#handlerFailures++
      this.#events.emit('handlerFailed', { error, delivery, patterns: core.settings.patterns })
    })
    core.setConsumer(consumer)
    return new HandledSubscription(core)
  }

  #sessionListener(): SessionListener {
    return {
      onConnected: (connection, welcome) => this.#onConnected(connection, welcome),
      onControl: (message: SessionControl) => this.#subscriptions.onControl(message),
      onOutcomes: (outcomes: readonly PublishOutcome[]) => this.#publisher.outbox.onOutcomes(outcomes),
      onBatch: (id: number, frame: Uint8Array) => this.#subscriptions.onBatch(id, frame),
      onProgress: (progress: Progress) => this.#subscriptions.onProgress(progress),
      onDrain: () => this.#publisher.outbox.onDrain(),
      onClosing: (code, message, leave) => this.#onClosing(code, message, leave),
      onDisconnected: (url, reason) => {
        if (this.#state === 'connected') this.#state = 'reconnecting'
        this.#publisher.outbox.detach(`the connection to ${url} broke: ${reason}`)
        this.#subscriptions.detach()
        this.#events.emit('disconnected', { url, reason })
      },
      onGaveUp: (reason) => {
        const error = new HeraldError('CLIENT_DISCONNECTED', reason)
        this.#closing ??= this.#end(error)
      },
    }
  }

  #onConnected(connection: Connection, welcome: Welcome): void {
    const isFirst = this.#state === 'connecting'
    if (this.#state !== 'draining') this.#state = 'connected'
    this.#subscriptions.learnOrigin(welcome.boot)
    this.#subscriptions.attach(connection)
    this.#publisher.outbox.attach(connection, welcome.limits.inFlightBytesMax)
    if (isFirst) {
      this.#ready.resolve()
    } else {
      this.#reconnects++
      this.#events.emit('reconnected', { url: connection.url, node: welcome.node })
    }
  }

  /** The node drains: no more goes to it; it is left once it has answered what it got. */
  #onClosing(code: ErrorCode, message: string, leave: () => void): void {
    this.#events.emit('closing', { code, message })
    const { outbox } = this.#publisher
    outbox.pause()
    void outbox.answered().then(leave)
  }
}
