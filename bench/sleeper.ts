// A thread that sleeps for the generator: where acknowledgements are timed, the generator must read them when they come, and so cannot
// sleep itself (see ticker.ts for why it does not use timers).

import { Worker } from 'node:worker_threads'
import { clockMs } from './clock.ts'
import type { TickerEnvironment } from './ticker.ts'

export class Sleeper implements TickerEnvironment, AsyncDisposable {
  // Without Node's options of this process, which would have it write a profile of its own.
  readonly #thread = new Worker(new URL('./sleeper-thread.ts', import.meta.url), { execArgv: [] })

  private constructor() {}

  /** Resolves when the thread runs, which takes some tens of milliseconds. */
  static async start(): Promise<Sleeper> {
    const sleeper = new Sleeper()
    await sleeper.sleep(0)
    return sleeper
  }

  now(): number {
    return clockMs()
  }

  /** The event loop runs on while the thread sleeps: nothing has to be given a turn. */
  async turn(): Promise<void> {}

  /** Ends about so many milliseconds later. */
  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#thread.once('message', () => resolve())
      this.#thread.postMessage(durationMs)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate()
  }
}
