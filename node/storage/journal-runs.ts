// Turns the calls of the hot path into journal lines, at most one per run and second. A run is what is contiguous:
// on the sending side everything of one (stream, origin), with its topics as run lengths; on the receiving side
// everything of one (subscription, stream, origin), with holes as ranges. Extending an open run allocates nothing.
// No input or output happens here: lines leave through `emit`, and whoever owns the clock calls `flush`.

import type {
  JournalLine,
  PlacedLine,
  RetentionLine,
  SentProducer,
  StreamLine,
  SubscriptionEventLine,
  UnplacedLine,
  VoidLine,
} from '../core/common/journal-lines.ts'
import { ReceivedRun, type RunMode, SentRun } from './journal-run.ts'
import { childMap } from './nested-map.ts'

/** Open runs in memory before all of them are written early; at about 300 B each this is 3 MB. */
const openRunsMax = 10_000

export interface JournalRunsOptions {
  readonly emit: (line: JournalLine) => void
  /** Milliseconds since 1970; asked when lines are emitted, never per message. */
  readonly now: () => number
  /** For tests; the default is a named limit of this file. */
  readonly openRunsMax?: number
}

type ByOrigin<Run> = Map<string, Run>
type ByStream<Run> = Map<string, ByOrigin<Run>>

/** Collects runs and emits them as lines. */
export class JournalRuns {
  readonly #emit: (line: JournalLine) => void
  readonly #now: () => number
  readonly #openRunsMax: number
  /** stream -> origin -> open run of what this node numbered. */
  #sent: ByStream<SentRun> = new Map()
  /** subscription -> stream -> origin -> open run of what was delivered. */
  #received: Map<string, ByStream<ReceivedRun>> = new Map()
  /** stream -> origin -> highest sequence dropped from memory since the last flush. */
  #retention: ByStream<number> = new Map()
  /** stream -> origin -> last sequence that has its place, where that was told since the last flush. */
  #placed: ByStream<number> = new Map()
  /** What passed by last, or has no place, while more may follow it. */
  #range: Omit<VoidLine | UnplacedLine, 'at'> | undefined
  /** Entries of the four maps together. */
  #openRuns = 0
  /** The run extended last: the same one is extended again most of the time, and found without a map. */
  #lastSent: SentRun | undefined
  #lastReceived: ReceivedRun | undefined

  constructor(options: JournalRunsOptions) {
    this.#emit = options.emit
    this.#now = options.now
    this.#openRunsMax = options.openRunsMax ?? openRunsMax
  }

  /** Runs that wait for the next flush. */
  get openRuns(): number {
    return this.#openRuns
  }

  /** This node numbered `count` records of one topic; times are intended send times in milliseconds. */
  sent(
    stream: string,
    origin: string,
    from: number,
    count: number,
    topic: string,
    firstMs: number,
    lastMs: number,
    mode: RunMode = 'gossip',
    producer?: SentProducer,
  ): void {
    const run = this.#sentRun(stream, origin, from, firstMs, mode, producer)
    run.extend(topic, count, lastMs)
    if (run.isFull) this.#emitSent(run)
  }

  /** The same for a batch of several topics: `topicIndexes` holds one index into `topics` per record. */
  sentMixed(
    stream: string,
    origin: string,
    from: number,
    topics: readonly string[],
    topicIndexes: ArrayLike<number>,
    firstMs: number,
    lastMs: number,
    mode: RunMode = 'gossip',
    producer?: SentProducer,
  ): void {
    let start = 0
    while (start < topicIndexes.length) {
      const index = topicIndexes[start] ?? 0
      let end = start + 1
      while (end < topicIndexes.length && topicIndexes[end] === index) end++
      const isLast = end === topicIndexes.length
      this.sent(
        stream,
        origin,
        from + start,
        end - start,
        topics[index] ?? '',
        firstMs,
        isLast ? lastMs : firstMs,
        mode,
        producer && { ...producer, sequence: producer.sequence + start },
      )
      start = end
    }
  }

  /** Every sequence from..to of the origin was delivered to the subscription. */
  delivered(sub: string, stream: string, origin: string, from: number, to: number, nowMs: number): void {
    let run = this.#lastReceived
    if (run === undefined || run.sub !== sub || run.stream !== stream || run.origin !== origin) {
      run = this.#receivedRun(sub, stream, origin)
      this.#lastReceived = run
    }
    // A sequence that does not rise is a broken promise of the delivery rule. The journal has to show it as it
    // happened, so it opens a line of its own instead of being merged into a range.
    if (!run.isEmpty && from <= run.to) this.#emit(run.take(this.#now()))
    run.extend(from, to, nowMs)
    if (run.isFull) this.#emit(run.take(this.#now()))
  }

  /** The node dropped everything of the origin up to `to` from its memory. */
  retained(stream: string, origin: string, to: number): void {
    this.#raise(this.#retention, stream, origin, to)
  }

  /** Everything of the origin up to `to` has its place in the order of the stream. */
  placed(stream: string, origin: string, to: number): void {
    this.#raise(this.#placed, stream, origin, to)
  }

  /** Everything from..to of the origin passed by with no message. */
  voided(stream: string, origin: string, from: number, to: number): void {
    this.#addRange('void', stream, origin, from, to)
  }

  /** Everything from..to of the origin has no place in the order, and needs none any more. */
  unplaced(stream: string, origin: string, from: number, to: number): void {
    this.placed(stream, origin, to)
    this.#addRange('unplaced', stream, origin, from, to)
  }

  #addRange(t: 'void' | 'unplaced', stream: string, origin: string, from: number, to: number): void {
    const open = this.#range
    const isSame = open?.t === t && open.stream === stream && open.origin === origin
    const isNext = isSame && open.to + 1 === from
    if (!isNext) this.#emitRange()
    this.#range = { t, stream, origin, from: isNext ? open.from : from, to }
  }

  #emitRange(): void {
    if (this.#range !== undefined) this.#emit({ ...this.#range, at: this.#now() })
    this.#range = undefined
  }

  #raise(sequences: ByStream<number>, stream: string, origin: string, to: number): void {
    const before = sequences.get(stream)?.get(origin)
    if (before === undefined) this.#openRun()
    childMap(sequences, stream).set(origin, Math.max(before ?? 0, to))
  }

  /** Writes a line about one subscription, after everything that was delivered to it before. */
  subscriptionEvent(line: SubscriptionEventLine): void {
    const streams = this.#received.get(line.sub)
    if (streams !== undefined) {
      this.#emitReceived(streams)
      this.#received.delete(line.sub)
      this.#lastReceived = undefined
    }
    this.#emit(line)
  }

  /** Writes a stream's definition, after everything that happened under the one before. */
  streamEvent(line: StreamLine): void {
    this.flush()
    this.#emit(line)
  }

  /** Emits all open runs. Called once a second, and before a `stop` line. */
  flush(): void {
    const at = this.#now()
    for (const origins of this.#sent.values()) {
      for (const run of origins.values()) if (!run.isEmpty) this.#emit(run.take(at))
    }
    for (const streams of this.#received.values()) this.#emitReceived(streams)
    this.#emitRange()
    for (const [stream, origins] of this.#placed) {
      for (const [origin, to] of origins)
        this.#emit({ t: 'placed', at, stream, origin, to } satisfies PlacedLine)
    }
    for (const [stream, origins] of this.#retention) {
      for (const [origin, to] of origins)
        this.#emit({ t: 'retention', at, stream, origin, to } satisfies RetentionLine)
    }
    this.#sent = new Map()
    this.#received = new Map()
    this.#retention = new Map()
    this.#placed = new Map()
    this.#openRuns = 0
    this.#lastSent = undefined
    this.#lastReceived = undefined
  }

  #sentRun(
    stream: string,
    origin: string,
    from: number,
    firstMs: number,
    mode: RunMode,
    producer: SentProducer | undefined,
  ): SentRun {
    let run = this.#lastSent
    if (run === undefined || run.stream !== stream || run.origin !== origin) {
      run = this.#sent.get(stream)?.get(origin)
      if (run === undefined) {
        this.#openRun()
        run = new SentRun(stream, origin)
        childMap(this.#sent, stream).set(origin, run)
      }
      this.#lastSent = run
    }
    const goesOn = run.next === from && run.mode === mode && run.isContinuedBy(producer)
    if (!run.isEmpty && !goesOn) this.#emitSent(run)
    if (run.isEmpty) run.begin(from, firstMs, mode, producer)
    return run
  }

  #receivedRun(sub: string, stream: string, origin: string): ReceivedRun {
    const known = this.#received.get(sub)?.get(stream)?.get(origin)
    if (known !== undefined) return known
    this.#openRun()
    const run = new ReceivedRun(sub, stream, origin)
    childMap(childMap(this.#received, sub), stream).set(origin, run)
    return run
  }

  #openRun(): void {
    if (this.#openRuns >= this.#openRunsMax) this.flush()
    this.#openRuns++
  }

  #emitSent(run: SentRun): void {
    this.#emit(run.take(this.#now()))
  }

  #emitReceived(streams: ByStream<ReceivedRun>): void {
    const at = this.#now()
    for (const origins of streams.values()) {
      this.#openRuns -= origins.size
      for (const run of origins.values()) if (!run.isEmpty) this.#emit(run.take(at))
    }
  }
}
