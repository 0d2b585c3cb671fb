// The journal of one simulated node (docs/protocol.md section 4): the lines that the production journal would hold,
// written through at once, so that a crash loses none. It survives restarts, as a disk would.

import type { Recorder } from '../node/broker/ports.ts'
import type { JournalLine, SubscriptionEventLine } from '../node/core/common/journal-lines.ts'

/** Hears of what was numbered and of subscription lines. */
export interface JournalListener {
  onSent(stream: string, from: number, count: number): void
  onSubscriptionLine(line: SubscriptionEventLine): void
}

type Extendable = { -readonly [Key in 'to' | 'n' | 'last' | 'at']: number }

export class Journal implements Recorder {
  readonly lines: JournalLine[] = []
  readonly #now: () => number
  readonly #listener: JournalListener
  /** The last line, while the next delivery may still extend it. */
  #open: (JournalLine & { t: 'got' }) | undefined

  constructor(now: () => number, listener: JournalListener) {
    this.#now = now
    this.#listener = listener
  }

  write(line: JournalLine): void {
    this.#open = undefined
    this.lines.push(line)
  }

  sent(
    stream: string,
    origin: string,
    from: number,
    count: number,
    topic: string,
    first: number,
    last: number,
  ): void {
    const to = from + count - 1
    this.write({ t: 'sent', at: this.#now(), stream, origin, from, to, n: count, topic, first, last })
    this.#listener.onSent(stream, from, count)
  }

  sentMixed(
    stream: string,
    origin: string,
    from: number,
    topics: readonly string[],
    topicIndexes: ArrayLike<number>,
    first: number,
    last: number,
  ): void {
    const n = topicIndexes.length
    const order = Array.from(topicIndexes, (index) => `${index}*1`).join(',')
    const to = from + n - 1
    this.write({ t: 'sent', at: this.#now(), stream, origin, from, to, n, topics, order, first, last })
    this.#listener.onSent(stream, from, n)
  }

  stream(stream: string, topics: readonly string[], deleted: boolean, at: number): void {
    this.write({ t: 'stream', at, stream, topics, ...(deleted && { deleted }) })
  }

  delivered(sub: string, stream: string, origin: string, from: number, to: number, now: number): void {
    const open = this.#open
    const isNext =
      open !== undefined &&
      open.sub === sub &&
      open.stream === stream &&
      open.origin === origin &&
      open.to + 1 === from
    if (isNext) {
      const line: Extendable = open
      line.to = to
      line.n += to - from + 1
      line.last = now
      return
    }
    const n = to - from + 1
    const line = { t: 'got', at: now, sub, stream, origin, from, to, n, first: now, last: now } as const
    this.write({ ...line })
    this.#open = this.lines[this.lines.length - 1] as JournalLine & { t: 'got' }
  }

  latency(): void {}

  placed(): void {}

  voided(): void {}

  unplaced(): void {}

  subscriptionEvent(line: SubscriptionEventLine): void {
    this.write(line)
    this.#listener.onSubscriptionLine(line)
  }

  /** The whole journal as the text of one file. */
  get text(): string {
    return this.lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  }
}
