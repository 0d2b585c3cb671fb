// The time of the Raft groups of one node: a tick every 50 ms while there is something to do. At rest all ticks of a second pass at once, on
// the whole second like those of the node's own clockwork (node/ticker.ts): the nodes of a host wake up together, and sleep the rest of the time.

import { untilWhole } from './clock.ts'
import { leaderLimits } from './leader/limits.ts'

/** Between two looks at the clock at rest, milliseconds. META's heartbeats go out then, and its elections wait longer than that. */
const restMs = 1000
const { tickMs } = leaderLimits

export interface LeaderClockworkOptions {
  /** Whether nobody would miss a tick. */
  readonly isAtRest: () => boolean
  /** So many ticks have passed. */
  readonly onTicks: (ticks: number) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export class LeaderClockwork {
  readonly #options: LeaderClockworkOptions
  #timer: NodeJS.Timeout | undefined
  #isResting = false

  constructor(options: LeaderClockworkOptions) {
    this.#options = options
  }

  start(): void {
    const { isAtRest, onTicks, now } = this.#options
    this.#isResting = isAtRest()
    const delayMs = this.#isResting ? untilWhole(restMs, now()) : tickMs
    const ticks = Math.max(1, Math.round(delayMs / tickMs))
    this.#timer = setTimeout(() => {
      this.#isResting = false
      onTicks(ticks)
      this.start()
    }, delayMs)
  }

  /** Something has happened: if that ended the rest, the next tick comes soon. */
  onTurn(): void {
    if (!this.#isResting || this.#options.isAtRest()) return
    clearTimeout(this.#timer)
    this.start()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#isResting = false
  }
}
