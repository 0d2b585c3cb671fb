// End-to-end flow control for systems that have none: their servers drop what a subscriber is too slow for, and a run with
// losses is no result. Subscribers tell over the benchmark's own channel how far they are, and the publisher stays at most
// so many bytes ahead of the slowest. It waits only where it would outrun them; the notes themselves cost a little.

/** A quarter of what NATS lets one subscriber lag, half of what Redis does; in a few trials more made nothing faster. */
const aheadBytesMax = 16_777_216
const aheadMessagesMax = 65_536

/** Messages after which a subscriber tells how far it is. */
export const progressEvery = 4096

/** Without progress for so long, what is missing is lost; milliseconds. */
export const quietMs = 3000

/** How far a publisher may go ahead of its subscribers. */
export class Window {
  readonly #aheadMax: number
  readonly #quietMs: number
  #received = 0
  #wake: (() => void) | undefined
  /** So much was lost that no progress is told any more: the run ends without a result instead of never. */
  #isGivenUp = false

  /** `quietMilliseconds`: after so long without progress nothing is waited for any more. */
  constructor(payloadBytes: number, quietMilliseconds: number = quietMs) {
    this.#aheadMax = Math.min(aheadMessagesMax, Math.floor(aheadBytesMax / payloadBytes))
    this.#quietMs = quietMilliseconds
  }

  /** Resolves when message number `sent` may go out. */
  async open(sent: number): Promise<void> {
    while (!this.#isGivenUp && sent - this.#received > this.#aheadMax) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          this.#isGivenUp = true
          resolve()
        }, this.#quietMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** The slowest subscriber has received so many. */
  onProgress(received: number): void {
    this.#received = received
    this.#wake?.()
  }
}
