// How a member of a queue reads its stream: the one order, from the lowest place of a slot that it has; of each batch it takes the messages of its
// slots that it has not handed out. When it gets a slot it begins again from there, which costs reading and no sending.

import type { Boot, Origin } from '../core/common/ids.ts'
import { fromOrigin } from '../core/common/ids.ts'
import { type FeedItem, type FeedStart, hasPassed } from '../core/stream/feed.ts'
import { LogFeed } from '../core/stream/log-feed.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'
import type { Low } from '../leader/names/command.ts'
import type { QueueTerms } from '../leader/names/queues.ts'
import { filterRecords } from '../wire/batch-filter.ts'
import { batchCount, batchPlace } from '../wire/batch-header.ts'
import { isVoid } from '../wire/batch-producer.ts'
import { noSlot, slotsOf } from '../wire/batch-slots.ts'
import { PatternMatcher } from './pattern-matcher.ts'
import type { SentMessages } from './queue-progress.ts'
import { firstOffset, lastOffset, startAtOffset } from './start.ts'
import { toldGap } from './told-gap.ts'
import type { TopicTables } from './topic-tables.ts'

export type QueueItem =
  | ({
      readonly kind: 'batch'
      readonly replica: Replica
      readonly state: OriginState
      readonly frame: Uint8Array
    } & SentMessages)
  | {
      readonly kind: 'gap'
      readonly replica: Replica
      readonly state: OriginState
      readonly from: number
      readonly to: number
    }

export interface QueueReaderOptions extends QueueTerms {
  /** Epochs of the stream that are still here, oldest first. */
  readonly epochs: () => readonly Replica[]
  /** Offset of the last message of the stream that this node has. */
  readonly last: () => number
  /** Where all slots are acknowledged. */
  readonly low: () => Low
  readonly topicTables: TopicTables
  readonly allocate: (bytes: number) => Uint8Array
}

export class QueueReader {
  readonly #options: QueueReaderOptions
  readonly #matcher: PatternMatcher
  /** By slot that it has: everything up to this offset is handed out, or not for the queue. */
  readonly #handed = new Map<number, number>()
  /** Slots of which nothing more is to be handed out, with the turn in which somebody else is to have them. */
  readonly #closing = new Map<number, number>()
  /** Undefined before it begins, and when it is to begin again. */
  #feed: LogFeed | undefined
  /** Everything up to this offset was read. */
  #read = 0
  /** Up to which sequence a gap was told, by origin. */
  readonly #told = new Map<Boot, number>()

  constructor(options: QueueReaderOptions) {
    this.#options = options
    this.#matcher = new PatternMatcher(options.patterns)
  }

  /** The slots that it has, with the offset up to which they are handed out. */
  get handed(): ReadonlyMap<number, number> {
    return this.#handed
  }

  get closing(): ReadonlyMap<number, number> {
    return this.#closing
  }

  /** Where it stands, by origin. */
  positions(): Iterable<[Origin, number]> {
    return this.#open()?.positions() ?? []
  }

  wants(topic: string): boolean {
    return this.#matcher.wants(topic)
  }

  /** Has a slot, everything of which is acknowledged up to an offset: by others, if it was away meanwhile and nobody saw it go. */
  gain(slot: number, position: number): void {
    const known = this.#handed.get(slot)
    this.#handed.set(slot, Math.max(position, known ?? 0))
    if (known === undefined) this.#feed = undefined
  }

  /** Hands out nothing more of a slot, which somebody else is to have in this turn; or goes on with it. */
  setClosing(slot: number, turn: number | undefined): void {
    if (turn !== undefined) this.#closing.set(slot, turn)
    else if (this.#closing.delete(slot)) this.#feed = undefined
  }

  lose(slot: number): void {
    this.#handed.delete(slot)
    this.#closing.delete(slot)
  }

  /** The last sequences at an offset that is still held; undefined where it is not. */
  lowAt(offset: number): Low | undefined {
    const replica = this.#feed?.replica
    return replica && tryLowOf(replica, offset)
  }

  /** The next item; undefined when there is none now. `budget`: so many batches are read at the most. */
  next(budget: number): { readonly item: QueueItem | undefined; readonly read: number } {
    for (let read = 0; read < budget; read++) {
      const feed = this.#open()
      const found = feed?.next()
      if (feed === undefined || found === undefined) {
        if (feed === undefined || !this.#goOn(feed)) return { item: undefined, read }
        continue
      }
      const item = this.#take(feed.replica, found)
      if (item !== undefined) return { item, read: read + 1 }
    }
    return { item: undefined, read: budget }
  }

  #open(): LogFeed | undefined {
    if (this.#feed !== undefined) return this.#feed
    const open = [...this.#handed].filter(([slot]) => !this.#closing.has(slot)).map(([, offset]) => offset)
    if (open.length === 0) return undefined
    const after = open.reduce((a, b) => Math.min(a, b))
    const epochs = this.#options.epochs().filter(isLed)
    const replica = epochs.find((epoch) => lastOffset(epoch) > after) ?? epochs.at(-1)
    if (replica === undefined) return undefined
    this.#read = after
    this.#feed = new LogFeed(replica, this.#startOf(replica, after))
    return this.#feed
  }

  /** Behind an offset; where retention has dropped something of that, the gap begins where all slots are acknowledged. */
  #startOf(replica: Replica, after: number): FeedStart {
    const first = firstOffset(replica)
    if (first === undefined && this.#options.last() <= after) return { kind: 'now' }
    if (first !== undefined && first <= after + 1) return startAtOffset(replica, after + 1)
    const vector = new Map<Boot, number>()
    for (const [origin, sequence] of this.#options.low().vector) {
      const parts = fromOrigin(origin)
      if (parts !== undefined) vector.set(parts.boot, sequence)
    }
    return { kind: 'after', vector, others: 'zero' }
  }

  /** In the next epoch in leader mode, where this one has ended and was read; false where there is none. */
  #goOn({ replica, vector }: LogFeed): boolean {
    const epochs = this.#options.epochs()
    const following = epochs.slice(epochs.indexOf(replica) + 1).find(isLed)
    const isOver = replica.fence !== undefined && hasPassed({ replica, vector }, replica.fence)
    if (following === undefined || !isOver) return false
    this.#feed = new LogFeed(following, this.#startOf(following, this.#read))
    return true
  }

  #take(replica: Replica, found: FeedItem): QueueItem | undefined {
    const { state } = found
    const gap = toldGap(found)
    if (gap !== undefined) {
      const told = this.#told.get(state.boot) ?? 0
      if (gap.to <= told) return undefined
      this.#told.set(state.boot, gap.to)
      return { kind: 'gap', replica, state, from: Math.max(found.from, told + 1), to: gap.to }
    }
    const frame = found.kind === 'batch' ? found.entry.frame : undefined
    // What passes by without a message has no place.
    if (frame === undefined || isVoid(frame)) return undefined
    const taken = this.#filter(frame)
    this.#read = batchPlace(frame) + batchCount(frame) - 1
    for (const [slot, offset] of this.#handed)
      if (!this.#closing.has(slot)) this.#handed.set(slot, Math.max(offset, this.#read))
    return taken && { kind: 'batch', replica, state, ...taken }
  }

  /** Those messages of a batch that are for this member now. */
  #filter(frame: Uint8Array): ({ readonly frame: Uint8Array } & SentMessages) | undefined {
    const topics = this.#options.topicTables.read(frame)
    if ('problem' in topics) return undefined
    const match = this.#matcher.match(topics)
    if (match.kind === 'none') return undefined
    const first = batchPlace(frame)
    const slots = slotsOf(frame, topics, this.#options.key)
    const isWanted = (slot: number, place: number): boolean =>
      slot !== noSlot && !this.#closing.has(slot) && first + place > (this.#handed.get(slot) ?? everything)
    const places: number[] = []
    const keeps = (at: number, place: number): boolean => {
      const isMatched = match.kind !== 'some' || match.topics[topicIndexAt(frame, at)] === true
      const isKept = isMatched && isWanted(slots[place] ?? noSlot, place)
      if (isKept) places.push(place)
      return isKept
    }
    const filtered = filterRecords(frame, keeps, this.#options.allocate)
    if (filtered === undefined) return undefined
    return {
      frame: places.length === slots.length ? frame : filtered,
      slots: Uint8Array.from(places, (place) => slots[place] ?? noSlot),
      offsets: places.map((place) => first + place),
    }
  }
}

/** The last sequences of a replica at an offset; undefined where it does not hold what comes behind that, unless nothing does: `last` is its end. */
export function tryLowOf(replica: Replica, offset: number, last?: number): Low | undefined {
  const first = firstOffset(replica)
  const isKnown = first === undefined ? offset === last : first <= offset + 1
  return isKnown ? lowOf(replica, offset) : undefined
}

/** The last sequences of a replica at an offset of which it has everything behind. */
export function lowOf(replica: Replica, offset: number): Low {
  const isHeld = firstOffset(replica) !== undefined
  const start = startAtOffset(replica, offset + 1)
  const vector = new Map<Origin, number>()
  for (const { boot, origin, position = 0 } of replica.origins.values()) {
    const passed = start.kind === 'after' && isHeld ? start.vector.get(boot) : position
    vector.set(origin, passed ?? 0)
  }
  return { offset, vector }
}

/** No offset is beyond it: a slot of somebody else. */
const everything = Number.POSITIVE_INFINITY

export function isLed({ definition }: Replica): boolean {
  return definition.mode === 'leader'
}

function topicIndexAt(frame: Uint8Array, at: number): number {
  return (frame[at + 4] as number) | ((frame[at + 5] as number) << 8)
}
