// What a history says of the log itself, whoever says it: acknowledgements, reads and subscribers each name values at places. Put
// in the order of places, they are the log that every session is compared with.

import { mapEntry } from '../map-entry.ts'
import { type Evidence, eventEvidence, operationEvidence } from './finding.ts'
import type { Append, History, Session, Value } from './history.ts'
import { comparePlaces, countBefore, formatPlace, justAfter, type Place } from './place.ts'

/** Somebody who says that a value lies at a place. */
export interface Sighting extends Evidence {
  readonly value: Value
  readonly place: Place
}

/** Everything that is said of the log: by operations first, then by sessions, each in the order of the history. */
export function sightingsOf({ operations, sessions }: History): readonly Sighting[] {
  const said = operations.map(operationEvidence)
  const sent = sessions.flatMap((session) => session.events.map((event) => eventEvidence(session, event)))
  return [...said, ...sent].flatMap(({ value, place, ...rest }) =>
    value === undefined || place === undefined ? [] : { ...rest, value, place },
  )
}

/** By value, how its append ended; of several, the one that had the most effect. */
export function appendsOf({ operations }: History): ReadonlyMap<Value, Append> {
  const effect = { ok: 2, unknown: 1, refused: 0 }
  const appends = new Map<Value, Append>()
  for (const each of operations) {
    if (each.kind !== 'append') continue
    const known = appends.get(each.value)
    if (known === undefined || effect[known.outcome] < effect[each.outcome]) appends.set(each.value, each)
  }
  return appends
}

/** Whether a value is for a session of these topics; undefined if its own is not known. */
export function isWanted(
  topics: readonly string[] | undefined,
  append: Append | undefined,
): boolean | undefined {
  if (topics === undefined) return true
  return append?.topic === undefined ? undefined : topics.includes(append.topic)
}

/** Places in their order, each with who spoke of it first. */
interface Ordered {
  readonly places: readonly Place[]
  readonly sightings: readonly Sighting[]
}

export class KnownLog {
  readonly #appends: ReadonlyMap<Value, Append>
  readonly #all: Ordered
  /** What sessions of the same topics are compared with. */
  readonly #byTopics = new Map<string, Ordered>()

  constructor(sightings: readonly Sighting[], appends: ReadonlyMap<Value, Append>) {
    const first = new Map<string, Sighting>()
    for (const sighting of sightings) mapEntry(first, formatPlace(sighting.place), () => sighting)
    this.#appends = appends
    this.#all = toOrdered([...first.values()].sort((a, b) => comparePlaces(a.place, b.place)))
  }

  /** What is for a session between two places, both excluded; without those places that it got late. */
  missing(
    session: Session,
    after: Place,
    before: Place,
    late: LatePlaces,
  ): readonly [number, Sighting | undefined] {
    const { places, sightings } = this.#wantedBy(session)
    const start = countBefore(places, justAfter(after))
    const end = countBefore(places, before)
    const count = end - start - late.countBetween(after, before)
    if (count <= 0) return [0, undefined]
    let index = start
    for (let place = places[index]; place !== undefined && late.has(place); place = places[index]) index++
    return [count, sightings[index]]
  }

  #wantedBy(session: Session): Ordered {
    const { topics } = session
    if (topics === undefined) return this.#all
    return mapEntry(this.#byTopics, JSON.stringify(topics), () =>
      toOrdered(
        this.#all.sightings.filter(
          ({ value }) => isWanted(session.topics, this.#appends.get(value)) === true,
        ),
      ),
    )
  }
}

/** Places that a session got behind others that come after them. */
export class LatePlaces {
  readonly #keys: ReadonlySet<string>
  readonly #ordered: readonly Place[]

  constructor(places: readonly Place[]) {
    const distinct = new Map(places.map((place) => [formatPlace(place), place]))
    this.#keys = new Set(distinct.keys())
    this.#ordered = [...distinct.values()].sort(comparePlaces)
  }

  has(place: Place): boolean {
    return this.#keys.has(formatPlace(place))
  }

  /** Both excluded. */
  countBetween(after: Place, before: Place): number {
    return countBefore(this.#ordered, before) - countBefore(this.#ordered, justAfter(after))
  }
}

function toOrdered(sightings: readonly Sighting[]): Ordered {
  return { sightings, places: sightings.map(({ place }) => place) }
}
