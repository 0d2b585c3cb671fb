// When it is noted how far a log goes (see LogScanner.finish): once it has been quiet for a while, so that what was acknowledged last is
// missed if it is lost, and now and then while it is not. A log to which nothing is written costs nothing.

/** The log is quiet when nothing has become durable for so long: a second, with ticks of 50 ms. */
const quietTicks = 20
/** Between two notes of a log that is never quiet: ten seconds. A guess: a note is three syncs, which hold up those of the log. */
const busyTicks = 200

export class NotePace {
  /** What was durable at the last tick. */
  #seen: number
  /** The last write that is noted, or being noted. */
  #noted: number
  #ticksSinceChange = 0
  #ticksSinceNote = 0

  /** `noted` is the last write that is durable, as a start has noted it. */
  constructor(noted: number) {
    this.#seen = noted
    this.#noted = noted
  }

  /** So many ticks have passed, and writes are durable up to this one. Returns it if it is to be noted now. */
  tick(ticks: number, durable: number): number | undefined {
    this.#ticksSinceNote += ticks
    this.#ticksSinceChange = durable === this.#seen ? this.#ticksSinceChange + ticks : 0
    this.#seen = durable
    if (durable <= this.#noted) return undefined
    if (this.#ticksSinceChange < quietTicks && this.#ticksSinceNote < busyTicks) return undefined
    this.#noted = durable
    this.#ticksSinceNote = 0
    return durable
  }
}
