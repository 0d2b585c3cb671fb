// Ways to take deliveries and to write down where a subscription stands, for the tests of subscribers.

import type { Delivery } from '../../client/index.ts'
import { encodeCursor } from '../../node/wire/cursor.ts'
import { origin } from './fake-node.ts'

/** A delivery in a few characters. */
export const show = (delivery: Delivery): string =>
  delivery.kind === 'gap' ? `gap ${delivery.from}-${delivery.to}` : `${delivery.sequence} ${delivery.text()}`

/** Takes so many deliveries from an iterable, and leaves the loop. */
export async function take(deliveries: AsyncIterable<Delivery, undefined>, count: number): Promise<string[]> {
  const iterator = deliveries[Symbol.asyncIterator]()
  const taken: string[] = []
  while (taken.length < count) {
    const result = await iterator.next()
    if (result.done === true) break
    taken.push(show(result.value))
  }
  return taken
}

/** The cursor after a sequence of the fake node. */
export const cursorAt = (sequence: number): string =>
  encodeCursor(new Map([['default', new Map([[origin, sequence]])]]))
