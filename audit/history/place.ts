// Where a message lies in a stream: the epoch, and the offset in it. Places are ordered by epoch, then by offset, and that is the
// order of the stream.

/** Both are integers of at least zero. */
export interface Place {
  readonly epoch: number
  readonly offset: number
}

/** Before every place: where whoever reads from the first message begins. */
export const beginning: Place = { epoch: -1, offset: -1 }

/** Negative if `a` comes before `b`, zero if they are the same place. */
export function comparePlaces(a: Place, b: Place): number {
  return a.epoch === b.epoch ? a.offset - b.offset : a.epoch - b.epoch
}

/** The later one; the other one where one is missing. */
export function laterPlace(a: Place | undefined, b: Place): Place {
  return a === undefined || comparePlaces(a, b) < 0 ? b : a
}

/** The end of a range that includes the place, where ends are exclusive. */
export function justAfter({ epoch, offset }: Place): Place {
  return { epoch, offset: offset + 1 }
}

/** How many of the places, given in their order, come before this one. */
export function countBefore(places: readonly Place[], place: Place): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const found = places[middle]
    if (found !== undefined && comparePlaces(found, place) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** `epoch/offset`; also the key of a place in maps. */
export function formatPlace({ epoch, offset }: Place): string {
  return `${epoch}/${offset}`
}
