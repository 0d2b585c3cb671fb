// Where subscriptions stand, put together from what their parts say.

import type { Origin } from '../core/common/ids.ts'
import type { Cursor } from '../wire/cursor.ts'

/** Last sequence of origins, by stream. */
type Parts = Iterable<
  readonly [stream: string, positions: Iterable<readonly [origin: string, sequence: number]>]
>

/** The positions of all parts; of an origin that several speak of, what the last of them says. */
export function joinPositions(...all: readonly Parts[]): Cursor {
  const cursor = new Map<string, Map<Origin, number>>()
  for (const parts of all) {
    for (const [stream, positions] of parts) {
      const vector = cursor.get(stream) ?? new Map<Origin, number>()
      for (const [origin, sequence] of positions) vector.set(origin as Origin, sequence)
      cursor.set(stream, vector)
    }
  }
  return cursor
}
