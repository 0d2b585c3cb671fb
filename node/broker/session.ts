// What every client connection has, whatever it speaks: a publisher, subscriptions by id, and manners: publishers are slowed
// while subscribers lag, a reader that reads nothing is closed with a word, and nobody may hold more than the limits.

import { type ErrorCode, errorEntry, type Refusal } from '../core/common/errors.ts'
import type { OriginState } from '../core/stream/replica.ts'
import {
  decodeClientControl,
  encodeNodeControl,
  isRefusal,
  type NodeControl,
  type StartFrom,
  type SubscribeRequest,
  type Welcome,
} from '../wire/control.ts'
import type { PublishOutcome } from '../wire/control-frames.ts'
import { decodeCursor, encodeCursor } from '../wire/cursor.ts'
import type { Broker } from './broker.ts'
import { ClientSubscription, type SubscriptionOutlet } from './client-subscription.ts'
import { Pacer } from './pacer.ts'
import type { SessionSink } from './ports.ts'
import { Publisher } from './publisher.ts'
import { joinQueue } from './queue-join.ts'
import type { SessionRegistry } from './session-registry.ts'
import { epochOf, offsetProblem, startOf } from './start.ts'

export abstract class Session implements SubscriptionOutlet {
  protected readonly broker: Broker
  protected readonly sink: SessionSink
  protected readonly table: SessionRegistry
  protected readonly publisher: Publisher
  protected readonly subscriptions: Map<number, ClientSubscription> = new Map()
  #isClosed = false
  /** Whether the client was told that and why it will be closed. */
  #isClosingTold = false
  readonly #pacer: Pacer
  #lastBufferedBytes = 0
  /** Since when the socket has taken nothing, milliseconds; undefined while it takes something. */
  #stuckSince: number | undefined

  constructor(broker: Broker, sink: SessionSink, table: SessionRegistry) {
    this.broker = broker
    this.sink = sink
    this.table = table
    this.#pacer = new Pacer(broker.ports, sink, 'publishersSlowed')
    const answer = (outcomes: readonly PublishOutcome[]): void => {
      if (!this.#isClosed) this.answer(outcomes)
    }
    this.publisher = new Publisher(broker, answer, table.limits.inFlightBytesMax)
  }

  get isWritable(): boolean {
    return !this.#isClosed && this.sink.bufferedBytes < this.table.limits.sessionQueueSoftBytes
  }

  /** Whether every publish that has come so far was answered. */
  get isAnswered(): boolean {
    return this.publisher.isAnswered
  }

  abstract readonly sendsWholeFrames: boolean
  abstract onFrame(frame: Uint8Array): void
  abstract onText(text: string): void
  protected abstract answer(outcomes: readonly PublishOutcome[]): void
  abstract sendBatch(
    subscription: ClientSubscription,
    stream: string,
    state: OriginState,
    frame: Uint8Array,
    from: number,
    to: number,
  ): void

  sendGap(
    subscription: ClientSubscription,
    stream: string,
    state: OriginState,
    from: number,
    to: number,
    reason: 'retention' | 'lost',
  ): void {
    const { id } = subscription.request
    this.send({ op: 'gap', id, stream, origin: state.origin, from, to, reason })
    subscription.told.set(state, to)
  }

  /** Subscribes or unsubscribes as the text says; one that cannot be tied to a subscription ends the session. */
  protected onControl(text: string): void {
    const message = decodeClientControl(text)
    if (!isRefusal(message)) {
      if (message.op === 'subscribe') this.#subscribe(message)
      else this.#unsubscribe(message.id)
    } else if (message.id === undefined) this.endRefused(message)
    else this.send({ op: 'refused', id: message.id, code: message.refused, message: message.reason })
  }

  /** Saves where durable subscriptions stand on streams in leader mode. */
  saveCursors(): void {
    for (const subscription of this.subscriptions.values()) this.table.saveLed(subscription, this)
  }

  onWritable(): void {
    for (const subscription of this.subscriptions.values()) subscription.pump()
  }

  /** The connection is gone, in whatever way. */
  onClose(): void {
    this.#isClosed = true
    for (const subscription of [...this.subscriptions.values()]) this.#drop(subscription, true)
    this.table.sessions.delete(this)
  }

  /** Once a second: tells positions, saves durable cursors, looks for readers that do not read. */
  onSecond(now: number): void {
    if (this.#isClosed) return
    for (const subscription of this.subscriptions.values()) this.table.saveCursor(subscription, this)
    const buffered = this.sink.bufferedBytes
    const { sessionQueueSoftBytes, slowConsumerMs } = this.table.limits
    const isStuck = buffered >= sessionQueueSoftBytes && buffered >= this.#lastBufferedBytes
    this.#lastBufferedBytes = buffered
    if (!isStuck) this.#stuckSince = undefined
    else this.#stuckSince ??= now
    const stuckMs = now - (this.#stuckSince ?? now)
    if (stuckMs < slowConsumerMs || !isStuck) return
    this.#endSlow(`nothing was read for ${Math.round(stuckMs / 1000)} s while ${buffered} bytes waited`)
  }

  /** Tells the client that it will be closed soon; what it has sent until it hears of it is still answered. */
  announceEnd(code: ErrorCode, message: string, retryMs: number): void {
    if (this.#isClosed || this.#isClosingTold) return
    this.#isClosingTold = true
    this.publisher.answers.endPatience()
    this.send({ op: 'closing', code, message, retryMs })
  }

  /** Tells the client why, and closes. */
  end(code: ErrorCode, message: string, retryMs: number = 200): void {
    if (this.#isClosed) return
    this.announceEnd(code, message, retryMs)
    this.publisher.answers.sendNow()
    this.#isClosed = true
    const status = Number.parseInt(errorEntry(code).fate.replace('close ', ''), 10)
    this.sink.close(Number.isNaN(status) ? 1008 : status, `${code}: ${message}`)
    for (const subscription of [...this.subscriptions.values()]) this.#drop(subscription, true)
  }

  /** Ends the session because the other end broke the protocol. */
  protected endRefused(refusal: Refusal): void {
    this.broker.ports.count('protocolErrors', 1)
    this.end(refusal.refused, refusal.reason)
  }

  protected send(message: NodeControl): void {
    this.sink.sendText(encodeNodeControl(message))
  }

  protected welcome(): Welcome {
    return { op: 'welcome', ...this.table.welcome }
  }

  #subscribe(request: SubscribeRequest): void {
    const { id } = request
    const refuse = (code: ErrorCode, message: string): void => this.send({ op: 'refused', id, code, message })
    if (this.subscriptions.has(id)) return refuse('SUBSCRIPTION_ID_USED', `subscription ${id} exists`)
    const max = this.table.limits.subscriptionsMax
    if (this.subscriptions.size >= max)
      return refuse('SUBSCRIPTION_LIMIT', `the connection has ${max} subscriptions`)
    if (request.name !== undefined && !this.table.hasRoomFor(request.name))
      return refuse(
        'SUBSCRIPTION_LIMIT',
        `the cluster keeps as many names as it can; ${request.name} is not among them`,
      )
    const subscription = new ClientSubscription(request, this.table.newSub(), this)
    this.subscriptions.set(id, subscription)
    this.broker.catchingUp.whenOver(() => {
      if (this.subscriptions.get(id) === subscription) this.#claim(subscription)
    })
  }

  #claim(subscription: ClientSubscription): void {
    const { request } = subscription
    const { id, name, patterns } = request
    if (request.queue !== undefined) return this.#join(subscription, request.queue)
    if (name === undefined) return this.#begin(subscription, request.from)
    this.table.claim({ name, patterns, session: this, id, sub: subscription.sub }, (stored) => {
      if (this.subscriptions.get(id) !== subscription) return
      if (typeof stored === 'object') return this.#refuse(subscription, stored)
      this.#begin(subscription, stored === undefined ? request.from : { cursor: stored })
    })
  }

  #join(subscription: ClientSubscription, queue: string): void {
    const { id } = subscription.request
    const refusal = joinQueue(this.broker, subscription, queue, {
      newSub: () => this.table.newSub(),
      onJoined: () => this.send({ op: 'subscribed', id, cursor: encodeCursor(new Map()) }),
      onRefused: (code, message) => {
        this.#drop(subscription, false)
        this.send({ op: 'refused', id, code, message })
      },
      onEnded: (code, message) => this.endSubscription(id, code, message),
    })
    if (refusal === undefined) return
    this.subscriptions.delete(id)
    this.send({ op: 'refused', id, code: refusal.refused, message: refusal.reason })
  }

  #begin(subscription: ClientSubscription, from: StartFrom): void {
    const { sub, request } = subscription
    const { id, patterns, name } = request
    const offset = typeof from === 'object' && 'offset' in from ? from.offset : undefined
    const problem = offset === undefined ? undefined : offsetProblem(this.broker, patterns)
    if (problem !== undefined) {
      this.#drop(subscription, false)
      return this.send({ op: 'refused', id, code: problem.refused, message: problem.reason })
    }
    const decoded = typeof from === 'object' && 'cursor' in from ? decodeCursor(from.cursor) : undefined
    const cursor = decoded === undefined || isRefusal(decoded) ? undefined : decoded
    subscription.subscriber = this.broker.subscribe(
      {
        ...{ sub, kind: 'client', patterns, name, sink: subscription, resumes: false },
        ...{ start: startOf(this.broker, from), cursor, choose: epochOf(from), offset },
      },
      (subscriber) => {
        // Whoever is told at once has been subscribed at once, and is not known here yet.
        subscription.subscriber = subscriber
        this.table.onBegun(subscription, (refusal) => {
          if (this.subscriptions.get(id) !== subscription) return
          if (refusal !== undefined) return this.#refuse(subscription, refusal)
          this.send({ op: 'subscribed', id, cursor: encodeCursor(subscriber.cursor()) })
        })
      },
    )
  }

  /** It has what it needs, and yet cannot go on. */
  #refuse(subscription: ClientSubscription, { refused: code, reason: message }: Refusal): void {
    this.#drop(subscription, false)
    this.send({ op: 'refused', id: subscription.request.id, code, message })
  }

  #unsubscribe(id: number): void {
    const subscription = this.subscriptions.get(id)
    const cursor = subscription?.standsAt() ?? encodeCursor(new Map())
    const answer = (): void => {
      if (!this.#isClosed) this.send({ op: 'unsubscribed', id, cursor })
    }
    if (subscription === undefined) answer()
    else this.#drop(subscription, false, answer)
  }

  /** Another connection has taken the name over. */
  endSubscription(id: number, code: ErrorCode, message: string): void {
    const subscription = this.subscriptions.get(id)
    if (subscription === undefined) return
    const cursor = encodeCursor(subscription.consumedCursor())
    this.#drop(subscription, true)
    this.send({ op: 'ended', id, code, message, cursor })
  }

  /** After a publish: while subscribers lag, reading from this publisher is paused in proportion to what it brings. */
  protected pace(bytes: number): void {
    const buffered = this.sink.bufferedBytes
    const { sessionQueueHardBytes } = this.table.limits
    if (buffered > sessionQueueHardBytes) {
      this.#endSlow(`${buffered} bytes of answers wait to be read, at most ${sessionQueueHardBytes} may`)
      return
    }
    const replica = this.publisher.lastStream
    this.#pacer.pace(bytes, replica !== undefined && this.broker.isPressed(replica))
  }

  #endSlow(message: string): void {
    this.broker.ports.count('slowConsumers', 1)
    this.end('SLOW_CONSUMER', message)
  }

  #drop(subscription: ClientSubscription, broke: boolean, onReleased: () => void = () => undefined): void {
    const { id } = subscription.request
    this.subscriptions.delete(id)
    const { subscriber, member } = subscription
    if (member !== undefined)
      return this.broker.queues.leave(member, broke && subscription.hasOutstanding, onReleased)
    if (subscriber !== undefined) this.table.saveCursor(subscription, this)
    this.table.release(subscription, this, onReleased)
    if (subscriber === undefined) return
    if (broke && subscription.hasOutstanding) {
      const { recorder, now } = this.broker.ports
      for (const replica of subscriber.streams) {
        recorder.subscriptionEvent({
          t: 'lost',
          at: now(),
          sub: subscriber.options.sub,
          stream: replica.name,
        })
      }
    }
    this.broker.unsubscribe(subscriber)
  }
}
