// One subscriber's way through a stream that has one order: the delivery log from some place on, and nothing else. Where the feed begins
// is said by origin, as everywhere; as every subscriber has seen a beginning of the one order, that is one place in it.

import type { Boot, Origin } from '../common/ids.ts'
import type { Entry, GapMark, LogItem } from './entry.ts'
import type { FeedItem, FeedStart, StreamFeed } from './feed.ts'
import type { OriginState } from './origin-state.ts'
import type { Replica } from './replica.ts'

export class LogFeed implements StreamFeed {
  readonly replica: Replica
  readonly vector: Map<Boot, number> = new Map()
  /** Names of the origins in the vector that the replica knows, or knew. */
  readonly #names = new Map<Boot, Origin>()
  readonly #others: 'base' | 'zero'
  /** Position in the delivery log. */
  #position: number
  /** Origins of which something may be gone that this feed has not had: they are told first. */
  #behind: OriginState[] = []

  constructor(replica: Replica, start: FeedStart) {
    this.replica = replica
    this.#others = start.kind === 'now' ? 'base' : start.others
    this.#position = replica.delivered.end
    if (start.kind === 'after') for (const [boot, sequence] of start.vector) this.vector.set(boot, sequence)
    for (const state of replica.origins.values())
      this.#pass(state, start.kind === 'now' ? (state.position ?? 0) : this.passed(state))
    if (start.kind === 'after') this.#seek()
  }

  *positions(): Generator<[Origin, number]> {
    for (const [boot, origin] of this.#names) yield [origin, this.vector.get(boot) ?? 0]
  }

  get waitingBytes(): number {
    const { delivered, entries, insertedBytes } = this.replica
    const item = delivered.at(this.#position)
    return typeof item === 'number' ? insertedBytes - entries.at(item).offset : 0
  }

  onBase(): void {
    // Everybody who has the log has all of it.
  }

  next(): FeedItem | undefined {
    const { delivered, entries } = this.replica
    for (;;) {
      // Retention has overtaken this feed.
      if (this.#position < delivered.first) this.#seek()
      const gap = this.#nextGap()
      if (gap !== undefined) return gap
      const item = delivered.at(this.#position)
      if (item === undefined) return undefined
      const hole = typeof item === 'number' ? this.#holeBefore(entries.at(item)) : undefined
      if (hole !== undefined) return hole
      this.#position++
      const found = typeof item === 'number' ? this.#passEntry(entries.at(item)) : this.#passMark(item)
      if (found !== undefined) return found
    }
  }

  passed(state: OriginState): number {
    const known = this.vector.get(state.boot)
    if (known !== undefined) return known
    return this.#others === 'zero' ? 0 : state.base
  }

  /** Goes to the first place that this feed has not passed. */
  #seek(): void {
    const { delivered, origins } = this.replica
    this.#behind = [...origins.values()]
    this.#position = delivered.first
    for (let item = delivered.at(this.#position); item !== undefined; item = delivered.at(this.#position)) {
      if (this.#isAhead(item)) return
      this.#position++
    }
  }

  #isAhead(item: LogItem): boolean {
    const { boot, to } = typeof item === 'number' ? this.replica.entries.at(item) : item
    const state = this.replica.origins.get(boot)
    return state !== undefined && to > this.passed(state)
  }

  /** What is gone of the origins that were behind. */
  #nextGap(): FeedItem | undefined {
    for (let state = this.#behind.at(-1); state !== undefined; state = this.#behind.at(-1)) {
      const gap = state.gapAt(this.passed(state) + 1)
      if (gap !== undefined) return this.#handGap(state, gap.to)
      this.#behind.pop()
    }
    return undefined
  }

  #passMark({ boot, to }: GapMark): FeedItem | undefined {
    const state = this.replica.origins.get(boot)
    return state === undefined || to <= this.passed(state) ? undefined : this.#handGap(state, to)
  }

  /** Nothing is missing in the one order but what no member has any more. */
  #holeBefore({ boot, from }: Entry): FeedItem | undefined {
    const state = this.replica.origins.get(boot)
    return state === undefined || from <= this.passed(state) + 1 ? undefined : this.#handGap(state, from - 1)
  }

  #passEntry(entry: Entry): FeedItem | undefined {
    const state = this.replica.origins.get(entry.boot)
    if (state === undefined) return undefined
    const from = this.passed(state) + 1
    if (entry.to < from) return undefined
    if (!entry.isHeld) return this.#handGap(state, entry.to)
    this.#pass(state, entry.to)
    return { kind: 'batch', state, entry, from }
  }

  #handGap(state: OriginState, to: number): FeedItem {
    const from = this.passed(state) + 1
    this.#pass(state, to)
    return { kind: 'gap', state, from, to, reason: 'retention' }
  }

  #pass(state: OriginState, sequence: number): void {
    this.vector.set(state.boot, sequence)
    this.#names.set(state.boot, state.origin)
  }
}
