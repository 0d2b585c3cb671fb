// End-to-end flow control for systems that have none: their servers drop what a subscriber is too slow for, and a run with
// losses is no result. Subscribers tell over the benchmark's own channel how far they are, and the publisher stays at most
// so many bytes ahead of the slowest. It waits only where it would outrun them, so nothing is slower for it.

/** A quarter of what NATS lets one subscriber lag, half of what Redis does; more did not make anything faster. */
const aheadBytesMax = 16_777_216
const aheadMessagesMax = 65_536

/** Messages after which a subscriber tells how far it is. */
export const progressEvery = 4096

/** How far a publisher may go ahead of its subscribers. */
export class Window {
  readonly #aheadMax: number
  #received = 0
  #wake: (() => void) | undefined

  constructor(payloadBytes: number) {
    this.#aheadMax = Math.min(aheadMessagesMax, Math.floor(aheadBytesMax / payloadBytes))
  }

  /** Resolves when message number `sent` may go out. */
  async open(sent: number): Promise<void> {
    while (sent - this.#received > this.#aheadMax) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** The slowest subscriber has received so many. */
  onProgress(received: number): void {
    this.#received = received
    this.#wake?.()
  }
}
