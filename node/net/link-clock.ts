// Round trip and clock offset of a link from its pings, by the formula of NTP (RFC 5905 §8): with t0 sent, t1 received
// there, t2 answered there, t3 received here, the round trip is (t3 - t0) - (t2 - t1) and the peer's clock minus ours
// ((t1 - t0) + (t2 - t3)) / 2, wrong by at most half the round trip. The sample with the shortest round trip wins:
// queues only ever add to it.

/** One measurement. */
export interface ClockSample {
  readonly roundTripMs: number
  readonly offsetMs: number
}

/** With a ping a second: long enough to catch a quiet moment, short enough that a drift of 50 ppm adds 0.8 ms at most. */
const samplesMax = 16

/** The last samples of one link. */
export class LinkClock {
  readonly #samples: ClockSample[] = []

  /** Takes one answered ping. */
  addSample(t0: number, t1: number, t2: number, t3: number): void {
    const roundTripMs = t3 - t0 - (t2 - t1)
    const offsetMs = (t1 - t0 + (t2 - t3)) / 2
    if (t2 >= t1) this.addMeasured({ roundTripMs, offsetMs })
  }

  /** Takes a finished measurement; one that cannot be is left out. */
  addMeasured(sample: ClockSample): void {
    if (!Number.isFinite(sample.offsetMs) || !(sample.roundTripMs >= 0)) return
    this.#samples.push(sample)
    if (this.#samples.length > samplesMax) this.#samples.shift()
  }

  /** The newest sample, or undefined before the first. */
  get newest(): ClockSample | undefined {
    return this.#samples.at(-1)
  }

  /** The sample with the shortest round trip, or undefined before the first. */
  get best():
    | { readonly roundTripMs: number; readonly offsetMs: number; readonly errorMs: number }
    | undefined {
    let best: ClockSample | undefined
    for (const sample of this.#samples) {
      if (best === undefined || sample.roundTripMs < best.roundTripMs) best = sample
    }
    return best && { ...best, errorMs: best.roundTripMs / 2 }
  }
}
