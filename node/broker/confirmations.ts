// Publications that wait for their copies, each by a number that the gossip agent gives back when they are confirmed or overdue.

export class Confirmations {
  readonly #waiting = new Map<number, (ok: boolean) => void>()
  #next = 1

  /** A number that stands for a publication. */
  add(onConfirmed: (ok: boolean) => void): number {
    const token = this.#next++
    this.#waiting.set(token, onConfirmed)
    return token
  }

  settle(token: number, ok: boolean): void {
    this.#waiting.get(token)?.(ok)
    this.#waiting.delete(token)
  }
}
