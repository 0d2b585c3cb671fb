// Remembers roughly which sequences were here at which time, after retention has dropped them: an interest that began long ago
// can then still be placed. It never names a sequence that came later than asked for; it may name one that came earlier.

interface Checkpoint {
  /** When the sequence arrived, milliseconds. */
  readonly at: number
  readonly sequence: number
}

/** Beyond so many, every second one goes: the answer becomes coarser, not wrong. */
const checkpointsMax = 32

export class Checkpoints {
  #kept: Checkpoint[] = []

  /** A sequence that arrived at a time has left. */
  add(at: number, sequence: number): void {
    const last = this.#kept[this.#kept.length - 1]
    if (last !== undefined && last.sequence >= sequence) return
    // What arrived no later makes the lower one pointless.
    while ((this.#kept[this.#kept.length - 1]?.at ?? -1) >= at) this.#kept.pop()
    this.#kept.push({ at, sequence })
    if (this.#kept.length > checkpointsMax) {
      this.#kept = this.#kept.filter((_, index) => index % 2 === 0)
    }
  }

  /** Forgets the times: everything up to a sequence counts as having been here always. */
  reset(sequence: number): void {
    this.#kept = sequence > 0 ? [{ at: Number.NEGATIVE_INFINITY, sequence }] : []
  }

  /** The highest sequence that is known to have arrived before a time; 0 if none is. */
  lastBefore(time: number): number {
    return this.#kept.findLast((checkpoint) => checkpoint.at < time)?.sequence ?? 0
  }
}
