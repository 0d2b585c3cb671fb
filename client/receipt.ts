// What publish() hands back. All publications of a batch share one state; a receipt is the batch and an index, and makes
// a promise only when somebody waits. A publisher that awaits nothing pays for two words.

import type { PublishCode, RefusedCode } from '../node/core/common/publish-endings.ts'
import type { AckLevel } from '../node/wire/batch-header.ts'
import type { ProducerTag } from '../node/wire/batch-producer.ts'
import type { AcknowledgedRun } from '../node/wire/control.ts'

/** How a publication ended. */
export type PublishResult =
  /** Stored at the level asked for. The position is absent where the node does not tell it. */
  | {
      readonly status: 'acknowledged'
      readonly stream: string | undefined
      readonly origin: string | undefined
      readonly sequence: number | undefined
      /** Place in the order of the stream, 1, 2, 3 …, and the epoch in which it got it; absent where the stream has no order. */
      readonly offset: number | undefined
      readonly epoch: number | undefined
      /** Of a named producer's: it was stored already, where the rest says, as far as that is known. */
      readonly duplicate?: true
    }
  /** Handed to the connection with `ack: 'none'`; nothing more will be known. */
  | { readonly status: 'sent' }
  /** Not stored: publishing again cannot double it. */
  | { readonly status: 'refused'; readonly code: RefusedCode; readonly reason: string }
  /** It may or may not be stored. The code is that of a refusal where an earlier attempt of a named producer is in doubt. */
  | { readonly status: 'unknown'; readonly code: PublishCode; readonly reason: string }

/** What became of a whole batch. */
export type BatchOutcome =
  | { readonly status: 'acknowledged'; readonly runs: readonly AcknowledgedRun[] }
  | { readonly status: 'sent' }
  | Exclude<PublishResult, { readonly status: 'acknowledged' | 'sent' }>

/** Translates the numbers of an acknowledgement. */
export interface PositionNames {
  streamName(number: number): string | undefined
  /** The number of the stream that a number on the wire stands for: epochs have numbers of their own. */
  streamNumber(number: number): number
  originName(boot: number): string | undefined
}

/** Publications that are sent and settled together. */
export class PublishBatch {
  readonly level: AckLevel
  readonly deadlineMs: number
  /** When its outcome is due, in the environment's clock. */
  readonly deadlineAt: number
  /** Intended send time of the first publication. */
  readonly baseTime: number
  /** Whether that was given, so that later publications must carry their own. */
  readonly isTimed: boolean
  /** Of a named producer: the sequence of the first publication. */
  readonly producer: ProducerTag | undefined
  readonly #names: PositionNames
  count = 0
  /** Bytes of the frame, counted as held until the batch is settled. */
  bytes = 0
  /** The frame, from sealing until it is sent; of a named producer's, until it is settled. */
  frame: Uint8Array | undefined = undefined
  outcome: BatchOutcome | undefined = undefined
  /** Whether it was sent on a connection that broke before the answer. */
  isInDoubt = false
  /** Called when somebody begins to wait while there is no outcome. */
  onAwaited: (() => void) | undefined = undefined
  #promise: Promise<void> | undefined = undefined
  #resolve: (() => void) | undefined = undefined

  constructor(
    level: AckLevel,
    now: number,
    deadlineMs: number,
    time: number | undefined,
    names: PositionNames,
    producer?: ProducerTag,
  ) {
    this.level = level
    this.deadlineMs = deadlineMs
    this.deadlineAt = now + deadlineMs
    this.baseTime = time ?? now
    this.isTimed = time !== undefined
    this.producer = producer
    this.#names = names
  }

  /** Whether a publication of this producer, or of none, is the next one of this batch. */
  goesOnWith(producer: ProducerTag | undefined): boolean {
    const mine = this.producer
    if (mine === undefined || producer === undefined) return mine === producer
    return mine.name === producer.name && mine.sequence + this.count === producer.sequence
  }

  /** Whether somebody waits for the outcome. */
  get isAwaited(): boolean {
    return this.#promise !== undefined
  }

  /** Resolves when the batch is settled. Never rejects. */
  wait(): Promise<void> {
    if (this.#promise !== undefined) return this.#promise
    if (this.outcome !== undefined) {
      this.#promise = Promise.resolve()
    } else {
      this.#promise = new Promise((resolve) => {
        this.#resolve = resolve
      })
      this.onAwaited?.()
    }
    return this.#promise
  }

  settle(outcome: BatchOutcome): void {
    this.outcome = outcome
    this.frame = undefined
    this.#resolve?.()
  }

  /** The result of one publication, once the batch is settled. */
  resultAt(index: number): PublishResult | undefined {
    const outcome = this.outcome
    if (outcome === undefined || outcome.status !== 'acknowledged') return outcome
    let first = 0
    for (const run of outcome.runs) {
      if (index < first + run.records) {
        return {
          status: 'acknowledged',
          stream: this.#names.streamName(run.stream),
          origin: this.#names.originName(run.boot),
          sequence: run.first === 0 ? undefined : run.first + index - first,
          offset: run.offset === 0 ? undefined : run.offset + index - first,
          epoch: run.offset === 0 ? undefined : run.epoch,
          ...(run.isDuplicate === true ? { duplicate: true } : {}),
        }
      }
      first += run.records
    }
    return unplaced
  }
}

/**
 * The outcome of one publication, now or later: `await` it for a PublishResult. It never rejects, so one that nobody
 * awaits is no unhandled rejection.
 */
export class PublishReceipt implements PromiseLike<PublishResult> {
  readonly #batch: PublishBatch
  readonly #index: number

  /** Made by `publish`. */
  constructor(batch: PublishBatch, index: number) {
    this.#batch = batch
    this.#index = index
  }

  /** The sequence that its named producer gave it: publishing again with it is the retry of what ended as unknown. */
  get producerSequence(): number | undefined {
    const { producer } = this.#batch
    return producer && producer.sequence + this.#index
  }

  /** The outcome if there is one already. */
  get result(): PublishResult | undefined {
    return this.#batch.resultAt(this.#index)
  }

  /** Makes a receipt awaitable: it resolves with how the publish ended, and never rejects. */
  // biome-ignore lint/suspicious/noThenProperty: a receipt is awaited like a promise, without being one per message.
  then<Fulfilled = PublishResult, Rejected = never>(
    onFulfilled?: ((result: PublishResult) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    const batch = this.#batch
    const index = this.#index
    return batch
      .wait()
      .then((): PublishResult => batch.resultAt(index) ?? unsettled)
      .then(onFulfilled, onRejected)
  }
}

/** Where the node does not tell the position. */
const unplaced: PublishResult = {
  status: 'acknowledged',
  stream: undefined,
  origin: undefined,
  sequence: undefined,
  offset: undefined,
  epoch: undefined,
}

/** Only named for the type: `wait` resolves after an outcome was set. */
const unsettled: PublishResult = { status: 'unknown', code: 'PUBLISH_UNKNOWN', reason: 'no outcome' }
