// When anybody got the first message of an origin, by the clock of the origin's node.

import { mapEntry } from './map-entry.ts'

export class FirstHeard {
  readonly #first = new Map<string, number>()

  add(origin: string, at: number): void {
    this.#first.set(
      origin,
      Math.min(
        at,
        mapEntry(this.#first, origin, () => at),
      ),
    )
  }

  isBefore(origin: string, moment: number): boolean {
    return (this.#first.get(origin) ?? Number.POSITIVE_INFINITY) < moment
  }
}
