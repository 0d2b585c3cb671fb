// What every client connection has, whatever it speaks: a publisher, subscriptions by id, and manners: publishers are slowed
// while subscribers lag, a reader that reads nothing is closed with a word, and nobody may hold more than the limits.

import { type ErrorCode, errorEntry, type Refusal } from '../core/common/errors.ts'
import type { OriginState } from '../core/stream/replica.ts'
import {
  decodeClientControl,
  encodeNodeControl,
  isRefusal,
  type NodeControl,
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
import { epochOf, startOf } from './start.ts'

export interface SessionLimits {
  readonly subscriptionsMax: number
  /** Bytes of publishes of one connection that wait for copies. */
  readonly inFlightBytesMax: number
  /** A session's socket is not filled with messages beyond this; the rest waits in the shared log. */
  readonly sessionQueueSoftBytes: number
  /** A socket that answers have filled beyond this is closed: its client publishes and reads nothing. */
  readonly sessionQueueHardBytes: number
  /** A reader that took nothing for so long while its socket was full is closed. */
  readonly slowConsumerMs: number
}

/** What sessions share: limits, names of durable subscriptions, and their own list. */
export interface SessionRegistry {
  readonly limits: SessionLimits
  readonly welcome: Omit<Welcome, 'op'>
  readonly sessions: Set<Session>
  /** A name for the journal that no other subscription of the cluster has or had. */
  newSub(): string
  /** Whether the cluster can keep another durable name, or keeps this one already. */
  hasRoomFor(name: string): boolean
  /** Takes a durable name for a subscription; returns the stored cursor. */
  claim(name: string, session: Session, id: number): string | undefined
  release(request: SubscribeRequest, session: Session): void
  /** Stores where a durable subscription stands, unless its name was taken over. */
  saveCursor(subscription: ClientSubscription, session: Session): void
}

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

  onWritable(): void {
    for (const subscription of this.subscriptions.values()) subscription.subscriber?.pump()
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
    const stored = request.name === undefined ? undefined : this.table.claim(request.name, this, id)
    const subscription = new ClientSubscription(request, this)
    this.subscriptions.set(id, subscription)
    const from = stored === undefined ? request.from : { cursor: stored }
    const start = startOf(this.broker, from)
    const decoded = typeof from === 'object' && 'cursor' in from ? decodeCursor(from.cursor) : undefined
    const cursor = decoded === undefined || isRefusal(decoded) ? undefined : decoded
    const { patterns, name } = request
    const sub = this.table.newSub()
    subscription.subscriber = this.broker.subscribe(
      {
        ...{ sub, kind: 'client', patterns, name, sink: subscription, resumes: false },
        ...{ start, cursor, choose: epochOf(from) },
      },
      (subscriber) => this.send({ op: 'subscribed', id, cursor: encodeCursor(subscriber.cursor()) }),
    )
  }

  #unsubscribe(id: number): void {
    const subscription = this.subscriptions.get(id)
    const cursor = subscription?.subscriber?.cursor() ?? new Map()
    if (subscription !== undefined) this.#drop(subscription, false)
    this.send({ op: 'unsubscribed', id, cursor: encodeCursor(cursor) })
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

  #drop(subscription: ClientSubscription, broke: boolean): void {
    const { id } = subscription.request
    this.subscriptions.delete(id)
    const { subscriber } = subscription
    if (subscriber === undefined) return
    this.table.saveCursor(subscription, this)
    this.table.release(subscription.request, this)
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
