// Callbacks that wait for the end of the turn of the event loop, unless somebody who knows that nothing more comes calls them before.

export class TurnEnd {
  #waiting: (() => void)[] = []

  defer(callback: () => void): void {
    this.#waiting.push(callback)
    if (this.#waiting.length === 1) setImmediate(() => this.run())
  }

  /** Calls everything that waits; what they defer waits again. */
  run(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const callback of waiting) callback()
  }
}
