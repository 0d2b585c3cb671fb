// One open run on its way to becoming a journal line: the two shapes that JournalRuns keeps. `take` turns what was
// collected into a line and empties the run, so that the same object serves the next stretch.

import type { GotLine, MixedSentLine, SentLine, SentProducer } from '../core/common/journal-lines.ts'

/** In which mode of its stream a run was numbered. */
export type RunMode = 'gossip' | 'leader'

/** Ranges of one `got` line; more make a second line. 1,000 ranges are about 15 KB of text. */
const rangesMax = 1_000
/** Topic changes within one `sent` line: about 16 KB of text. */
const topicChangesMax = 4_096
/** Distinct topics of one `sent` line, as many as one batch may have. */
const topicsMax = 512

/** What this node numbered for one (stream, origin): contiguous sequences, of any topics. */
export class SentRun {
  readonly stream: string
  readonly origin: string
  /** First sequence; the run holds `#from` up to, not including, `next`. */
  #from = 0
  /** The sequence that would continue the run. */
  next = 0
  /** The same for all of the run. */
  mode: RunMode = 'gossip'
  /** Of all of the run; `sequence` is that of the first message. */
  #producer: SentProducer | undefined
  #firstMs = 0
  #lastMs = 0
  /** Topic -> its index in the line's topic list, in order of appearance. */
  #topics: Map<string, number> = new Map()
  /** Run lengths, in pairs: topic index, records. */
  #order: number[] = []
  /** Topic of the last pair. */
  #topic = ''

  constructor(stream: string, origin: string) {
    this.stream = stream
    this.origin = origin
  }

  get isEmpty(): boolean {
    return this.next === this.#from
  }

  get isFull(): boolean {
    return this.#order.length >= topicChangesMax * 2 || this.#topics.size >= topicsMax
  }

  /** Whether a message is numbered behind this run by the same producer, or as this run by none. */
  isContinuedBy(producer: SentProducer | undefined): boolean {
    const mine = this.#producer
    if (mine === undefined || producer === undefined) return mine === producer
    return mine.name === producer.name && mine.sequence + this.next - this.#from === producer.sequence
  }

  /** Starts an empty run at a sequence. */
  begin(from: number, firstMs: number, mode: RunMode, producer: SentProducer | undefined): void {
    this.mode = mode
    this.#producer = producer
    this.#from = from
    this.next = from
    this.#firstMs = firstMs
  }

  /** Adds the next `count` records, all of one topic. */
  extend(topic: string, count: number, lastMs: number): void {
    const order = this.#order
    if (order.length > 0 && topic === this.#topic) {
      const last = order.length - 1
      order[last] = (order[last] ?? 0) + count
    } else {
      let index = this.#topics.get(topic)
      if (index === undefined) {
        index = this.#topics.size
        this.#topics.set(topic, index)
      }
      order.push(index, count)
      this.#topic = topic
    }
    this.next += count
    this.#lastMs = lastMs
  }

  /** The run as a line; the run is empty afterwards. */
  take(at: number): SentLine | MixedSentLine {
    const run = { t: 'sent', at, stream: this.stream, origin: this.origin, from: this.#from } as const
    const end = { to: this.next - 1, n: this.next - this.#from }
    const ordered = this.mode === 'leader' ? { ordered: true as const } : {}
    const named = this.#producer && { producer: this.#producer.name, number: this.#producer.sequence }
    const times = { first: this.#firstMs, last: this.#lastMs, ...ordered, ...named }
    const isMixed = this.#topics.size > 1
    const line = isMixed
      ? { ...run, ...end, topics: [...this.#topics.keys()], order: toOrderText(this.#order), ...times }
      : { ...run, ...end, topic: this.#topic, ...times }
    this.#from = this.next
    this.#topics = new Map()
    this.#order = []
    return line
  }
}

/** What was delivered of one (subscription, stream, origin): rising sequences, with or without holes. */
export class ReceivedRun {
  readonly sub: string
  readonly stream: string
  readonly origin: string
  #from = 0
  /** Last sequence delivered; 0 while empty. */
  to = 0
  /** First sequence of the range that is being extended. */
  #rangeFrom = 0
  #count = 0
  #firstMs = 0
  #lastMs = 0
  /** Closed ranges, in pairs: first, last. Empty while there is no hole. */
  #ranges: number[] = []

  constructor(sub: string, stream: string, origin: string) {
    this.sub = sub
    this.stream = stream
    this.origin = origin
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  get isFull(): boolean {
    return this.#ranges.length >= rangesMax * 2 - 2
  }

  /** Adds from..to; must lie above everything in the run. */
  extend(from: number, to: number, nowMs: number): void {
    if (this.#count === 0) {
      this.#from = from
      this.#rangeFrom = from
      this.#firstMs = nowMs
    } else if (from !== this.to + 1) {
      this.#ranges.push(this.#rangeFrom, this.to)
      this.#rangeFrom = from
    }
    this.to = to
    this.#count += to - from + 1
    this.#lastMs = nowMs
  }

  /** The run as a line; the run is empty afterwards. */
  take(at: number): GotLine {
    const { sub, stream, origin, to } = this
    const start = { t: 'got', at, sub, stream, origin, from: this.#from, to, n: this.#count } as const
    const times = { first: this.#firstMs, last: this.#lastMs }
    let line: GotLine = { ...start, ...times }
    if (this.#ranges.length > 0) {
      this.#ranges.push(this.#rangeFrom, to)
      line = { ...line, ranges: toRangesText(this.#ranges) }
      this.#ranges = []
    }
    this.#count = 0
    this.to = 0
    return line
  }
}

function toOrderText(order: readonly number[]): string {
  const parts: string[] = []
  for (let at = 0; at < order.length; at += 2) parts.push(`${order[at]}*${order[at + 1]}`)
  return parts.join(',')
}

function toRangesText(ranges: readonly number[]): string {
  const parts: string[] = []
  for (let at = 0; at < ranges.length; at += 2) {
    const first = ranges[at]
    const last = ranges[at + 1]
    parts.push(first === last ? `${first}` : `${first}-${last}`)
  }
  return parts.join(',')
}
