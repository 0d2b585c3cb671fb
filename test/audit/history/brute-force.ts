// Linearizability by the definition alone: every order of the operations that time allows, every choice of unknown appends, every
// place that one of those could have got. For small histories.

import type { History, Operation } from '../../../audit/history/history.ts'
import { comparePlaces, type Place } from '../../../audit/history/place.ts'

/** The places that an append of unknown outcome could get: two epochs of eight offsets. */
const places: readonly Place[] = [1, 2].flatMap((epoch) =>
  Array.from({ length: 8 }, (_, offset) => ({ epoch, offset })),
)

interface Log {
  readonly place: Place
  readonly value: string
}

export function isLinearizable({ operations }: History, isConsecutive: boolean): boolean {
  const relevant = operations.filter(
    ({ kind, outcome }) => outcome === 'ok' || (kind === 'append' && outcome === 'unknown'),
  )
  return canFollow(undefined, relevant, isConsecutive)
}

function canFollow(last: Log | undefined, left: readonly Operation[], isConsecutive: boolean): boolean {
  if (left.every(({ outcome }) => outcome !== 'ok')) return true
  return left.some((operation) => {
    if (left.some((other) => other.outcome === 'ok' && other.returnedAt < operation.calledAt)) return false
    const rest = left.filter((other) => other !== operation)
    return logsAfter(last, operation, isConsecutive).some((log) => canFollow(log, rest, isConsecutive))
  })
}

/** What the log can end with after an operation; none if the operation cannot be. */
function logsAfter(
  last: Log | undefined,
  operation: Operation,
  isConsecutive: boolean,
): readonly (Log | undefined)[] {
  if (operation.kind === 'read') {
    if (operation.outcome !== 'ok') return []
    const { result } = operation
    if (result === undefined || last === undefined) return result === last ? [last] : []
    return result.value === last.value && comparePlaces(result.place, last.place) === 0 ? [last] : []
  }
  const wanted = operation.outcome === 'ok' ? [operation.result] : places
  return wanted
    .filter((place) => last === undefined || isNext(last.place, place, isConsecutive))
    .map((place) => ({ place, value: operation.value }))
}

function isNext(last: Place, place: Place, isConsecutive: boolean): boolean {
  if (place.epoch !== last.epoch) return place.epoch > last.epoch
  return isConsecutive ? place.offset === last.offset + 1 : place.offset > last.offset
}
