// The model that histories are checked against: an append-only log and a read of its last committed entry.
//
// Every place that an `ok` operation names is a step of the log, in the order of places; so an append is allowed when all steps
// before it are filled, and a read when its step is the last filled one and holds its value. Three facts about the whole history
// make the search narrow without making it miss anything: an append would strand the reads of the step before it that are
// still to come; an unknown append that no read saw changes nothing, except that it can fill a missing offset; and among those
// the one called first serves as well as any, because none of them ever has to return.

import { mapEntry } from '../map-entry.ts'
import type { Append, CommittedRead, Entry, History, Operation, Value } from './history.ts'
import { comparePlaces, formatPlace, type Place } from './place.ts'

/** An operation as the search sees it. */
export interface Candidate {
  readonly source: Operation
  readonly kind: 'append' | 'read'
  /** Of a read: undefined if it saw an empty log. */
  readonly value: Value | undefined
  /** Steps that are filled once it has taken effect: one; of an unknown append, as many as it was seen at. */
  readonly steps: readonly number[]
  readonly calledAt: number
  /** Infinite for an unknown append, which need not take effect. */
  readonly returnedAt: number
}

/** What the log is after some operations. */
export interface LogState {
  /** How many steps are filled. */
  readonly filled: number
  /** What the last of them holds. */
  readonly value: Value | undefined
  /** Reads of the last filled step that have not taken effect yet. */
  readonly readsLeft: number
}

type OkAppend = Append & { readonly outcome: 'ok' }
type OkRead = CommittedRead & { readonly outcome: 'ok' }

/** A history as candidates, and what each of them does to the log. */
export class LogModel {
  /** What must take effect, in the order of calls. */
  readonly required: readonly Candidate[]
  /** Unknown appends that a read saw, in the order of calls. */
  readonly seen: readonly Candidate[]
  /** Unknown appends that can fill missing offsets, in the order of calls. */
  readonly fillers: readonly Candidate[]
  readonly start: LogState
  /** By steps filled: reads that see exactly them. */
  readonly #reads: number[] = []
  /** By steps filled: how many of them are missing offsets. */
  readonly #missing: number[] = [0]
  readonly #stepOf = new Map<string, number>()
  readonly #seenAt = new Map<number, Candidate[]>()

  constructor({ operations }: History, isConsecutive: boolean) {
    const appends = operations.filter(
      (each): each is OkAppend => each.kind === 'append' && each.outcome === 'ok',
    )
    const reads = operations.filter((each): each is OkRead => each.kind === 'read' && each.outcome === 'ok')
    const unknown = operations.filter(
      (each): each is Append => each.kind === 'append' && each.outcome === 'unknown',
    )
    const entries = reads.flatMap(({ result }) => result ?? [])
    const acknowledged = new Set(appends.map(({ result }) => formatPlace(result)))
    const sightings = sightingsOf(entries.filter(({ place }) => !acknowledged.has(formatPlace(place))))
    const places = [...appends.map(({ result }) => result), ...entries.map(({ place }) => place)]
    const unseen = unknown.filter(({ value }) => !sightings.has(value))
    this.#numberSteps(places, isConsecutive ? unseen.length : undefined)
    this.required = byCall([
      ...appends.map((source) => toCandidate(source, source.value, [this.stepOf(source.result)])),
      ...reads.map((source) =>
        toCandidate(source, source.result?.value, [this.stepOf(source.result?.place)]),
      ),
    ])
    this.seen = byCall(
      unknown.flatMap((source) => {
        const seenAt = sightings.get(source.value)
        return seenAt === undefined
          ? []
          : toCandidate(
              source,
              source.value,
              seenAt.map((place) => this.stepOf(place)),
            )
      }),
    )
    for (const each of this.seen)
      for (const step of each.steps) mapEntry(this.#seenAt, step, (): Candidate[] => []).push(each)
    this.fillers = isConsecutive ? byCall(unseen.map((source) => toCandidate(source, source.value, []))) : []
    for (const { kind, steps } of this.required) {
      const step = steps[0] ?? 0
      if (kind === 'read') this.#reads[step] = this.readsOf(step) + 1
    }
    this.start = { filled: 0, value: undefined, readsLeft: this.readsOf(0) }
  }

  /** Steps that are filled once this place is; zero for none. */
  stepOf(place: Place | undefined): number {
    return place === undefined ? 0 : (this.#stepOf.get(formatPlace(place)) ?? 0)
  }

  /** Missing offsets among so many steps. */
  missingIn(filled: number): number {
    return this.#missing[filled] ?? 0
  }

  readsOf(filled: number): number {
    return this.#reads[filled] ?? 0
  }

  /** Unknown appends that could fill the next step, in the order of calls. */
  optionalNext({ filled }: LogState): readonly Candidate[] {
    if (!this.#isMissing(filled + 1)) return this.#seenAt.get(filled + 1) ?? []
    const filler = this.fillers[this.missingIn(filled)]
    return filler === undefined ? [] : [filler]
  }

  /** The log after one more operation, a required one or one of `optionalNext`; undefined where it cannot be the next one. */
  apply(state: LogState, { source, kind, value, steps }: Candidate): LogState | undefined {
    const { filled, readsLeft } = state
    if (kind === 'read') {
      const isLast = steps[0] === filled && state.value === value
      return isLast ? { ...state, readsLeft: readsLeft - 1 } : undefined
    }
    const next = filled + 1
    if (readsLeft > 0 || (source.outcome === 'ok' && steps[0] !== next)) return undefined
    return { filled: next, value, readsLeft: this.readsOf(next) }
  }

  /** The steps that are missing offsets. */
  missingSteps(): readonly number[] {
    return this.#missing.flatMap((_, step) => (this.#isMissing(step) ? step : []))
  }

  #isMissing(step: number): boolean {
    return step > 0 && this.missingIn(step) > this.missingIn(step - 1)
  }

  /** With a number of fillers, missing offsets become steps, up to one more than can be filled: that one fails already. */
  #numberSteps(places: readonly Place[], fillers: number | undefined): void {
    let last: Place | undefined
    let step = 0
    let missing = 0
    for (const place of places.toSorted(comparePlaces)) {
      if (last !== undefined && comparePlaces(last, place) === 0) continue
      const hole = last?.epoch === place.epoch ? place.offset - last.offset - 1 : 0
      const count = fillers === undefined ? 0 : Math.min(hole, fillers + 1 - missing)
      for (let filled = 0; filled < count; filled++) this.#missing[++step] = ++missing
      this.#missing[++step] = missing
      this.#stepOf.set(formatPlace(place), step)
      last = place
    }
  }
}

function toCandidate(source: Operation, value: Value | undefined, steps: readonly number[]): Candidate {
  const { kind, calledAt, outcome } = source
  // A return before the call is nonsense; the operation then counts as one moment.
  const returnedAt = outcome === 'ok' ? Math.max(calledAt, source.returnedAt) : Number.POSITIVE_INFINITY
  return { source, kind, value, steps, calledAt, returnedAt }
}

/** By value, the places where reads saw it. */
function sightingsOf(entries: readonly Entry[]): ReadonlyMap<Value, readonly Place[]> {
  const sightings = new Map<Value, Map<string, Place>>()
  for (const { place, value } of entries)
    mapEntry(sightings, value, () => new Map<string, Place>()).set(formatPlace(place), place)
  return new Map(Array.from(sightings, ([value, places]) => [value, [...places.values()]]))
}

function byCall(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.toSorted((a, b) => a.calledAt - b.calledAt)
}
