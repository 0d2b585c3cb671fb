// A set of places as ranges, for the question whether a place lies in one of them.

import type { Session } from './history.ts'
import { comparePlaces, countBefore, justAfter, laterPlace, type Place } from './place.ts'

/** The places between two, both excluded. */
export interface PlaceRange {
  readonly after: Place
  readonly before: Place
}

export class PlaceRanges {
  /** In their order, and apart from each other. */
  readonly #afters: Place[] = []
  readonly #befores: Place[] = []

  constructor(ranges: readonly PlaceRange[]) {
    for (const { after, before } of ranges.toSorted((a, b) => comparePlaces(a.after, b.after))) {
      const last = this.#befores.at(-1)
      if (last !== undefined && comparePlaces(after, last) < 0) {
        this.#befores[this.#befores.length - 1] = laterPlace(last, before)
      } else {
        this.#afters.push(after)
        this.#befores.push(before)
      }
    }
  }

  has(place: Place): boolean {
    const index = countBefore(this.#afters, place) - 1
    const before = this.#befores[index]
    return before !== undefined && comparePlaces(place, before) < 0
  }
}

/** What a session was told that it will not get. */
export function gapsOf({ events }: Session): readonly PlaceRange[] {
  return events.flatMap((event) => (event.kind === 'gap' ? toRange(event.from, event.to) : []))
}

function toRange(from: Place, to: Place): PlaceRange {
  return { after: { epoch: from.epoch, offset: from.offset - 1 }, before: justAfter(to) }
}
