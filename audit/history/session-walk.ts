// The way of a session through its stream: which places it passed, at which event it went back, and what it passed without being
// sent it. A gap that it was told of is not passed silently, so nothing in it counts.

import type { Append, EntryEvent, Session, SessionEvent, Value } from './history.ts'
import { isWanted, type KnownLog, LatePlaces, type Sighting } from './known-log.ts'
import { comparePlaces, justAfter, laterPlace, type Place } from './place.ts'

/** What a session passed with one event: the places between two, both excluded. */
export interface Stretch {
  readonly after: Place
  readonly before: Place
  /** The event that had brought it so far; undefined if that was its beginning. */
  readonly from: SessionEvent | undefined
  readonly by: SessionEvent
}

/** An entry that is not behind everything before it. */
export interface StepBack {
  readonly event: EntryEvent
  /** What had brought the session further; undefined if that was its beginning. */
  readonly furthest: SessionEvent | undefined
}

export interface SessionWalk {
  readonly stretches: readonly Stretch[]
  readonly backs: readonly StepBack[]
}

/** A part of a stretch that should have been sent and was not. */
export interface Missed {
  readonly stretch: Stretch
  readonly count: number
  readonly first: Sighting
}

/** Follows the events of a session; one pass. */
export function walk({ after, events }: Session): SessionWalk {
  const stretches: Stretch[] = []
  const backs: StepBack[] = []
  let position = after
  let furthest: SessionEvent | undefined
  for (const event of events) {
    const reached = event.kind === 'gap' ? event.to : event.place
    const isFurther = position === undefined || comparePlaces(reached, position) > 0
    if (event.kind === 'entry' && !isFurther) backs.push({ event, furthest })
    const before = beginOf(event)
    if (position !== undefined && comparePlaces(position, before) < 0)
      stretches.push({ after: position, before, from: furthest, by: event })
    if (isFurther) furthest = event
    position = laterPlace(position, reached)
  }
  return { stretches, backs }
}

/** What comes before this place should have been sent when the event comes. */
function beginOf(event: SessionEvent): Place {
  if (event.kind === 'gap') return event.from
  return event.kind === 'entry' ? event.place : justAfter(event.place)
}

/** What the session passed without being sent it, now or later. */
export function findMissed(
  session: Session,
  { stretches, backs }: SessionWalk,
  log: KnownLog,
  appends: ReadonlyMap<Value, Append>,
): readonly Missed[] {
  const late = backs.filter(({ event }) => isWanted(session.topics, appends.get(event.value)) === true)
  const latePlaces = new LatePlaces(late.map(({ event }) => event.place))
  return stretches.flatMap((stretch) => {
    const [count, first] = log.missing(session, stretch.after, stretch.before, latePlaces)
    return first === undefined ? [] : { stretch, count, first }
  })
}
