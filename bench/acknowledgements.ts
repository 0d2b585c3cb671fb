// Follows publications that are not waited for one by one, until each is acknowledged or known to have failed.

export class Acknowledgements {
  readonly #onAcknowledged: (intendedMs: number) => void
  #underWay = 0
  #failures = 0
  #failure: Error | undefined
  #wake: (() => void) | undefined

  /** Calls back with the intended send time of each publication that is acknowledged, in that turn. */
  constructor(onAcknowledged: (intendedMs: number) => void) {
    this.#onAcknowledged = onAcknowledged
  }

  /** Publications that have no outcome yet. */
  get underWay(): number {
    return this.#underWay
  }

  get failures(): number {
    return this.#failures
  }

  /** Why the first one failed that did. */
  get failure(): Error | undefined {
    return this.#failure
  }

  follow(outcome: Promise<void>, intendedMs: number): void {
    this.#underWay++
    outcome.then(
      () => {
        this.#onAcknowledged(intendedMs)
        this.#settle()
      },
      (error: unknown) => {
        this.#failures++
        this.#failure ??= error instanceof Error ? error : new Error(String(error))
        this.#settle()
      },
    )
  }

  /** Resolves when every publication has its outcome. */
  async settled(): Promise<void> {
    while (this.#underWay > 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  #settle(): void {
    this.#underWay--
    if (this.#underWay === 0) this.#wake?.()
  }
}
