// Slows one incoming connection down while subscribers lag: reading from it pauses in proportion to what it brings, so that it
// brings at most a fixed rate, and never nothing. TCP carries the pause back to whoever sends.

import type { CounterName } from '../core/common/counters.ts'
import type { BrokerPorts, SessionSink } from './ports.ts'

/** Bytes a millisecond that a slowed connection may still bring. */
const slowBytesPerMs = 13_000
/** A pause is short, because the lag may be over at any moment. */
const pauseMsMax = 5

export class Pacer {
  readonly #ports: Pick<BrokerPorts, 'after' | 'count'>
  readonly #sink: Pick<SessionSink, 'pauseReading' | 'resumeReading'>
  readonly #counter: CounterName
  /** Milliseconds of pausing that the connection has earned and not yet served. */
  #owedMs = 0

  constructor(
    ports: Pick<BrokerPorts, 'after' | 'count'>,
    sink: Pick<SessionSink, 'pauseReading' | 'resumeReading'>,
    counter: CounterName,
  ) {
    this.#ports = ports
    this.#sink = sink
    this.#counter = counter
  }

  /** The connection has brought so many bytes; `isPressed` tells whether somebody lags. */
  pace(bytes: number, isPressed: boolean): void {
    if (!isPressed) {
      this.#owedMs = 0
      return
    }
    this.#owedMs += bytes / slowBytesPerMs
    if (this.#owedMs < 1) return
    const pauseMs = Math.min(pauseMsMax, this.#owedMs)
    this.#owedMs = 0
    this.#ports.count(this.#counter, 1)
    this.#sink.pauseReading()
    this.#ports.after(pauseMs, () => this.#sink.resumeReading())
  }
}
