// How far nodes say that they hold nothing of an origin any more, and since when they have said so.

import type { JournalEvent } from './journal-event.ts'
import { mapEntry } from './map-entry.ts'

interface Line {
  readonly at: number
  readonly to: number
}

export class DroppedLedger {
  /** stream, origin -> node -> its `retention` lines. */
  readonly #lines = new Map<string, Map<string, Line[]>>()

  /** Where an origin has its places says nothing of that. */
  add(
    node: string,
    { t, stream, origin, at, to }: JournalEvent & { readonly t: 'placed' | 'retention' },
  ): void {
    if (t === 'placed') return
    const nodes = mapEntry(this.#lines, toKey(stream, origin), () => new Map<string, Line[]>())
    const lines = mapEntry(nodes, node, (): Line[] => [])
    // The same is said again in each file: the first time counts.
    if (to > (lines.at(-1)?.to ?? 0)) lines.push({ at, to })
  }

  /** The furthest that any node has said in a line that counts. */
  to(stream: string, origin: string, counts: (node: string, at: number) => boolean = () => true): number {
    let to = 0
    for (const [node, lines] of this.#lines.get(toKey(stream, origin)) ?? [])
      to = Math.max(to, lines.findLast(({ at }) => counts(node, at))?.to ?? 0)
    return to
  }
}

function toKey(stream: string, origin: string): string {
  return JSON.stringify([stream, origin])
}
