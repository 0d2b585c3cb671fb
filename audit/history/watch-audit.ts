// What etcd promises of a watch, asked of every session: the promises of a subscription. O(n log n) in operations and events, times
// the different sets of topics.

import {
  describeEvent,
  describeEvidence,
  type Evidence,
  eventEvidence,
  type Finding,
  FindingList,
  type Shown,
} from './finding.ts'
import type { Append, EntryEvent, History, Session, SessionEvent, Value } from './history.ts'
import { appendsOf, isWanted, KnownLog, sightingsOf } from './known-log.ts'
import { comparePlaces, formatPlace, type Place } from './place.ts'
import { findMissed, type Missed, walk } from './session-walk.ts'

/**
 * What is broken. `ordered`: an entry came behind a later one. `unique`: an entry came twice. `reliable`: of three entries in
 * order, the first and the last came, the middle one did not. `resumable`: a session did not begin with the first entry after the
 * place that it asked for. `bookmarkable`: a bookmark stands before, or instead of, an entry that it includes. `filter`: an
 * entry came whose topic was not asked for.
 */
export type WatchProperty = 'ordered' | 'unique' | 'reliable' | 'resumable' | 'bookmarkable' | 'filter'

type Findings = FindingList<WatchProperty>

/** Every promise that a session broke. What it was not sent is judged by what anybody says to be there. */
export function auditWatches(history: History): readonly Finding<WatchProperty>[] {
  const findings: Findings = new FindingList(history.stream)
  const appends = appendsOf(history)
  const log = new KnownLog(sightingsOf(history), appends)
  for (const session of history.sessions) {
    const order = new OrderCheck(findings, session)
    for (const event of session.events) order.onEvent(event)
    for (const missed of findMissed(session, walk(session), log, appends)) onMissed(findings, session, missed)
    findStrangers(findings, session, appends)
  }
  return findings.toFindings()
}

/** What the order of a session's own events says, without a look at anybody else. */
class OrderCheck {
  readonly #findings: Findings
  readonly #session: Session
  readonly #places = new Map<string, EntryEvent>()
  readonly #values = new Map<Value, EntryEvent>()
  #highest: EntryEvent | undefined
  /** The furthest bookmark or told gap: what it includes is over. */
  #over: { readonly event: SessionEvent; readonly place: Place } | undefined

  constructor(findings: Findings, session: Session) {
    this.#findings = findings
    this.#session = session
  }

  onEvent(event: SessionEvent): void {
    if (event.kind === 'entry') {
      this.#onEntry(event)
      return
    }
    const place = event.kind === 'gap' ? event.to : event.place
    if (this.#over === undefined || comparePlaces(this.#over.place, place) < 0) this.#over = { event, place }
  }

  #onEntry(event: EntryEvent): void {
    const { place, value } = event
    const { after } = this.#session
    const copy = this.#places.get(formatPlace(place)) ?? this.#values.get(value)
    const isBehind = this.#highest !== undefined && comparePlaces(place, this.#highest.place) < 0
    if (copy !== undefined) this.#add('unique', copy, event, 'once more')
    else if (isBehind) this.#add('ordered', this.#highest, event, 'behind it')
    if (this.#over !== undefined && comparePlaces(place, this.#over.place) <= 0)
      this.#add('bookmarkable', this.#over.event, event, 'which that includes')
    if (after !== undefined && comparePlaces(place, after) <= 0)
      this.#add(
        'resumable',
        undefined,
        event,
        `though it had asked for what comes after ${formatPlace(after)}`,
      )
    if (this.#highest === undefined || comparePlaces(this.#highest.place, place) < 0) this.#highest = event
    this.#places.set(formatPlace(place), event)
    this.#values.set(value, event)
  }

  #add(kind: WatchProperty, before: SessionEvent | undefined, event: EntryEvent, what: string): void {
    this.#findings.add(kind, this.#session.id, () => {
      const first = before === undefined ? '' : `${describeEvent(before)} and then `
      return {
        evidence: eventsEvidence(this.#session, before, event),
        sentence: `${this.#session.id} was sent ${first}${describeEvent(event)}, ${what}.`,
      }
    })
  }
}

function onMissed(findings: Findings, session: Session, { stretch, count, first }: Missed): void {
  const { from, by } = stretch
  const kind = by.kind === 'bookmark' ? 'bookmarkable' : from === undefined ? 'resumable' : 'reliable'
  const show = (): Shown => {
    const begin = from === undefined ? formatPlace(stretch.after) : describeEvent(from)
    return {
      evidence: [...eventsEvidence(session, from), first, eventEvidence(session, by)],
      sentence: `${session.id} went from ${begin} to ${describeEvent(by)} without ${describeEvidence(first)}.`,
    }
  }
  findings.add(kind, session.id, show, count)
}

function findStrangers(findings: Findings, session: Session, appends: ReadonlyMap<Value, Append>): void {
  for (const event of session.events) {
    if (event.kind !== 'entry') continue
    const append = appends.get(event.value)
    if (isWanted(session.topics, append) !== false) continue
    findings.add('filter', session.id, () => ({
      evidence: eventsEvidence(session, event),
      sentence: `${session.id} was sent ${describeEvent(event)}, of the topic ${append?.topic}, which it had not asked for.`,
    }))
  }
}

function eventsEvidence(
  session: Session,
  ...events: readonly (SessionEvent | undefined)[]
): readonly Evidence[] {
  return events.flatMap((event) => (event === undefined ? [] : eventEvidence(session, event)))
}
