// The open-loop schedule: message i is due at start + i / rate, whatever became of the ones before. Every millisecond
// (ticker.ts) what is due is sent; each message keeps its own intended time, so a late tick shows as latency and is not
// hidden (coordinated omission).

/** Sent later than this after its intended time, a message counts as a missed slot. Ten ticks. */
export const missedAfterMs = 10
/** A run that missed more than this part of its schedule is invalid. */
export const missedPartMax = 0.001

export interface ScheduleOptions {
  readonly startMs: number
  readonly ratePerSecond: number
  /** Infinity for one that goes on until it is ended. */
  readonly count: number
}

/** Which messages are due when. */
export class Schedule {
  readonly #startMs: number
  readonly #ratePerSecond: number
  /** Messages in all; `end` makes it those that were due so far. */
  #count: number
  #next = 0
  #missed = 0

  constructor({ startMs, ratePerSecond, count }: ScheduleOptions) {
    this.#startMs = startMs
    this.#ratePerSecond = ratePerSecond
    this.#count = count
  }

  /** When a message is meant to be sent. */
  intendedMs(index: number): number {
    return this.#startMs + (index * 1000) / this.#ratePerSecond
  }

  /** The intended time of the next message if it is due; undefined if none is. Moves on to the one after it. */
  takeDue(nowMs: number): number | undefined {
    if (this.isOver) return undefined
    const intendedMs = this.intendedMs(this.#next)
    if (intendedMs > nowMs) return undefined
    this.#next++
    if (nowMs - intendedMs > missedAfterMs) this.#missed++
    return intendedMs
  }

  /** No message is due any more. */
  end(): void {
    this.#count = this.#next
  }

  get isOver(): boolean {
    return this.#next >= this.#count
  }

  /** Messages that were sent too late. */
  get missed(): number {
    return this.#missed
  }
}

/** Whether so much of a schedule was missed that the run says nothing. */
export function isInvalid(missed: number, count: number): boolean {
  return missed > count * missedPartMax
}
