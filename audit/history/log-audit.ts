// The anomalies of Jepsen's kafka workload that a log without transactions can have: what the log lost, gave away twice or put in
// a wrong order, and what subscribers saw of it. O(n log n) in operations and events, times the different sets of topics: 100,000
// appends with three sessions take a second.
//
// What can be judged depends on who looked: a lost write needs a session that went past its place, an unseen one a session that read
// to the end. What no session went past is not judged.

import { mapEntry } from '../map-entry.ts'
import {
  describeEvent,
  describeEvidence,
  type Evidence,
  eventEvidence,
  type Finding,
  FindingList,
  operationEvidence,
  type Shown,
} from './finding.ts'
import type { Append, History, Session, Value } from './history.ts'
import { appendsOf, isWanted, KnownLog, type Sighting, sightingsOf } from './known-log.ts'
import { comparePlaces, formatPlace, justAfter } from './place.ts'
import { gapsOf, type PlaceRange, PlaceRanges } from './place-ranges.ts'
import { findMissed, type Missed, type SessionWalk, type Stretch, walk } from './session-walk.ts'
import { numberOf } from './writer.ts'

/**
 * `lost-write`: acknowledged, and nobody saw it, though a session went past its place. `unseen`: acknowledged, and sessions that read
 * to the end ended before it. `aborted-read`: refused, and seen. `inconsistent-offsets`: two values at one place. `duplicate`:
 * one value at two places. `poll-skip`: a session went past what others saw. `nonmonotonic-poll`: a session went back.
 * `nonmonotonic-send`: a writer's values lie in another order than it sent them.
 */
export type LogAnomaly =
  | 'lost-write'
  | 'unseen'
  | 'aborted-read'
  | 'inconsistent-offsets'
  | 'duplicate'
  | 'poll-skip'
  | 'nonmonotonic-poll'
  | 'nonmonotonic-send'

type Findings = FindingList<LogAnomaly>

/** Everything that is wrong with the log of a stream, or with what sessions saw of it. */
export function auditLog(history: History): readonly Finding<LogAnomaly>[] {
  const findings: Findings = new FindingList(history.stream)
  const appends = appendsOf(history)
  const sightings = sightingsOf(history)
  const seen = sightings.filter(({ source }) => source !== 'append')
  const walks = history.sessions.map((session) => ({ session, way: walk(session) }))
  findUnseen(findings, walks, appends, new Set(seen.map(({ value }) => value)))
  findAborted(findings, seen, appends)
  const firstOf = findContradictions(findings, sightings)
  // What nobody saw is lost; nobody skipped it.
  const log = new KnownLog(seen, appends)
  for (const { session, way } of walks) {
    findSkips(findings, session, findMissed(session, way, log, appends))
    findBackwardPolls(findings, session, way)
  }
  findBackwardSends(findings, appends, firstOf)
  return findings.toFindings()
}

interface Walked {
  readonly session: Session
  readonly way: SessionWalk
}

/** Acknowledged and seen by nobody: lost where somebody went past it, unseen where somebody only read to the end. */
function findUnseen(
  findings: Findings,
  walks: readonly Walked[],
  appends: ReadonlyMap<Value, Append>,
  seen: ReadonlySet<Value>,
): void {
  const groups = [...Map.groupBy(walks, ({ session }) => JSON.stringify(session.topics)).values()].map(
    (group) => ({
      isFor: (append: Append): boolean => isWanted(group[0]?.session.topics, append) === true,
      passed: new PlaceRanges(group.flatMap(({ way }) => way.stretches.map(toPassed))),
      hasDrain: group.some(({ session }) => session.isDrain),
    }),
  )
  const drains = walks.filter(({ session }) => session.isDrain)
  const told = new PlaceRanges(drains.flatMap(({ session }) => gapsOf(session)))
  for (const append of appends.values()) {
    if (append.outcome !== 'ok' || seen.has(append.value)) continue
    const wanting = groups.filter(({ isFor }) => isFor(append))
    if (wanting.some(({ passed }) => passed.has(append.result)))
      findings.add('lost-write', '', () =>
        showAppend(append, 'is acknowledged, and nobody saw it, though sessions went past it'),
      )
    else if (!told.has(append.result) && wanting.some(({ hasDrain }) => hasDrain))
      findings.add('unseen', '', () =>
        showAppend(append, 'is acknowledged, and lies beyond what anybody saw at the end'),
      )
  }
}

/** A session went past the place of an entry too, if it was sent something else there. */
function toPassed({ after, before, by }: Stretch): PlaceRange {
  return { after, before: by.kind === 'entry' ? justAfter(by.place) : before }
}

function showAppend(append: Append, what: string): Shown {
  const evidence = operationEvidence(append)
  return { evidence: [evidence], sentence: `${describeEvidence(evidence)} ${what}.` }
}

function findAborted(
  findings: Findings,
  seen: readonly Sighting[],
  appends: ReadonlyMap<Value, Append>,
): void {
  for (const sighting of seen) {
    const append = appends.get(sighting.value)
    if (append?.outcome !== 'refused') continue
    findings.add('aborted-read', '', () =>
      showPair(operationEvidence(append), 'was refused, but is seen in', sighting),
    )
  }
}

/** Two values at one place, two places of one value. Returns where each value was first said to be. */
function findContradictions(
  findings: Findings,
  sightings: readonly Sighting[],
): ReadonlyMap<Value, Sighting> {
  const atPlace = new Map<string, Sighting>()
  const ofValue = new Map<Value, Sighting>()
  /** What has been counted: one contradiction is said by everybody who saw it. */
  const counted = new Set<string>()
  const addOnce = (kind: LogAnomaly, key: string, show: () => Shown): void => {
    if (counted.has(key)) return
    counted.add(key)
    findings.add(kind, '', show)
  }
  for (const sighting of sightings) {
    const { value } = sighting
    const place = formatPlace(sighting.place)
    const there = mapEntry(atPlace, place, () => sighting)
    const before = mapEntry(ofValue, value, () => sighting)
    if (there.value !== value)
      addOnce('inconsistent-offsets', `${place} ${value}`, () =>
        showPair(there, 'names another value than', sighting),
      )
    if (formatPlace(before.place) !== place)
      addOnce('duplicate', `${value} ${place}`, () =>
        showPair(before, 'lies at another place than', sighting),
      )
  }
  return ofValue
}

function findSkips(findings: Findings, session: Session, missed: readonly Missed[]): void {
  for (const { stretch, count, first } of missed) {
    const { by, from } = stretch
    const show = (): Shown => {
      const events = [from, by].flatMap((event) => (event === undefined ? [] : eventEvidence(session, event)))
      const sentence = `${session.id} went on to ${describeEvent(by)} without ${describeEvidence(first)}.`
      return { evidence: [...events, first], sentence }
    }
    findings.add('poll-skip', session.id, show, count)
  }
}

function findBackwardPolls(findings: Findings, session: Session, { backs }: SessionWalk): void {
  for (const { event, furthest } of backs) {
    findings.add('nonmonotonic-poll', session.id, () => {
      const evidence = furthest === undefined ? [] : [eventEvidence(session, furthest)]
      const from = furthest === undefined ? 'where it began' : describeEvent(furthest)
      const sentence = `${session.id} was at ${from} and was then sent ${event.value} at ${formatPlace(event.place)}.`
      return { evidence: [...evidence, eventEvidence(session, event)], sentence }
    })
  }
}

/**
 * What a writer sends later lies later. One of unknown outcome may take effect long after, so it is compared with what was
 * acknowledged before it was sent, but nothing with it.
 */
function findBackwardSends(
  findings: Findings,
  appends: ReadonlyMap<Value, Append>,
  firstOf: ReadonlyMap<Value, Sighting>,
): void {
  const numbered = [...appends.values()].flatMap((append) => {
    const number = numberOf(append.value)
    return number === undefined ? [] : { ...number, append }
  })
  const last = new Map<string, Sighting>()
  for (const { writer, append } of numbered.sort((a, b) => a.counter - b.counter)) {
    const sighting = firstOf.get(append.value)
    if (sighting === undefined || append.outcome === 'refused') continue
    const before = last.get(writer)
    if (before !== undefined && comparePlaces(sighting.place, before.place) < 0)
      findings.add('nonmonotonic-send', writer, () =>
        showPair(before, 'was sent before, but lies behind', sighting),
      )
    if (append.outcome === 'ok') last.set(writer, sighting)
  }
}

function showPair(one: Evidence, link: string, other: Evidence): Shown {
  return { evidence: [one, other], sentence: `${describeEvidence(one)} ${link} ${describeEvidence(other)}.` }
}
