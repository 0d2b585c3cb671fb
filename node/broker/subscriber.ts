// One subscription on one node: its patterns, its way through every stream they touch, and what it may be sent.
//
// A subscriber is driven by `pump`: while its sink takes more and its credit lasts, it takes the next item of a feed.
// A batch of which every topic matches goes out as it is; one of which some topics match is filtered; one of which none
// matches only moves the position, which the other end is told before it needs to know.

import { fromOrigin } from '../core/common/ids.ts'
import { Feed, type FeedItem, type FeedStart, hasPassed, type StreamFeed } from '../core/stream/feed.ts'
import { LogFeed } from '../core/stream/log-feed.ts'
import type { GapReason, OriginState, Replica } from '../core/stream/replica.ts'
import { filterBatch } from '../wire/batch-filter.ts'
import { isVoid } from '../wire/batch-producer.ts'
import type { Cursor } from '../wire/cursor.ts'
import { LateStarts } from './late-starts.ts'
import { PatternMatcher } from './pattern-matcher.ts'
import type { BrokerPorts } from './ports.ts'
import { joinPositions } from './positions.ts'
import type { ChooseEpoch, Positions } from './start.ts'
import { SubscriberJournal } from './subscriber-journal.ts'
import { toldGap } from './told-gap.ts'
import type { TopicTables } from './topic-tables.ts'

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

/** What a subscriber needs of its broker. */
export interface SubscriberHost {
  readonly ports: BrokerPorts
  readonly topicTables: TopicTables
  /** Asks other nodes for what this one does not hold. */
  backfill(replica: Replica, state: OriginState, from: number, to: number): void
  /** The epoch that follows one that has ended; undefined where none does. */
  nextEpoch(replica: Replica): Replica | undefined
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
  /** In which epoch of a stream it begins; in the present one if left out. */
  readonly choose?: ChooseEpoch
  /** On streams in leader mode nothing before this place is for it. */
  readonly offset?: number | undefined
  /** What the subscription resumes from. Positions of origins that this node does not know (yet) are carried on. */
  readonly cursor?: Positions | undefined
  /** Whether the journal has seen this subscription before, under the same `sub`: then where it began is known. */
  readonly resumes: boolean
  /** When it was made, milliseconds since 1970, if that was before now. */
  readonly since?: number
}

/** Batches that one pump hands out before others get their turn. */
const pumpBatchesMax = 256

export class Subscriber {
  readonly options: SubscriberOptions
  readonly #host: SubscriberHost
  readonly #matcher: PatternMatcher
  readonly journal: SubscriberJournal
  readonly lateStarts: LateStarts
  readonly #feeds = new Map<Replica, StreamFeed>()
  /** Where it began, where it went on in the present epoch of a stream, in which not every origin has published, and where it ended. */
  #carried: Cursor
  /** Messages handed to the sink, by stream, and of streams that were removed. */
  readonly #delivered = new Map<Replica, number>()
  #deliveredBefore = 0
  /** When the subscriber last took something while it was waiting for nothing else, milliseconds. */
  lastTaken: number
  /** When it subscribed, milliseconds. */
  readonly beganAt: number
  #isStopped = false
  #isPumping = false
  #pumpAgain = false

  constructor(host: SubscriberHost, options: SubscriberOptions) {
    this.#host = host
    this.options = options
    this.#matcher = new PatternMatcher(options.patterns)
    this.#carried = joinPositions(options.cursor ?? [])
    this.journal = new SubscriberJournal(host.ports, options)
    this.beganAt = host.ports.now()
    this.lastTaken = this.beganAt
    this.lateStarts = new LateStarts(options, this.beganAt)
  }

  get streams(): readonly Replica[] {
    return [...this.#feeds.keys()]
  }

  /** Messages handed to the sink. */
  get delivered(): number {
    let messages = this.#deliveredBefore
    for (const count of this.#delivered.values()) messages += count
    return messages
  }

  /** The same of one stream. */
  deliveredOn(replica: Replica): number {
    return this.#delivered.get(replica) ?? 0
  }

  feedOf(replica: Replica): StreamFeed | undefined {
    return this.#feeds.get(replica)
  }

  /** Begins on a stream; from here on its batches come. */
  addStream(replica: Replica, start: FeedStart = this.options.start(replica)): void {
    if (this.#feeds.has(replica)) return
    const feed = this.#newFeed(replica, start)
    this.#feeds.set(replica, feed)
    this.journal.begin(feed.replica)
    if (this.options.resumes) return
    const placed = new Set<string>()
    for (const state of replica.origins.values()) {
      if (state.position === undefined) continue
      placed.add(state.origin)
      this.journal.base(feed, state)
    }
    for (const [origin, seq] of this.options.cursor?.get(replica.name) ?? []) {
      if (!placed.has(origin)) this.journal.baseAt(replica, origin, seq)
    }
  }

  #newFeed(replica: Replica, start: FeedStart): StreamFeed {
    if (replica.definition.mode === 'leader') return new LogFeed(replica, start)
    const backfill = (state: OriginState, from: number, to: number): void =>
      this.#host.backfill(replica, state, from, to)
    // What others say of the origins of the cursor counts here, even if this node has forgotten or never met them.
    for (const origin of this.options.cursor?.get(replica.name)?.keys() ?? []) {
      const parts = fromOrigin(origin)
      if (parts !== undefined) replica.originState(parts.node, parts.boot, this.#host.ports.now())
    }
    return new Feed(replica, start, backfill)
  }

  /** Tells a new journal file that this subscription exists, and where it stands. */
  announce(): void {
    for (const feed of this.#feeds.values()) {
      this.journal.begin(feed.replica)
      for (const state of feed.replica.origins.values()) {
        if (state.position !== undefined) this.journal.base(feed, state)
      }
    }
  }

  /** Stops on a stream that was removed, or on all. */
  removeStream(replica: Replica): void {
    const feed = this.#feeds.get(replica)
    if (feed === undefined) return
    this.#feeds.delete(replica)
    this.#deliveredBefore += this.deliveredOn(replica)
    this.#delivered.delete(replica)
    this.lateStarts.end(feed)
    this.#carried = joinPositions(this.#carried, [[replica.name, feed.positions()]])
    this.journal.end(feed)
  }

  /** It has begun in an epoch that the stream never had: as if it had not. */
  leaveStray(replica: Replica): void {
    const hadBegun = this.lateStarts.hasBegunOn(replica.name)
    this.removeStream(replica)
    if (!hadBegun) this.lateStarts.forget(replica.name)
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
    if (!this.options.resumes) this.journal.base(feed, state)
  }

  /** True if any topic of the pattern's streams would be delivered here. */
  wants(topic: string): boolean {
    return this.#matcher.wants(topic)
  }

  /** Where the subscriber stands on all its streams. */
  cursor(): Cursor {
    const positions = [...this.#feeds.values()].map((feed) => [feed.replica.name, feed.positions()] as const)
    return joinPositions(this.#carried, positions)
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
    if (budget === 0) this.#host.ports.endOfTurn(() => this.pump())
  }

  /** Hands out at most `budget` items of one feed; returns what is left of the budget. */
  #pumpFeed(feed: StreamFeed, budget: number): number {
    let left = budget
    while (left > 0 && this.options.sink.canTake && !this.#isStopped) {
      const item = feed.next()
      if (item === undefined) {
        this.#goOn(feed)
        break
      }
      this.#hand(feed.replica, item)
      left--
    }
    return left
  }

  /** Goes on in the next epoch of a stream, where the one before has ended and everything of it was handed out. */
  #goOn(feed: StreamFeed): void {
    const { replica, vector } = feed
    if (replica.fence === undefined || !hasPassed(feed, replica.fence)) return
    const next = this.#host.nextEpoch(replica)
    if (next === undefined) return
    this.#feeds.delete(replica)
    this.#carried = joinPositions(this.#carried, [[replica.name, feed.positions()]])
    const following = this.#newFeed(next, { kind: 'after', vector, others: 'zero' })
    this.#feeds.set(next, following)
    this.#delivered.set(next, this.deliveredOn(replica))
    this.#delivered.delete(replica)
    this.#pumpAgain = true
  }

  #hand(replica: Replica, item: FeedItem): void {
    const at = this.#host.ports.now()
    this.lastTaken = at
    const { state, from } = item
    const gap = toldGap(item)
    if (gap !== undefined) {
      this.journal.gap(replica, state, from, gap.to, gap.reason, at)
      this.options.sink.gap(replica, state, from, gap.to, gap.reason)
    }
    if (item.kind === 'gap') return
    const { frame, to } = item.entry
    // Of a void its origin's numbers pass by, and nobody gets anything.
    if (frame === undefined || isVoid(frame)) return
    const topics = this.#host.topicTables.read(frame)
    if ('problem' in topics) return
    const match = this.#matcher.match(topics)
    if (match.kind === 'all') {
      this.journal.delivered(replica, state, frame, topics, from, to, at)
      this.#send(replica, state, frame, from, to, to - from + 1)
    } else if (match.kind === 'some') {
      const keep = (index: number): boolean => match.topics[index] === true
      const filtered = filterBatch(frame, keep, this.#host.ports.allocate)
      if (filtered === undefined) return
      const count = this.journal.deliveredSome(replica, state, filtered, topics, from, at)
      if (count > 0) this.#send(replica, state, filtered, from, to, count)
    } else this.journal.order.leave(replica)
  }

  #send(
    replica: Replica,
    state: OriginState,
    frame: Uint8Array,
    from: number,
    to: number,
    count: number,
  ): void {
    this.#delivered.set(replica, this.deliveredOn(replica) + count)
    this.#host.ports.count('messagesDelivered', count)
    this.options.sink.batch(replica, state, frame, from, to, count)
  }
}
