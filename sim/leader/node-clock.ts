// The clock of a node. A process reads the time of day once, when it begins, and from then on a clock that nobody sets, though it may be
// fast or slow (node/clock.ts): whoever sets the time of day is heard of by the next process.

import type { Timeline } from '../timeline.ts'

export class NodeClock {
  readonly #timeline: Timeline
  readonly #beganAt: number
  /** So much faster than the true time, of each millisecond. */
  readonly #drift: number
  /** What the time of day is ahead of the true time when nothing drifts, and what of that the process knows. */
  #setAheadMs: number
  #knownAheadMs: number

  constructor(timeline: Timeline, aheadMs: number, drift: number = 0) {
    this.#timeline = timeline
    this.#beganAt = timeline.now
    this.#drift = drift
    this.#setAheadMs = aheadMs
    this.#knownAheadMs = aheadMs
  }

  /** What the process is ahead of the true time, milliseconds. */
  get aheadMs(): number {
    return this.#knownAheadMs + this.#drift * (this.#timeline.now - this.#beganAt)
  }

  now(): number {
    return this.#timeline.now + this.aheadMs
  }

  /** The running process sees a jump, as it does of no clock of production: whatever hangs on no clock must stand it. */
  jump(byMs: number): void {
    this.#setAheadMs += byMs
    this.#knownAheadMs += byMs
  }

  /** Somebody sets the time of day. */
  set(byMs: number): void {
    this.#setAheadMs += byMs
  }

  /** A process begins. */
  restart(): void {
    this.#knownAheadMs = this.#setAheadMs
  }
}
