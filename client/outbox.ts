// Sealed batches on their way: they wait in order until the connection may take them, then for their acknowledgement.
// Each ends in exactly one way: acknowledged, sent (nothing was asked), refused (not stored) or unknown. One timer
// watches all deadlines.

import { Deque } from '../node/core/common/deque.ts'
import {
  copiesTimeoutReason,
  isRefusedCode,
  type PublishCode,
  type RefusedCode,
} from '../node/core/common/publish-endings.ts'
import { batchOffset } from '../node/wire/batch-header.ts'
import { writeU32 } from '../node/wire/bytes.ts'
import { encodeAnswerRequest, type PublishOutcome } from '../node/wire/control.ts'
import { Patience } from './patience.ts'
import { noPublishCounts, type PublishCounts } from './publish-counts.ts'
import type { BatchOutcome, PublishBatch } from './receipt.ts'
import { splitReason } from './refusal.ts'
import { drainBytes, type Environment } from './transport.ts'

/** Where batches go while there is a connection. */
export interface PublishLink {
  send(frame: Uint8Array): void
  readonly bufferedBytes: number
}

/** Hears of publications that did not make it, by batch. */
export interface FailureListener {
  onFailed(status: 'refused' | 'unknown', messages: number, code: PublishCode, reason: string): void
}

export class Outbox {
  readonly counts: PublishCounts = noPublishCounts()
  readonly #environment: Environment
  readonly #inFlightBytesMax: number
  readonly #listener: FailureListener
  readonly #patience: Patience
  /** Sealed and not sent, oldest first. */
  #queue = new Deque<PublishBatch>()
  /**
   * Sent, by number on this connection; settled ones stay until the node has answered, and answered ones leave a hole
   * until all before them are answered too. No Map: see docs/decisions/09-short-lived-maps.md.
   */
  #sent = new Deque<PublishBatch | undefined>()
  /** Bytes of sealed batches without an outcome. */
  #heldBytes = 0
  /** Bytes that the node counts as in flight. */
  #sentBytes = 0
  #windowBytes: number
  #link: PublishLink | undefined
  #isClosed = false
  #cancelTimer: (() => void) | undefined
  /** When the deadline timer fires; infinite if none is set. */
  #timerAt = Number.POSITIVE_INFINITY
  #writableWaiters: (() => void)[] = []

  constructor(environment: Environment, inFlightBytesMax: number, listener: FailureListener) {
    this.#environment = environment
    this.#inFlightBytesMax = inFlightBytesMax
    this.#listener = listener
    this.#windowBytes = inFlightBytesMax
    this.#patience = new Patience(environment, () => this.#link?.send(encodeAnswerRequest()))
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  get isSaturated(): boolean {
    return this.#heldBytes >= this.#inFlightBytesMax
  }

  /** Takes a sealed batch with its frame. */
  push(batch: PublishBatch, frame: Uint8Array): void {
    batch.frame = frame
    batch.bytes = frame.length
    this.#heldBytes += batch.bytes
    this.#queue.push(batch)
    if (batch.deadlineAt < this.#timerAt) this.#armTimer(batch.deadlineAt)
    this.#pump()
  }

  /** The connection can take batches; numbers start again. `windowBytes` is the node's limit of bytes in flight. */
  attach(link: PublishLink, windowBytes: number): void {
    this.#link = link
    this.#windowBytes = Math.min(windowBytes, this.#inFlightBytesMax)
    this.#pump()
  }

  /** No more batches go to the connection; acknowledgements still count. */
  pause(): void {
    this.#patience.askNow()
    this.#link = undefined
  }

  /**
   * The connection is gone: what was sent without an answer goes first on the next one where its producer is named, and is else unknown; the
   * rest waits for the next one.
   */
  detach(reason: string): void {
    this.#link = undefined
    const sent = this.#unanswered()
    this.#sent = new Deque()
    this.#sentBytes = 0
    this.#patience.reset()
    const again: PublishBatch[] = []
    for (const batch of sent) {
      if (this.#isClosed || batch.producer === undefined || batch.outcome !== undefined)
        this.#fail(batch, 'PUBLISH_UNKNOWN', reason)
      else again.push(batch)
      batch.isInDoubt = true
    }
    this.#putInFront(again)
    this.#wakeWriters()
  }

  #putInFront(again: readonly PublishBatch[]): void {
    const rest = this.#queue
    this.#queue = new Deque()
    for (const batch of again) this.#queue.push(batch)
    for (let batch = rest.shift(); batch !== undefined; batch = rest.shift()) this.#queue.push(batch)
  }

  /** Resolves when the node has answered everything that was sent to it, or the connection is gone. */
  async answered(): Promise<void> {
    await Promise.all(this.#unanswered().map((batch) => batch.wait()))
  }

  onOutcomes(outcomes: readonly PublishOutcome[]): void {
    for (const outcome of outcomes) {
      const batch = this.#takeSent(outcome.publish)
      if (batch === undefined) continue
      this.#sentBytes -= batch.bytes
      if (batch.outcome !== undefined) continue
      if (outcome.status === 'refused') {
        const { code, reason } = splitReason(outcome.reason)
        this.#fail(batch, code, reason)
      } else if (outcome.status === 'stored') {
        this.counts.acknowledged += batch.count
        this.#settle(batch, { status: 'acknowledged', runs: outcome.runs })
      } else {
        this.#fail(batch, 'COPIES_TIMEOUT', copiesTimeoutReason)
      }
    }
    this.#pump()
    this.#wakeWriters()
  }

  /** The connection takes more bytes again. */
  onDrain(): void {
    this.#pump()
    this.#wakeWriters()
  }

  /** Resolves when less than the in-flight limit is held, at once if that is so, or when the client closes. */
  async writable(): Promise<void> {
    if (!this.isSaturated || this.#isClosed) return
    await new Promise<void>((resolve) => this.#writableWaiters.push(resolve))
  }

  /** Resolves when everything that was pushed so far has its outcome. */
  async settled(): Promise<void> {
    const waits = this.#unanswered().map((batch) => batch.wait())
    for (let at = this.#queue.first; at < this.#queue.end; at++) {
      const batch = this.#queue.at(at)
      if (batch !== undefined) waits.push(batch.wait())
    }
    await Promise.all(waits)
  }

  /** Gives everything an outcome: what was sent is unknown, what was not is refused. */
  close(code: RefusedCode, reason: string): void {
    this.#isClosed = true
    this.detach(reason)
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      this.#fail(batch, code, reason)
    }
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#wakeWriters()
  }

  /** Sends what the window allows, in order. */
  #pump(): void {
    for (let batch = this.#queue.peek(); batch !== undefined; batch = this.#queue.peek()) {
      const link = this.#link
      const frame = batch.frame
      if (link === undefined || frame === undefined) return
      if (this.#sentBytes > 0 && this.#sentBytes + batch.bytes > this.#windowBytes)
        return this.#patience.askNow()
      // Below `drainBytes` no socket would call `onDrain`, and nothing would go on.
      if (link.bufferedBytes > Math.max(this.#windowBytes, drainBytes)) return
      this.#queue.shift()
      if (batch.producer === undefined) batch.frame = undefined
      writeU32(frame, batchOffset.publishNumber, this.#sent.end + 1)
      this.counts.batches++
      if (batch.level === 'none') {
        this.#sent.push(undefined)
        this.#dropAnswered()
        link.send(frame)
        this.counts.sent += batch.count
        this.#settle(batch, { status: 'sent' })
        continue
      }
      this.#sent.push(batch)
      this.#sentBytes += batch.bytes
      this.#patience.onSend(batch, frame)
      link.send(frame)
    }
  }

  /** The batch that the connection knows by this number, which is then answered. */
  #takeSent(number: number): PublishBatch | undefined {
    const batch = this.#sent.at(number - 1)
    this.#sent.replace(number - 1, undefined)
    this.#dropAnswered()
    return batch
  }

  #dropAnswered(): void {
    while (this.#sent.length > 0 && this.#sent.peek() === undefined) this.#sent.shift()
  }

  /** What was sent and not answered, oldest first. */
  #unanswered(): PublishBatch[] {
    const batches: PublishBatch[] = []
    for (let at = this.#sent.first; at < this.#sent.end; at++) {
      const batch = this.#sent.at(at)
      if (batch !== undefined) batches.push(batch)
    }
    return batches
  }

  #armTimer(at: number): void {
    this.#cancelTimer?.()
    this.#timerAt = at
    const delayMs = Math.max(1, Math.ceil(at - this.#environment.now()))
    this.#cancelTimer = this.#environment.startTimer(delayMs, () => this.#onDeadline())
  }

  /** Ends what is overdue. Deadlines are nearly always in order, so this looks at everything only when one is due. */
  #onDeadline(): void {
    this.#cancelTimer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.#environment.now()
    let nextAt = Number.POSITIVE_INFINITY
    for (const batch of this.#unanswered()) {
      if (batch.outcome !== undefined) continue
      if (batch.deadlineAt > now) nextAt = Math.min(nextAt, batch.deadlineAt)
      else this.#fail(batch, 'PUBLISH_UNKNOWN', 'no acknowledgement came before the deadline')
    }
    const kept = new Deque<PublishBatch>()
    const overdue: PublishBatch[] = []
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      if (batch.deadlineAt > now) {
        kept.push(batch)
        nextAt = Math.min(nextAt, batch.deadlineAt)
      } else {
        overdue.push(batch)
      }
    }
    this.#queue = kept
    const code = this.#link === undefined ? 'CLIENT_DISCONNECTED' : 'PUBLISH_RATE_LIMITED'
    for (const batch of overdue) this.#fail(batch, code, 'it could not be sent before the deadline')
    if (nextAt < this.#timerAt) this.#armTimer(nextAt)
    this.#wakeWriters()
  }

  #fail(batch: PublishBatch, code: PublishCode, reason: string): void {
    if (batch.outcome !== undefined) return
    // What is not stored now may be so from an earlier attempt.
    const isRefused = isRefusedCode(code) && !batch.isInDoubt
    const outcome = isRefused
      ? ({ status: 'refused', code, reason } as const)
      : ({ status: 'unknown', code, reason } as const)
    this.counts[outcome.status] += batch.count
    this.#settle(batch, outcome)
    this.#listener.onFailed(outcome.status, batch.count, code, reason)
  }

  #settle(batch: PublishBatch, outcome: BatchOutcome): void {
    this.#heldBytes -= batch.bytes
    batch.settle(outcome)
  }

  #wakeWriters(): void {
    if (this.#writableWaiters.length === 0) return
    // Half of the limit, so that a writer that was woken can send more than one batch.
    const isLow = this.#heldBytes * 2 <= this.#inFlightBytesMax
    if (!isLow && !this.#isClosed) return
    const waiters = this.#writableWaiters
    this.#writableWaiters = []
    for (const resolve of waiters) resolve()
  }
}
