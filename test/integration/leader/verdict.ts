// Everything that is wrong with the history of a stream in leader mode: what its checkers find, and what they cannot: that all nodes
// end with the same order.

import type { History, Session } from '../../../audit/history/history.ts'
import { checkLinearizability } from '../../../audit/history/linearizability.ts'
import { auditLog } from '../../../audit/history/log-audit.ts'
import { comparePlaces, formatPlace, type Place } from '../../../audit/history/place.ts'
import { gapsOf, PlaceRanges } from '../../../audit/history/place-ranges.ts'
import { auditQueue } from '../../../audit/history/queue-audit.ts'
import { auditReads } from '../../../audit/history/read-audit.ts'
import { auditWatches } from '../../../audit/history/watch-audit.ts'
import { entriesOf } from './recorder.ts'

/** Each problem as a line; none for a history that keeps all promises. */
export function findProblems(history: History): readonly string[] {
  const audits = [auditLog(history), auditQueue(history).findings, auditWatches(history), auditReads(history)]
  const verdict = checkLinearizability(history, { isConsecutive: true })
  return [
    ...audits.flat().map(({ kind, count, sentence }) => `${kind} (${count}): ${sentence}`),
    ...(verdict.outcome === 'violated' ? [`not-linearizable: ${verdict.finding.sentence}`] : []),
    ...(verdict.outcome === 'undecided' ? ['undecided: the search for a linear order was given up'] : []),
    ...findOtherOrders(history.sessions.filter(({ isDrain }) => isDrain)),
  ]
}

/** All nodes give the same from beginning to end, apart from what some were told that they do not get, and from what lies before it. */
function findOtherOrders(drains: readonly Session[]): readonly string[] {
  const logs = drains.map((session) => {
    const entries = entriesOf(session)
    return { session, entries, first: entries[0]?.place, told: new PlaceRanges(gapsOf(session)) }
  })
  return logs.slice(1).flatMap((mine, index) => {
    const other = logs[index]
    if (other === undefined) return []
    const toTexts = ({ entries }: typeof mine): readonly string[] =>
      entries
        .filter(({ place }) =>
          [mine, other].every(({ first, told }) => isFrom(place, first) && !told.has(place)),
        )
        .map(({ place, value }) => `${value} at ${formatPlace(place)}`)
    const [my, its] = [toTexts(mine), toTexts(other)]
    const length = Math.max(my.length, its.length)
    const at = Array.from({ length }).findIndex((_, position) => my[position] !== its[position])
    if (at < 0) return []
    return `other-order: ${mine.session.id} has ${my[at]} where ${other.session.id} has ${its[at]}`
  })
}

function isFrom(place: Place, first: Place | undefined): boolean {
  return first !== undefined && comparePlaces(place, first) >= 0
}
