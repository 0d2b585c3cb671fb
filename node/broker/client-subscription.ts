// One subscription of one client connection: its credit, and what the client has consumed of what it was sent.
//
// A durable subscription's cursor must not run ahead of the client, so what was sent and not yet consumed is kept as a
// queue, bounded by the credit; a total that the client reports moves the cursor to there. Both ends count what is on
// the wire: all records of a frame, also those that the client has had. A gap counts nothing, so it is known to be consumed
// when a message sent after it is. Without credit the client reports nothing, and
// what was sent counts as consumed.

import { Deque } from '../core/common/deque.ts'
import type { Origin } from '../core/common/ids.ts'
import type { GapReason, OriginState, Replica } from '../core/stream/replica.ts'
import { batchSequence } from '../wire/batch-header.ts'
import { BatchReader } from '../wire/batch-reader.ts'
import type { SubscribeRequest } from '../wire/control.ts'
import { type Cursor, encodeCursor } from '../wire/cursor.ts'
import type { QueueMember } from './queue-member.ts'
import type { Subscriber, SubscriberSink } from './subscriber.ts'

/** What the connection does for its subscriptions. */
export interface SubscriptionOutlet {
  /** Whether the connection's socket takes more. */
  readonly isWritable: boolean
  /** Whether frames go out whole, with the records before `from`. Then the client counts those as well. */
  readonly sendsWholeFrames: boolean
  sendBatch(
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
    reason: GapReason,
  ): void
}

/** A batch or a gap that was sent and not consumed; totals are those after it. */
interface Outstanding {
  readonly stream: string
  readonly origin: Origin
  /** Messages that are new to the client, 0 of a gap; copies before them are in the totals alone. */
  readonly messages: number
  readonly from: number
  to: number
  readonly totalMessages: number
}

const reader = new BatchReader()

export class ClientSubscription implements SubscriberSink {
  readonly request: SubscribeRequest
  /** What the journal calls it. */
  readonly sub: string
  readonly #outlet: SubscriptionOutlet
  /** Set once the broker has made it. */
  subscriber: Subscriber | undefined
  /** The same of one that is a member of a queue. */
  member: QueueMember | undefined
  /** Last sequence that the client was told of, by origin; batches, gaps and progress frames tell. */
  readonly told: WeakMap<OriginState, number> = new WeakMap()
  #sentMessages = 0
  #sentBytes = 0
  #consumedMessages = 0
  #consumedBytes = 0
  readonly #outstanding = new Deque<Outstanding>()
  /** What the client has consumed, by stream and origin. */
  readonly #consumed = new Map<string, Map<Origin, number>>()

  constructor(request: SubscribeRequest, sub: string, outlet: SubscriptionOutlet) {
    this.request = request
    this.sub = sub
    this.#outlet = outlet
  }

  get canTake(): boolean {
    if (!this.#outlet.isWritable) return false
    const { credit } = this.request
    if (credit === undefined) return true
    return (
      this.#sentMessages - this.#consumedMessages < credit.messages &&
      this.#sentBytes - this.#consumedBytes < credit.bytes
    )
  }

  /** Whether the client may not have consumed all that it was sent. */
  get hasOutstanding(): boolean {
    return this.#sentMessages > this.#consumedMessages
  }

  batch(
    replica: Replica,
    state: OriginState,
    frame: Uint8Array,
    from: number,
    to: number,
    count: number,
  ): void {
    this.#sentMessages += count + this.#copiesIn(frame, from)
    this.#sentBytes += frame.length
    const stream = replica.name
    if (this.#isQueueing) {
      const { origin } = state
      const totalMessages = this.#sentMessages
      this.#outstanding.push({ stream, origin, messages: count, from, to, totalMessages })
    }
    this.#outlet.sendBatch(this, stream, state, frame, from, to)
    // Whoever asks for no credit has worked on what it was sent.
    if (this.request.credit === undefined) this.member?.onConsumed(this.#sentMessages)
  }

  gap(replica: Replica, state: OriginState, from: number, to: number, reason: GapReason): void {
    if (this.#isQueueing) this.#queueGap(replica.name, state.origin, from, to)
    this.#outlet.sendGap(this, replica.name, state, from, to, reason)
  }

  /** The client has consumed so much since the subscription began; lower totals than before are old news. */
  onCredit(messages: number, bytes: number): void {
    this.#consumedMessages = Math.max(this.#consumedMessages, Math.min(messages, this.#sentMessages))
    this.#consumedBytes = Math.max(this.#consumedBytes, Math.min(bytes, this.#sentBytes))
    for (let head = this.#outstanding.peek(); head !== undefined; head = this.#outstanding.peek()) {
      const missing = head.totalMessages - this.#consumedMessages
      if (missing >= head.messages) break
      // A batch consumed in part moves the cursor in part. Where holes lie is not known here: as if all came last.
      const position = missing <= 0 ? head.to : head.from - 1 + head.messages - missing
      this.#moveTo(head.stream, head.origin, position)
      if (missing > 0) break
      this.#outstanding.shift()
    }
    this.member?.onConsumed(this.#consumedMessages)
    this.pump()
  }

  pump(): void {
    this.subscriber?.pump()
    this.member?.pump()
  }

  /** Its cursor; where it was to begin, if it has not begun. */
  standsAt(): string {
    const { from } = this.request
    if (this.subscriber !== undefined) return encodeCursor(this.subscriber.cursor())
    return typeof from === 'object' && 'cursor' in from ? from.cursor : encodeCursor(new Map())
  }

  /** Where a durable subscription goes on after this connection. */
  consumedCursor(): Cursor {
    const passed = this.subscriber?.cursor() ?? new Map<string, ReadonlyMap<Origin, number>>()
    if (this.#outstanding.length === 0) return passed
    const waiting = new Map<string, Set<Origin>>()
    for (let at = this.#outstanding.first; at < this.#outstanding.end; at++) {
      const item = this.#outstanding.at(at)
      if (item === undefined) continue
      const origins = waiting.get(item.stream) ?? new Set()
      waiting.set(item.stream, origins.add(item.origin))
    }
    const cursor = new Map<string, Map<Origin, number>>()
    for (const [stream, vector] of passed) {
      const entries = new Map(vector)
      for (const origin of waiting.get(stream) ?? []) {
        const consumed = this.#consumed.get(stream)?.get(origin) ?? 0
        entries.set(origin, Math.max(consumed, this.#firstWaiting(stream, origin)))
      }
      cursor.set(stream, entries)
    }
    return cursor
  }

  /** Whether what the client has consumed is followed item by item. */
  get #isQueueing(): boolean {
    return this.request.name !== undefined && this.request.credit !== undefined
  }

  /** Gaps between the same two messages are one per origin, so that the queue stays bounded by messages and origins. */
  #queueGap(stream: string, origin: Origin, from: number, to: number): void {
    for (let at = this.#outstanding.end - 1; at >= this.#outstanding.first; at--) {
      const item = this.#outstanding.at(at)
      if (item === undefined || item.messages > 0) break
      if (item.stream !== stream || item.origin !== origin) continue
      item.to = to
      return
    }
    this.#outstanding.push({
      stream,
      origin,
      messages: 0,
      from,
      to,
      totalMessages: this.#sentMessages,
    })
  }

  /** Records before `from` that go out again, because frames go out whole. */
  #copiesIn(frame: Uint8Array, from: number): number {
    if (!this.#outlet.sendsWholeFrames || batchSequence(frame) >= from) return 0
    reader.open(frame)
    let copies = 0
    while (reader.next() && reader.sequence < from) copies++
    return copies
  }

  /** The sequence before the first one that waits to be consumed. */
  #firstWaiting(stream: string, origin: Origin): number {
    for (let at = this.#outstanding.first; at < this.#outstanding.end; at++) {
      const item = this.#outstanding.at(at)
      if (item?.stream === stream && item.origin === origin) return item.from - 1
    }
    return 0
  }

  #moveTo(stream: string, origin: Origin, sequence: number): void {
    let vector = this.#consumed.get(stream)
    if (vector === undefined) {
      vector = new Map()
      this.#consumed.set(stream, vector)
    }
    vector.set(origin, Math.max(sequence, vector.get(origin) ?? 0))
  }
}
