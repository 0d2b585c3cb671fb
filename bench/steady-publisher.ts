// Publishes at a steady rate until it is told to stop, whatever becomes of the publications, and keeps the times of their
// acknowledgements: so that it shows for how long there were none.

import { Acknowledgements } from './acknowledgements.ts'
import { clockMs } from './clock.ts'
import { publishOnSchedule } from './publishing.ts'
import { Schedule } from './schedule.ts'
import type { Sleeper } from './sleeper.ts'
import { Ticker } from './ticker.ts'

export class SteadyPublisher {
  readonly #times: number[] = []
  readonly #acknowledgements = new Acknowledgements(() => this.#times.push(clockMs()))
  readonly #schedule: Schedule
  readonly #sent: Promise<void>

  /** Begins at once. Ends the sleeper when it stops. */
  constructor(sleeper: Sleeper, ratePerSecond: number, publishAndWait: () => Promise<void>) {
    const startMs = clockMs()
    this.#schedule = new Schedule({ startMs, ratePerSecond, count: Number.POSITIVE_INFINITY })
    const ticker = new Ticker(startMs, 1000 / ratePerSecond, sleeper)
    this.#sent = this.#publish(sleeper, ticker, publishAndWait)
  }

  /** When each acknowledgement came, on the host's clock. */
  get acknowledgedAt(): readonly number[] {
    return this.#times
  }

  /** Publications that were refused, or whose outcome is not known. */
  get failures(): number {
    return this.#acknowledgements.failures
  }

  /** Publishes no more. What is under way is left to whoever closes the connection. */
  async stop(): Promise<void> {
    this.#schedule.end()
    await this.#sent
  }

  async #publish(sleeper: Sleeper, ticker: Ticker, publishAndWait: () => Promise<void>): Promise<void> {
    await using _ = sleeper
    await publishOnSchedule(this.#schedule, ticker, clockMs, (intendedMs) =>
      this.#acknowledgements.follow(publishAndWait(), intendedMs),
    )
  }
}
