// When the open-loop generator looks at its schedule: at whole periods from its start, whatever system is measured. A timer of the
// event loop would not do: libuv counts whole milliseconds and begins when the loop has come to rest, so its ticks come later by
// what the client and, on two cores, the server have just used, and later still where an answer wakes the loop in between.
// So the generator gives its client two turns of the loop, to write what was published and to read what has come, and then
// sleeps without it.

import { clockMs } from './clock.ts'

/** What a ticker needs of its process; tests bring their own. */
export interface TickerEnvironment {
  /** Milliseconds with fractions. */
  now(): number
  /** Ends when everything that is ready in the event loop has had its turn. */
  turn(): Promise<void>
  /** Stops for about so many milliseconds, which may be a fraction; a promise ends then. */
  sleep(durationMs: number): void | Promise<void>
}

const cell = new Int32Array(new SharedArrayBuffer(4))

const processEnvironment: TickerEnvironment = {
  now: clockMs,
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  sleep: (durationMs) => void Atomics.wait(cell, 0, 0, durationMs),
}

export class Ticker {
  readonly #startMs: number
  readonly #periodMs: number
  readonly #environment: TickerEnvironment

  constructor(startMs: number, periodMs: number, environment: TickerEnvironment = processEnvironment) {
    this.#startMs = startMs
    this.#periodMs = periodMs
    this.#environment = environment
  }

  /** Ends at the next whole period from the start, never before it. Periods that have passed are left out. */
  async next(): Promise<void> {
    const environment = this.#environment
    await environment.turn()
    await environment.turn()
    const passed = Math.floor((environment.now() - this.#startMs) / this.#periodMs)
    const tickAt = this.#startMs + (passed + 1) * this.#periodMs
    for (;;) {
      const leftMs = tickAt - environment.now()
      if (leftMs <= 0) return
      await environment.sleep(leftMs)
    }
  }
}
