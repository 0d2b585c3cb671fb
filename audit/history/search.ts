// The search of Wing and Gong (1993) with the memory of Lowe (2017): depth first over the orders in which operations can have
// taken effect. Calls and returns are a list in the order of time; whatever is called before the first return may be next. It is
// taken out of the list together with its return, and put back if that leads nowhere. A configuration, the set of what has
// taken effect and the log then, is entered once.
//
// Departures, which change no verdict. Appends of unknown outcome never return, so they stand beside the list, and the model says
// which of them fit. A read that is allowed is never taken back alone: it changes nothing, so whatever is possible without it
// is possible after it. The memory begins with the first step back: before it, nothing can come twice.

import { ConfigurationSet } from './configuration-set.ts'
import type { Candidate, LogModel, LogState } from './log-model.ts'
import { TimeList } from './time-list.ts'

export type SearchResult =
  | { readonly outcome: 'found'; readonly state: LogState }
  | { readonly outcome: 'stuck'; readonly frontier: readonly Candidate[] }
  | { readonly outcome: 'undecided' }

interface Taken {
  readonly candidate: Candidate
  /** Where it stood: see `#cursor`. */
  readonly cursor: number
  readonly before: LogState
}

/** One search through operations that overlap each other without a quiescent point between them. */
export class Search {
  readonly #model: LogModel
  readonly #required: readonly Candidate[]
  readonly #list: TimeList
  readonly #taken: Taken[] = []
  readonly #entered: ConfigurationSet
  /** Unknown appends that have taken effect, here or in an earlier piece. */
  readonly #used: Set<Candidate>
  #state: LogState
  #hasSteppedBack = false
  /** What could have been next where the search came furthest. */
  #frontier: readonly Candidate[] = []
  #depthMax = -1
  #looks = 0
  /** What is looked at: the unknown append -1 - cursor of those that fit, then the required one with this index. */
  #cursor = -1

  /** `used` is changed by what the search finds. */
  constructor(model: LogModel, state: LogState, required: readonly Candidate[], used: Set<Candidate>) {
    this.#model = model
    this.#state = state
    this.#required = required
    this.#used = used
    this.#list = new TimeList(required)
    this.#entered = new ConfigurationSet(required.length)
  }

  /** Candidates that were looked at. */
  get looks(): number {
    return this.#looks
  }

  run(looksMax: number): SearchResult {
    while (!this.#list.isEmpty) {
      if (this.#looks >= looksMax) return { outcome: 'undecided' }
      this.#looks++
      const candidate = this.#candidateAt(this.#cursor)
      if (candidate !== undefined && this.#tryTake(candidate)) this.#cursor = -1
      else if (candidate !== undefined) this.#cursor = this.#after(this.#cursor)
      else if (this.#cursor < 0) this.#cursor = this.#list.first
      else if (!this.#tryStepBack()) return { outcome: 'stuck', frontier: this.#frontier }
    }
    return { outcome: 'found', state: this.#state }
  }

  /** Undefined at the end of either part; the required ones end with the first return. */
  #candidateAt(cursor: number): Candidate | undefined {
    if (cursor < 0) return this.#model.optionalNext(this.#state)[-1 - cursor]
    const candidate = this.#required[cursor]
    return candidate === undefined || candidate.calledAt > this.#list.firstReturn ? undefined : candidate
  }

  #after(cursor: number): number {
    return cursor < 0 ? cursor - 1 : this.#list.after(cursor)
  }

  #tryTake(candidate: Candidate): boolean {
    const cursor = this.#cursor
    if (this.#used.has(candidate) || candidate.calledAt > this.#list.firstReturn) return false
    const state = this.#model.apply(this.#state, candidate)
    if (state === undefined) return false
    this.#mark(candidate, cursor)
    if (this.#hasSteppedBack && !this.#entered.tryEnter(state)) {
      this.#unmark(candidate, cursor)
      return false
    }
    this.#taken.push({ candidate, cursor, before: this.#state })
    this.#state = state
    if (cursor >= 0) this.#list.take(cursor)
    return true
  }

  /** Takes back the last append and the reads after it, and goes on behind it; false if there is none. */
  #tryStepBack(): boolean {
    this.#noteFrontier()
    this.#hasSteppedBack = true
    for (let taken = this.#taken.pop(); taken !== undefined; taken = this.#taken.pop()) {
      const { candidate, cursor, before } = taken
      this.#state = before
      this.#unmark(candidate, cursor)
      if (cursor >= 0) this.#list.putBack(cursor)
      if (candidate.kind === 'read') continue
      this.#cursor = this.#after(cursor)
      return true
    }
    return false
  }

  #mark(candidate: Candidate, cursor: number): void {
    if (cursor >= 0) this.#entered.include(cursor)
    else this.#used.add(candidate)
  }

  #unmark(candidate: Candidate, cursor: number): void {
    if (cursor >= 0) this.#entered.exclude(cursor)
    else this.#used.delete(candidate)
  }

  #noteFrontier(): void {
    if (this.#taken.length <= this.#depthMax) return
    this.#depthMax = this.#taken.length
    const frontier = [...this.#model.optionalNext(this.#state)]
    for (let cursor = this.#list.first; ; cursor = this.#after(cursor)) {
      const candidate = this.#candidateAt(cursor)
      if (candidate === undefined) break
      frontier.push(candidate)
    }
    this.#frontier = frontier
  }
}
