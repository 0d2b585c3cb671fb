// One subscription on one node: its patterns, its way through every stream they touch, and what it may be sent.
//
// A subscriber is driven by `pump`: while its sink takes more and its credit lasts, it takes the next item of a feed.
// A batch of which every topic matches goes out as it is; one of which some topics match is filtered; one of which none
// matches only moves the position, which the other end is told before it needs to know.

import type { NodeId, Origin } from '../core/common/ids.ts'
import { Feed, type FeedItem, type FeedStart } from '../core/stream/feed.ts'
import { matches } from '../core/stream/pattern.ts'
import type { GapReason, OriginState, Replica } from '../core/stream/replica.ts'
import { filterBatch } from '../wire/batch-filter.ts'
import { batchBaseTime, batchFlag, batchOffset } from '../wire/batch-header.ts'
import { BatchReader } from '../wire/batch-reader.ts'
import type { Cursor } from '../wire/cursor.ts'
import type { Broker } from './broker.ts'

/** Where a subscriber's items go: a client's connection, or the node itself. */
export interface SubscriberSink {
  /** Whether another item may be handed over now. */
  readonly canTake: boolean
  /** A batch of which the subscriber gets `count` messages, the sequences from..to less holes. */
  batch(
    replica: Replica,
    state: OriginState,
    frame: Uint8Array,
    from: number,
    to: number,
    count: number,
  ): void
  gap(replica: Replica, state: OriginState, from: number, to: number, reason: GapReason): void
}

export interface SubscriberOptions {
  /** Unique in the cluster; the same again when a node's subscription resumes. */
  readonly sub: string
  readonly kind: 'node' | 'client'
  readonly patterns: readonly string[]
  readonly name: string | undefined
  readonly sink: SubscriberSink
  /** Where to begin on each stream. */
  readonly start: (replica: Replica) => FeedStart
  /** Whether the journal has seen this subscription before, under the same `sub`: then where it began is known. */
  readonly resumes: boolean
}

/** What the patterns say of one topic table. */
type Match =
  | { readonly kind: 'all' | 'none' }
  | { readonly kind: 'some'; readonly topics: readonly boolean[] }

/** Batches that one pump hands out before others get their turn. */
const pumpBatchesMax = 256

export class Subscriber {
  readonly options: SubscriberOptions
  readonly #broker: Broker
  readonly #feeds = new Map<Replica, Feed>()
  /** Answers for topic tables seen last, by the identity of the table. */
  readonly #matches = new WeakMap<readonly string[], Match>()
  readonly #reader = new BatchReader()
  /** Messages handed to the sink, by stream. */
  readonly #delivered = new Map<Replica, number>()
  /** When the subscriber last took something while it was waiting for nothing else, milliseconds. */
  lastTaken: number
  #isStopped = false
  #isPumping = false
  #pumpAgain = false

  constructor(broker: Broker, options: SubscriberOptions) {
    this.#broker = broker
    this.options = options
    this.lastTaken = broker.ports.now()
  }

  get streams(): readonly Replica[] {
    return [...this.#feeds.keys()]
  }

  /** Messages handed to the sink. */
  get delivered(): number {
    let messages = 0
    for (const count of this.#delivered.values()) messages += count
    return messages
  }

  /** The same of one stream. */
  deliveredOn(replica: Replica): number {
    return this.#delivered.get(replica) ?? 0
  }

  feedOf(replica: Replica): Feed | undefined {
    return this.#feeds.get(replica)
  }

  /** Begins on a stream; from here on its batches come. */
  addStream(replica: Replica): void {
    if (this.#feeds.has(replica)) return
    const { start } = this.options
    const backfill = (state: OriginState, from: number, to: number): void =>
      this.#broker.backfill(replica, state, from, to)
    const feed = new Feed(replica, start(replica), backfill)
    this.#feeds.set(replica, feed)
    this.#recordBegin(feed)
    for (const state of replica.origins.values()) {
      if (state.position !== undefined && !this.options.resumes) this.#recordBase(feed, state)
    }
  }

  /** Tells a new journal file that this subscription exists, and where it stands. */
  announce(): void {
    for (const feed of this.#feeds.values()) {
      this.#recordBegin(feed)
      for (const state of feed.replica.origins.values()) {
        if (state.position !== undefined) this.#recordBase(feed, state)
      }
    }
  }

  /** Stops on a stream that was removed, or on all. */
  removeStream(replica: Replica): void {
    const feed = this.#feeds.get(replica)
    if (feed === undefined) return
    this.#feeds.delete(replica)
    const seqs: Record<string, number> = {}
    for (const [boot, sequence] of feed.vector) {
      const state = replica.origins.get(boot)
      if (state !== undefined) seqs[state.origin] = sequence
    }
    const { recorder, now } = this.#broker.ports
    recorder.subscriptionEvent({ t: 'end', at: now(), sub: this.options.sub, stream: replica.name, seqs })
  }

  stop(): void {
    this.#isStopped = true
    for (const replica of [...this.#feeds.keys()]) this.removeStream(replica)
  }

  /** The node has learnt where its interest in an origin begins. */
  onBase(replica: Replica, state: OriginState): void {
    const feed = this.#feeds.get(replica)
    if (feed === undefined) return
    feed.onBase(state)
    if (!this.options.resumes) this.#recordBase(feed, state)
  }

  /** True if any topic of the pattern's streams would be delivered here. */
  wants(topic: string): boolean {
    return this.options.patterns.some((pattern) => matches(pattern, topic))
  }

  /** Where the subscriber stands on all its streams. */
  cursor(): Cursor {
    const cursor = new Map<string, Map<Origin, number>>()
    for (const [replica, feed] of this.#feeds) {
      const vector = new Map<Origin, number>()
      for (const state of replica.origins.values()) {
        if (feed.vector.has(state.boot) || state.position !== undefined)
          vector.set(state.origin, feed.passed(state))
      }
      cursor.set(replica.name, vector)
    }
    return cursor
  }

  /** Hands out what there is while the sink takes it. */
  pump(): void {
    // Asking for what is missing may bring it at once, and with it the next call: one loop serves both.
    this.#pumpAgain = true
    if (this.#isPumping) return
    this.#isPumping = true
    let budget = pumpBatchesMax
    while (this.#pumpAgain && budget > 0) {
      this.#pumpAgain = false
      for (const feed of this.#feeds.values()) budget = this.#pumpFeed(feed, budget)
    }
    this.#isPumping = false
    if (budget === 0) this.#broker.ports.endOfTurn(() => this.pump())
  }

  /** Hands out at most `budget` items of one feed; returns what is left of the budget. */
  #pumpFeed(feed: Feed, budget: number): number {
    let left = budget
    while (left > 0 && this.options.sink.canTake && !this.#isStopped) {
      const item = feed.next()
      if (item === undefined) break
      this.#hand(feed.replica, item)
      left--
    }
    return left
  }

  #hand(replica: Replica, item: FeedItem): void {
    const { recorder, now } = this.#broker.ports
    const { sub, sink } = this.options
    const at = now()
    this.lastTaken = at
    const { state } = item
    if (item.kind === 'gap') {
      const { from, to, reason } = item
      const { origin } = state
      recorder.subscriptionEvent({ t: 'gap', at, sub, stream: replica.name, origin, from, to, reason })
      this.#broker.ports.count('gapsTold', 1)
      sink.gap(replica, state, from, to, reason)
      return
    }
    const { entry, from } = item
    const frame = entry.frame
    if (frame === undefined) return
    const topics = this.#broker.topicTables.read(frame)
    if ('problem' in topics) return
    const match = this.#match(topics)
    if (match.kind === 'none') return
    if (match.kind === 'some') this.#handFiltered(replica, item, frame, topics, match.topics, at)
    else {
      const count = entry.to - from + 1
      this.#countDelivered(replica, count)
      recorder.delivered(sub, replica.name, state.origin, from, entry.to, at)
      this.#recordLatency(replica.name, state.node, frame, topics, from, count, at)
      sink.batch(replica, state, frame, from, entry.to, count)
    }
  }

  #handFiltered(
    replica: Replica,
    item: FeedItem & { kind: 'batch' },
    frame: Uint8Array,
    topics: readonly string[],
    wanted: readonly boolean[],
    at: number,
  ): void {
    const filtered = filterBatch(frame, (index) => wanted[index] === true, this.#broker.ports.allocate)
    if (filtered === undefined) return
    const { state, from, entry } = item
    const reader = this.#reader
    reader.open(filtered)
    let count = 0
    while (reader.next()) {
      if (reader.sequence < from) continue
      count++
      this.#broker.ports.recorder.delivered(
        this.options.sub,
        replica.name,
        state.origin,
        reader.sequence,
        reader.sequence,
        at,
      )
    }
    if (count === 0) return
    this.#countDelivered(replica, count)
    this.#recordLatency(replica.name, state.node, filtered, topics, from, count, at)
    this.options.sink.batch(replica, state, filtered, from, entry.to, count)
  }

  #countDelivered(replica: Replica, count: number): void {
    this.#delivered.set(replica, this.deliveredOn(replica) + count)
    this.#broker.ports.count('messagesDelivered', count)
  }

  /** One value for the whole batch, unless records carry times or topics of their own. */
  #recordLatency(
    stream: string,
    node: NodeId,
    frame: Uint8Array,
    topics: readonly string[],
    from: number,
    count: number,
    at: number,
  ): void {
    const { recorder } = this.#broker.ports
    const onlyTopic = topics.length === 1 ? topics[0] : undefined
    const hasTimes = ((frame[batchOffset.flags] as number) & batchFlag.times) !== 0
    if (onlyTopic !== undefined && !hasTimes) {
      recorder.latency(stream, onlyTopic, node, (at - batchBaseTime(frame)) * 1000, count)
      return
    }
    const reader = this.#reader
    reader.open(frame)
    while (reader.next()) {
      if (reader.sequence < from) continue
      recorder.latency(stream, topics[reader.topicIndex] ?? '', node, (at - reader.time) * 1000, 1)
    }
  }

  #match(topics: readonly string[]): Match {
    let match = this.#matches.get(topics)
    if (match === undefined) {
      const wanted = topics.map((topic) => this.wants(topic))
      if (wanted.every((isWanted) => isWanted)) match = { kind: 'all' }
      else if (wanted.some((isWanted) => isWanted)) match = { kind: 'some', topics: wanted }
      else match = { kind: 'none' }
      this.#matches.set(topics, match)
    }
    return match
  }

  #recordBegin(feed: Feed): void {
    const { sub, kind, patterns, name } = this.options
    const { recorder, now } = this.#broker.ports
    const named = name === undefined ? {} : { name }
    const stream = feed.replica.name
    recorder.subscriptionEvent({ t: 'sub', at: now(), sub, kind, patterns, stream, ...named })
  }

  #recordBase(feed: Feed, state: OriginState): void {
    const seq = feed.passed(state)
    if (seq === 0) return
    const { recorder, now } = this.#broker.ports
    const { replica } = feed
    const { sub } = this.options
    recorder.subscriptionEvent({ t: 'base', at: now(), sub, stream: replica.name, origin: state.origin, seq })
  }
}
