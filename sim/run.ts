// What every run of a seed has: its time, what it counts, its story, and how it ends.

import { Tally } from './tally.ts'
import { Timeline } from './timeline.ts'

export interface Outcome<Plan = unknown> {
  readonly plan: Plan
  /** 64 bits over everything that happened. */
  readonly traceHash: string
  readonly events: number
  readonly simulatedMs: number
  readonly counts: ReadonlyMap<string, number>
  /** Undefined if every promise was kept. */
  readonly failure: Failure | undefined
}

export interface Failure {
  readonly invariant: string
  readonly message: string
  /** What happened last, oldest first. */
  readonly story: readonly string[]
}

/** A promise was broken. */
export class Violation extends Error {
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

/** 14 November 2023; any time does. */
const startMs = 1_700_000_000_000
const storyLinesMax = 60
/** After healing, links between living nodes must be up again within this. */
export const reconnectMsMax = 6_000

export class Run {
  readonly timeline: Timeline = new Timeline(startMs)
  readonly tally: Tally = new Tally()
  readonly #story: string[] = []
  readonly #onLine: ((line: string) => void) | undefined

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine
  }

  /** Writes a line into the story of the run. */
  readonly tell = (event: string): void => {
    const line = `${((this.timeline.now - startMs) / 1000).toFixed(3).padStart(8)} s  ${event}`
    this.#onLine?.(line)
    this.#story.push(line)
    if (this.#story.length > storyLinesMax) this.#story.shift()
  }

  /** Lets time pass until all links are up again, which is a promise as well. */
  awaitLinks(network: { readonly missing: readonly string[] }, withinMs: number): void {
    const { timeline } = this
    const healBy = timeline.now + withinMs
    while (network.missing.length > 0 && timeline.now < healBy) timeline.runUntil(timeline.now + 5)
    if (network.missing.length > 0) throw new Violation('links', `these did not come up: ${network.missing}`)
    this.tell('all links are up')
  }

  /** Lets everything happen, and says how it ended. */
  toOutcome<Plan>(plan: Plan, runThrough: () => void): Outcome<Plan> {
    const failure = this.#tryRun(runThrough)
    return {
      plan,
      traceHash: this.tally.hash,
      events: this.timeline.events,
      simulatedMs: this.timeline.now - startMs,
      counts: this.tally.counts,
      failure,
    }
  }

  #tryRun(runThrough: () => void): Failure | undefined {
    try {
      runThrough()
      return undefined
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (error instanceof Violation) return { invariant: error.invariant, message, story: this.#story }
      const stack = error instanceof Error ? (error.stack ?? message) : message
      return { invariant: 'no exception', message: stack, story: this.#story }
    }
  }
}
