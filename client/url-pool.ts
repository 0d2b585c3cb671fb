// The addresses that a client may connect to: those it was given and those that nodes told it. The next one is drawn
// among those that failed least often since they last worked, so that the clients of a dead node spread evenly.

import { toWebSocketUrl } from './options.ts'

/** Addresses kept; a cluster with full links has at most 16 nodes. Those beyond are not learned. */
const urlsMax = 64

export class UrlPool {
  /** Failures in a row, by address. */
  readonly #failures = new Map<string, number>()
  readonly #random: () => number

  constructor(urls: readonly string[], random: () => number) {
    this.#random = random
    for (const url of urls) this.#failures.set(url, 0)
  }

  get size(): number {
    return this.#failures.size
  }

  /** Adds what a node told. Addresses of another security level than the connection's own are not trusted. */
  learn(urls: readonly string[], connectedUrl: string): void {
    const secure = connectedUrl.startsWith('wss:')
    for (const text of urls) {
      const url = toWebSocketUrl(text)
      if (url === undefined || url.startsWith('wss:') !== secure) continue
      if (this.#failures.size < urlsMax && !this.#failures.has(url)) this.#failures.set(url, 0)
    }
  }

  /** The address to try next. */
  next(): string {
    let fewest = Number.POSITIVE_INFINITY
    let candidates: string[] = []
    for (const [url, failures] of this.#failures) {
      if (failures > fewest) continue
      if (failures < fewest) candidates = []
      fewest = failures
      candidates.push(url)
    }
    return candidates[Math.floor(this.#random() * candidates.length)] as string
  }

  onFailed(url: string): void {
    this.#failures.set(url, (this.#failures.get(url) ?? 0) + 1)
  }

  onConnected(url: string): void {
    this.#failures.set(url, 0)
  }
}
