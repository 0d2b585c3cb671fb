// Where in its writer's numbers a lost value lies, seen from what was read of the same writer.

import type { Value } from './history.ts'
import { numberOf } from './writer.ts'

/**
 * `prefix`: before the first one that was read, as if the log had started over. `middle`: between two that were read, which
 * no slow reader explains. `postfix`: after the last one, or of a writer of whom nothing was read.
 */
export type LostPart = 'prefix' | 'middle' | 'postfix'

export type LostCounts = Readonly<Record<LostPart, number>>

/** The first and the last number of every writer that was read. */
export class ReadMarks {
  readonly #marks = new Map<string, { first: number; last: number }>()

  constructor(values: Iterable<Value>) {
    for (const value of values) {
      const numbered = numberOf(value)
      if (numbered === undefined) continue
      const { writer, counter } = numbered
      const known = this.#marks.get(writer) ?? { first: counter, last: counter }
      this.#marks.set(writer, {
        first: Math.min(known.first, counter),
        last: Math.max(known.last, counter),
      })
    }
  }

  partOf(value: Value): LostPart {
    const numbered = numberOf(value)
    const marks = numbered === undefined ? undefined : this.#marks.get(numbered.writer)
    if (numbered === undefined || marks === undefined || numbered.counter > marks.last) return 'postfix'
    return numbered.counter < marks.first ? 'prefix' : 'middle'
  }
}
