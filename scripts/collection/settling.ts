// When a live check has looked often enough. Messages on their way are waited for a little; and what a subscriber that is
// behind has not got yet looks lost in the journals, so while less is missing from look to look, the check goes on.

/** How long messages that are only on their way are waited for, unless told otherwise. */
export const settleMsDefault = 10_000
/** Looks without progress before what is missing counts as lost. */
const stillLooksMax = 3
/** A subscriber that catches up is waited for no longer than this. */
const catchUpMs = 60_000
const lookMs = { pending: 100, behind: 1000 } as const

export class Settling {
  readonly #settleMs: number
  #least = Number.POSITIVE_INFINITY
  #stillLooks = 0

  constructor(settleMs: number) {
    this.#settleMs = settleMs
  }

  /** How many milliseconds to wait before the next look; undefined when this one was the last. */
  next(
    missing: { readonly pending: number; readonly lostSilent: number },
    waitedMs: number,
  ): number | undefined {
    const { pending, lostSilent } = missing
    if (pending + lostSilent === 0) return undefined
    this.#stillLooks = pending + lostSilent < this.#least ? 0 : this.#stillLooks + 1
    this.#least = Math.min(this.#least, pending + lostSilent)
    if (lostSilent === 0) return waitedMs < this.#settleMs ? lookMs.pending : undefined
    return this.#stillLooks < stillLooksMax && waitedMs < catchUpMs ? lookMs.behind : undefined
  }
}
