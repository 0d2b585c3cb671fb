// Which numbers of an origin passed by with no message, because a named producer's retry came when the message was stored already: nobody is
// owed them. A void that nothing justifies is none: where the same producer sequence stands nowhere else with a place, the numbers stay
// due, and whoever did not get them has lost something.

import type { JournalEvent } from './journal-event.ts'
import { mapEntry } from './map-entry.ts'
import { SequenceSet } from './sequence-set.ts'

type SentEvent = JournalEvent & { readonly t: 'sent' }
type VoidEvent = JournalEvent & { readonly t: 'void' }

/** What one origin numbered of a named producer: its sequences from..to are the producer's, less `ahead`. */
interface NamedRun {
  readonly origin: string
  readonly from: number
  readonly to: number
  readonly ahead: number
  readonly isOrdered: boolean
}

interface Stream {
  /** By producer. */
  readonly runs: Map<string, NamedRun[]>
  /** By origin. */
  readonly voids: Map<string, SequenceSet>
}

/** How far an origin has its places on a stream, and which of its sequences are so old that no journal can hide what is equal to them. */
export interface VoidEvidence {
  placedTo(stream: string, origin: string): number
  settled(stream: string, origin: string, voids: SequenceSet): SequenceSet
}

/** Collects the lines of all journals. */
export class VoidCheck {
  readonly #streams = new Map<string, Stream>()

  onSent({ stream, origin, from, to, producer, isOrdered }: SentEvent): void {
    if (producer === undefined) return
    const runs = mapEntry(this.#stream(stream).runs, producer.name, (): NamedRun[] => [])
    runs.push({ origin, from, to, ahead: from - producer.sequence, isOrdered })
  }

  onVoid({ stream, origin, from, to }: VoidEvent): void {
    mapEntry(this.#stream(stream).voids, origin, () => new SequenceSet()).add(from, to)
  }

  /** Sequences that were passed by. */
  all(stream: string, origin: string): SequenceSet {
    return this.#streams.get(stream)?.voids.get(origin) ?? new SequenceSet()
  }

  /** Those of them of which it is sure that nothing is stored in their place. */
  unjustified(stream: string, origin: string, evidence: VoidEvidence): SequenceSet {
    const voids = this.all(stream, origin)
    const found = new SequenceSet()
    if (voids.isEmpty) return found
    for (const runs of this.#streams.get(stream)?.runs.values() ?? []) {
      const mine = runs.filter((run) => run.origin === origin)
      if (mine.length === 0) continue
      const stored = this.#stored(stream, runs, evidence)
      for (const { from, to, ahead } of mine) {
        const unheard = shifted(voids.within(from, to), -ahead).subtract(stored)
        found.addAll(shifted(unheard, ahead))
      }
    }
    return found.isEmpty ? found : evidence.settled(stream, origin, found)
  }

  /** The sequences of a producer that have a message with a place. */
  #stored(stream: string, runs: readonly NamedRun[], evidence: VoidEvidence): SequenceSet {
    const stored = new SequenceSet()
    for (const { origin, from, to, ahead, isOrdered } of runs) {
      const end = isOrdered ? Math.min(to, evidence.placedTo(stream, origin)) : to
      const messages = SequenceSet.range(from, end).subtract(this.all(stream, origin))
      stored.addAll(shifted(messages, -ahead))
    }
    return stored
  }

  #stream(name: string): Stream {
    return mapEntry(this.#streams, name, () => ({ runs: new Map(), voids: new Map() }))
  }
}

function shifted(set: SequenceSet, by: number): SequenceSet {
  const moved = new SequenceSet()
  for (const [from, to] of set.ranges()) moved.add(from + by, to + by)
  return moved
}
