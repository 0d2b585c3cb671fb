// The subscriber's end of a measurement: every message is counted, its length, number, phase and time are read and its place in
// the order is checked. A phase that lost, doubled or reordered anything is no result.

import { build, type Histogram } from 'hdr-histogram-js'
import { clockMs } from './clock.ts'
import { readIntendedMs, readNumber, readPhase } from './payload.ts'
import { progressEvery } from './window.ts'

/** Latencies in microseconds, and how many there are. */
export interface LatencySummary {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** What arrived somewhere in one phase. */
export interface Arrivals {
  readonly received: number
  /** When the last message had been handed over, on the host's clock. */
  readonly lastAt: number
  readonly latency: LatencySummary | undefined
}

/** What one subscriber got in one phase. */
export interface Received extends Arrivals {
  /** Numbers that were skipped and did not come before the end of the phase. */
  readonly missing: number
  /** Messages that came a second time or behind a later one. */
  readonly misplaced: number
  readonly wrongSize: number
}

/** An hour in microseconds: nothing measured here takes longer. */
const latencyUsMax = 3_600_000_000

export function newHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: latencyUsMax,
    numberOfSignificantValueDigits: 3,
  })
}

/** Records a duration of milliseconds in microseconds. */
export function recordMs(histogram: Histogram, durationMs: number): void {
  histogram.recordValue(Math.min(latencyUsMax, Math.max(1, Math.round(durationMs * 1000))))
}

export function summarize(histogram: Histogram): LatencySummary {
  return {
    count: histogram.totalCount,
    p50: histogram.getValueAtPercentile(50),
    p99: histogram.getValueAtPercentile(99),
    p999: histogram.getValueAtPercentile(99.9),
    max: histogram.maxValue,
  }
}

export interface ReceiverOptions {
  readonly phase: number
  readonly payloadBytes: number
  /** Whether messages carry their intended send time. */
  readonly isTimed: boolean
  /** Called with the count now and then, if given. */
  readonly onProgress?: ((received: number) => void) | undefined
  readonly now?: () => number
}

/** Counts and checks the messages of one phase. Messages of other phases are left out. */
export class Receiver {
  readonly #phase: number
  readonly #payloadBytes: number
  readonly #histogram: Histogram | undefined
  readonly #now: () => number
  readonly #onProgress: ((received: number) => void) | undefined
  #received = 0
  /** The number that must come next. */
  #expected = 0
  #missing = 0
  #misplaced = 0
  #wrongSize = 0
  #lastAt = 0
  #isTurnAwaited = false

  constructor(options: ReceiverOptions) {
    this.#phase = options.phase
    this.#payloadBytes = options.payloadBytes
    this.#histogram = options.isTimed ? newHistogram() : undefined
    this.#now = options.now ?? clockMs
    this.#onProgress = options.onProgress
  }

  get received(): number {
    return this.#received
  }

  onPayload(payload: Uint8Array): void {
    if (readPhase(payload) !== this.#phase) return
    if (payload.length !== this.#payloadBytes) this.#wrongSize++
    const number = readNumber(payload)
    if (number === this.#expected) this.#expected++
    else this.#onDisorder(number)
    this.#received++
    if (this.#received % progressEvery === 0) this.#onProgress?.(this.#received)
    if (this.#histogram !== undefined) recordMs(this.#histogram, this.#now() - readIntendedMs(payload))
    // The clock is read once a turn of the event loop, behind its last message: reading it for each would cost as much
    // as the message.
    if (this.#isTurnAwaited) return
    this.#isTurnAwaited = true
    setImmediate(() => {
      this.#isTurnAwaited = false
      this.#lastAt = this.#now()
    })
  }

  /** What came so far. Call in a later turn than the last message. */
  result(): Received {
    return {
      received: this.#received,
      missing: this.#missing,
      misplaced: this.#misplaced,
      wrongSize: this.#wrongSize,
      lastAt: this.#lastAt,
      latency: this.#histogram === undefined ? undefined : summarize(this.#histogram),
    }
  }

  #onDisorder(number: number): void {
    if (number > this.#expected) {
      this.#missing += number - this.#expected
      this.#expected = number + 1
    } else this.#misplaced++
  }
}

/** Why a subscriber's phase is no result; undefined if it got every message once and in order. */
export function deliveryProblem(received: Received, sent: number): string | undefined {
  const { missing, misplaced, wrongSize } = received
  if (received.received < sent) return `${sent - received.received} of ${sent} messages lost`
  if (received.received > sent) return `${received.received - sent} messages too many`
  if (missing > 0 || misplaced > 0) return `${misplaced} messages out of order`
  return wrongSize > 0 ? `${wrongSize} messages of a wrong size` : undefined
}
