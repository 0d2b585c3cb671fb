// One subscription of a client, over as many connections as it takes: subscribes, takes batches in, hands deliveries
// to a handler or an iterator, and returns credit for what was worked on.

import { HeraldError, type Refusal } from '../node/core/common/errors.ts'
import type { ClientControl, GapReason, StartFrom } from '../node/wire/control.ts'
import { encodeCredit, isRefusal } from '../node/wire/control.ts'
import { decodeCursor } from '../node/wire/cursor.ts'
import type { Delivery } from './delivery.ts'
import { Inbox } from './inbox.ts'
import type { ReadingSettings } from './options.ts'
import type { PositionNames } from './receipt.ts'
import type { Environment } from './transport.ts'

/** Where a subscription talks to while there is a connection. */
export interface SubscriptionLink {
  send(frame: Uint8Array): void
  sendControl(message: ClientControl): void
}

/** Whoever takes deliveries: a handler's loop or an iterator. */
export interface Consumer {
  /** Something can be taken, or more than before. */
  onAvailable(): void
  /** Nothing more will come once the inbox is empty; with an error unless it was asked for. */
  onEnded(error: unknown): void
}

export interface SubscriptionSettings extends ReadingSettings {
  readonly id: number
  readonly patterns: readonly string[]
}

/** Idle subscribers return what is left of their credit after this, so that a slow trickle costs few frames. */
const idleCreditMs = 25

type Phase = 'subscribing' | 'active' | 'unsubscribing' | 'ended'

export class SubscriptionCore {
  readonly settings: SubscriptionSettings
  readonly inbox: Inbox
  /** Settles with the first confirmation or the refusal. */
  readonly confirmed: PromiseWithResolvers<void> = Promise.withResolvers()
  /** Resolves when the subscription is over. */
  readonly over: PromiseWithResolvers<HeraldError | undefined> = Promise.withResolvers()
  readonly #environment: Environment
  readonly #onOver: (core: SubscriptionCore) => void
  #consumer: Consumer | undefined
  #phase: Phase = 'subscribing'
  #link: SubscriptionLink | undefined
  /** Whether the node of this connection has confirmed. */
  #isConfirmedHere = false
  #wasConfirmed = false
  /** Totals that were last told to the node. */
  #creditedMessages = 0
  #creditedBytes = 0
  #cancelIdleCredit: (() => void) | undefined
  #isStarted = false
  /** Whether a batch or a gap has come: a subscription that waits for its offset has no position to go on from. */
  #hasReceived = false
  /** Whether everything that was taken has been worked on. */
  #isIdle = true
  /** There is a connection, and the node is asked as soon as everything has been worked on. */
  #isDue = false

  constructor(
    environment: Environment,
    settings: SubscriptionSettings,
    names: PositionNames,
    onOver: (core: SubscriptionCore) => void,
  ) {
    this.settings = settings
    this.inbox = new Inbox(names, settings.queue !== undefined)
    this.#environment = environment
    this.#onOver = onOver
    this.#adoptStart()
    // A caller who is no longer there to wait is no reason for an unhandled rejection.
    this.confirmed.promise.catch(() => {})
  }

  get isOver(): boolean {
    return this.#phase === 'ended'
  }

  /** Whether what the node sends is wanted; it may send before it confirms. */
  get #isTaking(): boolean {
    return this.#phase === 'subscribing' || this.#phase === 'active'
  }

  /** Whether another connection goes on behind what was received; else it begins as the first one did. */
  get #goesOn(): boolean {
    const { from } = this.settings
    return this.#wasConfirmed && (this.#hasReceived || typeof from !== 'object' || !('offset' in from))
  }

  get cursor(): string {
    return this.inbox.positions.toCursor('handed')
  }

  /** Whoever takes the deliveries; given once, before the subscription starts. */
  setConsumer(consumer: Consumer): void {
    this.#consumer = consumer
  }

  /**
   * Asks the node; after the first confirmation, to go on behind what was received. What an earlier connection brought
   * is worked off before: otherwise every reconnect would add a whole credit to what waits for a stuck handler.
   */
  attach(link: SubscriptionLink): void {
    this.#link = link
    if (!this.#goesOn) {
      this.inbox.restart()
      this.#adoptStart()
    }
    this.#isDue = !(this.#isIdle && this.inbox.isEmpty)
    if (!this.#isDue) this.#subscribe(link)
  }

  detach(): void {
    this.#link = undefined
    this.#isConfirmedHere = false
    this.#isDue = false
    // What a member of a queue has not begun to work on goes to others, or comes again.
    if (this.settings.queue !== undefined) this.inbox.clear()
    this.#cancelIdleCredit?.()
    this.#cancelIdleCredit = undefined
    if (this.#phase === 'unsubscribing') this.end(undefined)
  }

  onSubscribed(cursorText: string): string | undefined {
    if (this.#phase === 'ended') return undefined
    const cursor = decodeCursor(cursorText)
    if (isRefusal(cursor)) return cursor.reason
    this.inbox.positions.adopt(cursor)
    this.#isConfirmedHere = true
    if (this.#wasConfirmed) return undefined
    this.#wasConfirmed = true
    if (this.#phase === 'subscribing') this.#phase = 'active'
    this.confirmed.resolve()
    // Deliveries start in a later turn, when whoever awaits the confirmation holds the subscription in hand.
    this.#environment.afterTurn(() => {
      this.#isStarted = true
      if (this.#phase === 'active') this.#consumer?.onAvailable()
    })
    return undefined
  }

  /** The node does not take the subscription, or ended it. A draining node is left for another one. */
  onRefused(refusal: Refusal): void {
    if (refusal.refused === 'NODE_DRAINING') return
    this.end(new HeraldError(refusal.refused, refusal.reason))
  }

  onBatch(frame: Uint8Array): string | undefined {
    if (!this.#isTaking) return undefined
    this.#hasReceived = true
    return this.inbox.onBatch(frame) ?? this.#announce()
  }

  onProgress(stream: number, boot: number, sequence: number): string | undefined {
    if (!this.#isTaking) return undefined
    return this.inbox.onProgress(stream, boot, sequence) ?? this.#announce()
  }

  onGap(stream: number, boot: number, from: number, to: number, reason: GapReason): string | undefined {
    if (!this.#isTaking) return undefined
    this.#hasReceived = true
    return this.inbox.onGap(stream, boot, from, to, reason) ?? this.#announce()
  }

  /** The next delivery, if the subscription has started and something waits. */
  take(): Delivery | undefined {
    if (!this.#isStarted || this.#phase === 'unsubscribing') return undefined
    const delivery = this.inbox.take()
    if (delivery !== undefined) this.#isIdle = false
    return delivery
  }

  /** What was taken last has been worked on. */
  onConsumed(): void {
    this.inbox.onConsumed()
    if (this.#isCreditDue()) this.#sendCredit()
  }

  /** Nothing more can be taken for now. */
  onIdle(): void {
    this.#isIdle = true
    if (this.#isDue && this.#link !== undefined) {
      this.#isDue = false
      return this.#subscribe(this.#link)
    }
    const { messages, bytes } = this.inbox.consumed
    if (messages === this.#creditedMessages && bytes === this.#creditedBytes) return
    if (this.#isCreditDue()) this.#sendCredit()
    else this.#cancelIdleCredit ??= this.#environment.startTimer(idleCreditMs, () => this.#sendCredit(), true)
  }

  /** Stops the deliveries now and tells the node; resolves when the node has confirmed or is gone. */
  unsubscribe(): Promise<void> {
    return this.#leave(undefined)
  }

  /** Ends it here because of a signal: whoever waits gets the reason. */
  abort(reason: unknown): void {
    this.confirmed.reject(reason)
    void this.#leave(reason)
  }

  /** The subscription is over; what waits in the inbox can still be taken. */
  end(error: HeraldError | undefined): void {
    if (this.#phase === 'ended') return
    const wasUnsubscribing = this.#phase === 'unsubscribing'
    this.#phase = 'ended'
    this.#cancelIdleCredit?.()
    this.#link = undefined
    this.confirmed.reject(error ?? new HeraldError('CLIENT_CLOSED', 'the client was closed'))
    this.over.resolve(error)
    this.#onOver(this)
    if (!wasUnsubscribing) this.#consumer?.onEnded(error)
  }

  #subscribe(link: SubscriptionLink): void {
    const { id, patterns, from, name, queue, key, credit } = this.settings
    this.inbox.consumed.messages = 0
    this.inbox.consumed.bytes = 0
    this.#creditedMessages = 0
    this.#creditedBytes = 0
    const start: StartFrom =
      this.#goesOn && queue === undefined ? { cursor: this.inbox.positions.toCursor('received') } : from
    link.sendControl({ op: 'subscribe', id, patterns, from: start, name, queue, key, credit })
  }

  /** With a name the node's own cursor wins; without one, the delivery rule begins at the cursor given. */
  #adoptStart(): void {
    const { name, from } = this.settings
    if (name !== undefined || typeof from !== 'object' || !('cursor' in from)) return
    const cursor = decodeCursor(from.cursor)
    if (isRefusal(cursor)) throw new HeraldError(cursor.refused, cursor.reason)
    this.inbox.positions.adopt(cursor)
  }

  async #leave(reason: unknown): Promise<void> {
    if (this.#phase === 'ended') return
    if (this.#phase !== 'unsubscribing') {
      this.#sendCredit()
      this.#phase = 'unsubscribing'
      this.inbox.clear()
      this.confirmed.reject(new HeraldError('CLIENT_CLOSED', 'unsubscribed before the node confirmed'))
      this.#consumer?.onEnded(reason)
      if (this.#link === undefined || this.#isDue) this.end(undefined)
      else this.#link.sendControl({ op: 'unsubscribe', id: this.settings.id })
    }
    await this.over.promise
  }

  #announce(): undefined {
    if (this.#isStarted) this.#consumer?.onAvailable()
    return undefined
  }

  /** Whether a quarter of the credit was consumed since the node was told. */
  #isCreditDue(): boolean {
    const { consumed } = this.inbox
    const { credit } = this.settings
    return (
      consumed.messages - this.#creditedMessages >= credit.messages / 4 ||
      consumed.bytes - this.#creditedBytes >= credit.bytes / 4
    )
  }

  #sendCredit(): void {
    this.#cancelIdleCredit?.()
    this.#cancelIdleCredit = undefined
    const { messages, bytes } = this.inbox.consumed
    if (this.#link === undefined || !this.#isConfirmedHere) return
    if (messages === this.#creditedMessages && bytes === this.#creditedBytes) return
    this.#creditedMessages = messages
    this.#creditedBytes = bytes
    this.#link.send(encodeCredit({ subscription: this.settings.id, messages, bytes }))
  }
}
