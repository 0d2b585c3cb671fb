// What a subscription's patterns say of a batch. Batches name their topics in a table, and equal tables are one array, so an
// answer is found once per table and not once per message.

import { matches } from '../core/stream/pattern.ts'

/** Which topics of a table match. */
export type Match =
  | { readonly kind: 'all' | 'none' }
  | { readonly kind: 'some'; readonly topics: readonly boolean[] }

export class PatternMatcher {
  readonly #patterns: readonly string[]
  readonly #answers = new WeakMap<readonly string[], Match>()

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns
  }

  /** True if the topic is one that the patterns stand for. */
  wants(topic: string): boolean {
    return this.#patterns.some((pattern) => matches(pattern, topic))
  }

  /** The answer for a topic table. The table must not change any more. */
  match(topics: readonly string[]): Match {
    let match = this.#answers.get(topics)
    if (match === undefined) {
      const wanted = topics.map((topic) => this.wants(topic))
      if (wanted.every((isWanted) => isWanted)) match = { kind: 'all' }
      else if (wanted.some((isWanted) => isWanted)) match = { kind: 'some', topics: wanted }
      else match = { kind: 'none' }
      this.#answers.set(topics, match)
    }
    return match
  }
}
