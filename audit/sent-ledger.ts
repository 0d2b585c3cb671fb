// What the origins say that they numbered: per stream and origin the sequences of every topic, with their times.

import { matches } from '../node/core/stream/pattern.ts'
import type { JournalEvent } from './journal-event.ts'
import { mapEntry } from './map-entry.ts'
import { SequenceSet } from './sequence-set.ts'
import { TimedRuns } from './timed-runs.ts'

/** Everything that one origin numbered on one stream. */
export class SentRecord {
  readonly all: SequenceSet = new SequenceSet()
  /** Those that were to have a place in the one order of the stream, and count as sent once they have it. */
  readonly ordered: SequenceSet = new SequenceSet()
  /** When they were to be sent, as their publishers say. */
  readonly times: TimedRuns = new TimedRuns()
  /** When that was written down: the origin had numbered them by then, whatever their publishers say. */
  readonly written: TimedRuns = new TimedRuns()
  readonly #topics = new Map<string, SequenceSet>()
  /** Sets by the joined patterns; most subscriptions share theirs. Dropped when something is added. */
  readonly #matching = new Map<string, SequenceSet>()

  add(event: JournalEvent & { readonly t: 'sent' }): void {
    this.all.add(event.from, event.to)
    if (event.isOrdered) this.ordered.add(event.from, event.to)
    this.times.add(event.from, event.to, event.first, event.last)
    this.written.add(event.from, event.to, event.at, event.at)
    if (this.#matching.size > 0) this.#matching.clear()
    let next = event.from
    for (const run of event.topics) {
      const sequences = mapEntry(this.#topics, run.topic, () => new SequenceSet())
      sequences.add(next, next + run.count - 1)
      next += run.count
    }
  }

  /** The sequences whose topic matches at least one pattern. */
  matching(patterns: readonly string[]): SequenceSet {
    const key = JSON.stringify(patterns)
    let result = this.#matching.get(key)
    if (result === undefined) {
      const sets: SequenceSet[] = []
      for (const [topic, sequences] of this.#topics) {
        if (patterns.some((pattern) => matches(pattern, topic))) sets.push(sequences)
      }
      result = sets.length === this.#topics.size ? this.all : SequenceSet.unionOf(sets)
      this.#matching.set(key, result)
    }
    return result
  }
}

/** The records of all streams and origins. */
export class SentLedger {
  readonly #streams = new Map<string, Map<string, SentRecord>>()
  /** stream -> origin -> a sequence that had its place for certain, and with it all before. */
  readonly #placed = new Map<string, Map<string, number>>()
  /** stream -> origin -> what was to have a place, and has none. */
  readonly #unplaced = new Map<string, Map<string, SequenceSet>>()

  add(event: JournalEvent & { readonly t: 'sent' }): void {
    const origins = mapEntry(this.#streams, event.stream, () => new Map<string, SentRecord>())
    const record = mapEntry(origins, event.origin, () => new SentRecord())
    record.add(event)
  }

  /** The record of one origin on one stream; undefined when no journal has a `sent` line of it. */
  record(stream: string, origin: string): SentRecord | undefined {
    return this.#streams.get(stream)?.get(origin)
  }

  /** Something says that the origin had its places up to here: whoever is behind that is owed it. */
  place(stream: string, origin: string, to: number): void {
    const origins = mapEntry(this.#placed, stream, () => new Map<string, number>())
    origins.set(origin, Math.max(origins.get(origin) ?? 0, to))
  }

  placedTo(stream: string, origin: string): number {
    return this.#placed.get(stream)?.get(origin) ?? 0
  }

  /** These were published in gossip mode after all. */
  unplace({ stream, origin, from, to }: JournalEvent & { readonly t: 'unplaced' }): void {
    const origins = mapEntry(this.#unplaced, stream, () => new Map<string, SequenceSet>())
    mapEntry(origins, origin, () => new SequenceSet()).add(from, to)
  }

  /** Those that have a place in the order, or were to have one. */
  orderedOf(stream: string, origin: string): SequenceSet {
    const ordered = this.record(stream, origin)?.ordered ?? new SequenceSet()
    const unplaced = this.#unplaced.get(stream)?.get(origin)
    return unplaced === undefined ? ordered : ordered.subtract(unplaced)
  }

  originsOf(stream: string): Iterable<string> {
    return this.#streams.get(stream)?.keys() ?? []
  }

  /** The number of messages that were numbered. */
  get messages(): number {
    let sum = 0
    for (const origins of this.#streams.values())
      for (const record of origins.values()) sum += record.all.count
    return sum
  }
}
