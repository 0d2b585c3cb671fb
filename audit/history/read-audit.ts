// Committed reads against everything that had ended before they began, and against what is there at the end. The search for a linear order
// (linearizability.ts) says whether a history is right; this says of a wrong one how often, and which read is wrong in which way. It also
// looks at sessions, which the search does not: what a read saw must still be there. O(n log n) in operations, times the drains.

import {
  describeEvidence,
  type Evidence,
  type Finding,
  FindingList,
  operationEvidence,
  type Shown,
} from './finding.ts'
import type { Append, CommittedRead, History, Operation, Session } from './history.ts'
import { beginning, comparePlaces, formatPlace, type Place } from './place.ts'
import { gapsOf, PlaceRanges } from './place-ranges.ts'

/**
 * `stale-read`: it did not see what had been acknowledged before it was called. `backward-read`: nor what another read had seen that had
 * ended by then. `vanished-read`: what it saw is not at that place for a session that read to the end.
 */
export type ReadAnomaly = 'stale-read' | 'backward-read' | 'vanished-read'

type Findings = FindingList<ReadAnomaly>
type Read = CommittedRead & { readonly outcome: 'ok' }
type Ended = (Append | CommittedRead) & { readonly outcome: 'ok' }

/** Everything that is wrong with the reads of a stream. */
export function auditReads(history: History): readonly Finding<ReadAnomaly>[] {
  const findings: Findings = new FindingList(history.stream)
  findOld(findings, history.operations)
  const drains = history.sessions.filter(({ isDrain }) => isDrain).map(toDrain)
  for (const read of history.operations.filter(isRead)) findVanished(findings, read, drains)
  return findings.toFindings()
}

/** By time: each read against the furthest append and the furthest read that had ended when it was called. */
function findOld(findings: Findings, operations: readonly Operation[]): void {
  const ended = operations.filter(hasEnded).sort((a, b) => a.returnedAt - b.returnedAt)
  const reads = operations.filter(isRead).sort((a, b) => a.calledAt - b.calledAt)
  const furthest: { append?: Ended; read?: Ended } = {}
  let next = 0
  for (const read of reads) {
    for (
      let each = ended[next];
      each !== undefined && each.returnedAt < read.calledAt;
      each = ended[++next]
    ) {
      const known = furthest[each.kind]
      if (known === undefined || comparePlaces(placeOf(known), placeOf(each)) < 0) furthest[each.kind] = each
    }
    findBehind(findings, 'stale-read', read, furthest.append)
    findBehind(findings, 'backward-read', read, furthest.read)
  }
}

function findBehind(
  findings: Findings,
  kind: 'stale-read' | 'backward-read',
  read: Read,
  before: Ended | undefined,
): void {
  if (before === undefined || comparePlaces(placeOf(read), placeOf(before)) >= 0) return
  findings.add(kind, '', () => {
    const [mine, other] = [operationEvidence(read), operationEvidence(before)]
    const sentence = `${describeEvidence(mine)} was called when ${describeEvidence(other)} had ended.`
    return { evidence: [mine, other], sentence }
  })
}

/** What a session that read to the end has. */
interface Drain {
  readonly session: Session
  /** By place. */
  readonly values: ReadonlyMap<string, string>
  readonly told: PlaceRanges
}

function toDrain(session: Session): Drain {
  const entries = session.events.flatMap((event) => (event.kind === 'entry' ? [event] : []))
  const values = new Map(entries.map(({ place, value }) => [formatPlace(place), value]))
  return { session, values, told: new PlaceRanges(gapsOf(session)) }
}

function findVanished(findings: Findings, read: Read, drains: readonly Drain[]): void {
  const { result } = read
  if (result === undefined) return
  for (const { session, values, told } of drains) {
    // Of what lies before its beginning, or was told as a gap, a session says nothing.
    const isJudged = session.after !== undefined && comparePlaces(session.after, result.place) < 0
    if (!isJudged || told.has(result.place) || values.get(formatPlace(result.place)) === result.value)
      continue
    findings.add('vanished-read', session.id, () => showVanished(read, session))
  }
}

function showVanished(read: Read, { id }: Session): Shown {
  const evidence: readonly Evidence[] = [operationEvidence(read)]
  return { evidence, sentence: `${evidence.map(describeEvidence)} is not what ${id} has there at the end.` }
}

function isRead(operation: Operation): operation is Read {
  return operation.kind === 'read' && operation.outcome === 'ok'
}

function hasEnded(operation: Operation): operation is Ended {
  return operation.outcome === 'ok'
}

function placeOf({ kind, result }: Ended): Place {
  return kind === 'append' ? result : (result?.place ?? beginning)
}
