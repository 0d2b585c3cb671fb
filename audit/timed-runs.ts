// When each message happened, kept as runs: the journal gives the time of the first and of the last message of a
// run, and message i of n is taken to have happened at first + (last - first) * i / (n - 1).

import { SequenceSet } from './sequence-set.ts'

/** How many of `count` messages spread evenly over first..last happened at or before `moment`. */
export function countUntil(moment: number, count: number, first: number, last: number): number {
  if (moment >= Math.max(first, last)) return count
  if (count === 1 || moment < first || last <= first) return 0
  return Math.floor(((moment - first) * (count - 1)) / (last - first)) + 1
}

/** The times of sequences, for runs given in ascending order. */
export class TimedRuns {
  /** Four numbers a run: from, to, first, last. Runs are ascending and disjoint. */
  readonly #runs: number[] = []

  /** A run that does not lie above all before it is left out: its sequences have their (earlier) time already. */
  add(from: number, to: number, first: number, last: number): void {
    const lastTo = this.#runs.at(-3) ?? 0
    if (from > lastTo) this.#runs.push(from, to, first, last)
  }

  /** When the first of them happened; infinite where there is none. */
  get first(): number {
    return this.#runs[2] ?? Number.POSITIVE_INFINITY
  }

  /** The members of `set` that happened at or before `moment`. One without a known time counts as before. */
  until(set: SequenceSet, moment: number): SequenceSet {
    return set.subtract(this.after(set, moment))
  }

  /** The members of `set` that happened after `moment`. */
  after(set: SequenceSet, moment: number): SequenceSet {
    const result = new SequenceSet()
    for (const [from, to] of set.ranges()) {
      for (let at = this.#firstEndingAtOrAfter(from); at < this.#runs.length; at += 4) {
        const runFrom = this.#runs[at] ?? 0
        const runTo = this.#runs[at + 1] ?? 0
        if (runFrom > to) break
        const until = countUntil(
          moment,
          runTo - runFrom + 1,
          this.#runs[at + 2] ?? 0,
          this.#runs[at + 3] ?? 0,
        )
        result.add(Math.max(from, runFrom + until), Math.min(to, runTo))
      }
    }
    return result
  }

  /** The highest sequence of the runs that were over at `moment`; 0 if none was. */
  lastUntil(moment: number): number {
    for (let at = this.#runs.length - 4; at >= 0; at -= 4) {
      if ((this.#runs[at + 3] ?? 0) <= moment) return this.#runs[at + 1] ?? 0
    }
    return 0
  }

  #firstEndingAtOrAfter(sequence: number): number {
    let low = 0
    let high = this.#runs.length / 4
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#runs[middle * 4 + 1] ?? 0) < sequence) low = middle + 1
      else high = middle
    }
    return low * 4
  }
}
