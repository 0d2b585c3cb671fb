// How late the event loop is, taken from the node's own tick: the difference between when a tick was due and when it
// ran, over the last minute or so. A timer of its own would wake an idle node more often than all its work.

const samplesMax = 64

export class LoopLag {
  readonly #samples: number[] = []
  #next = 0
  #due: number | undefined

  /** The next tick is due at this time, milliseconds. */
  expect(at: number): void {
    this.#due = at
  }

  onTick(now: number): void {
    if (this.#due === undefined) return
    this.#samples[this.#next] = Math.max(0, now - this.#due)
    this.#next = (this.#next + 1) % samplesMax
  }

  /** Milliseconds, over the last ticks. */
  read(): { readonly p99: number; readonly max: number } {
    const sorted = [...this.#samples].sort((left, right) => left - right)
    const at = Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))
    return { p99: sorted[at] ?? 0, max: sorted[sorted.length - 1] ?? 0 }
  }
}
