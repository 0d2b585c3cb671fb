// The node's clockwork: machines look at their deadlines often while they have any, and once a second at rest.

import { now, untilWhole } from './clock.ts'
import type { LoopLag } from './loop-lag.ts'

/** Between two ticks, milliseconds: while something has a deadline, and at rest. */
const tickMs = { busy: 100, rest: 1000 } as const

export interface TickerOptions {
  readonly hasDeadlines: () => boolean
  readonly onTick: () => void
  /** Once a second, behind a tick. */
  readonly onSecond: (at: number) => void
  readonly loopLag: LoopLag
}

export class Ticker {
  readonly #options: TickerOptions
  #timer: NodeJS.Timeout | undefined
  #nextSecond = 0

  constructor(options: TickerOptions) {
    this.#options = options
  }

  start(): void {
    this.#tick()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #tick(): void {
    const { hasDeadlines, onTick, onSecond, loopLag } = this.#options
    onTick()
    loopLag.onTick(now())
    const at = now()
    if (at >= this.#nextSecond) {
      this.#nextSecond = at - (at % 1000) + 1000
      onSecond(at)
    }
    const delayMs = untilWhole(hasDeadlines() ? tickMs.busy : tickMs.rest, at)
    loopLag.expect(at + delayMs)
    this.#timer = setTimeout(() => this.#tick(), delayMs)
  }
}
