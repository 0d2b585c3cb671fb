// Why a history is not linearizable, in as few operations as show it. The order of places says which operation comes before which:
// appends by their steps, reads between the append that they saw and the next one. So a history is wrong because
// two operations contradict each other at one place, or because one had ended before another began that comes before it. That
// is always one or two operations, however large the history is.

import { mapEntry } from '../map-entry.ts'
import { describeEvidence, operationEvidence, type Shown } from './finding.ts'
import type { Value } from './history.ts'
import type { Candidate, LogModel } from './log-model.ts'

/** An operation with its rank in the order of places: equal ranks may take effect in any order. */
interface Ranked {
  readonly candidate: Candidate
  readonly rank: number
}

/** The first contradiction that there is; undefined if the operations contradict each other only as a whole. */
export function findConflict(model: LogModel): Shown | undefined {
  return conflictAtPlace(model) ?? valueAtTwoPlaces(model) ?? tooFewFillers(model) ?? conflictInTime(model)
}

/** Two values at one place, or a value that nobody can have put there. */
function conflictAtPlace(model: LogModel): Shown | undefined {
  const appends = new Map<number, Candidate>()
  for (const each of model.required) {
    if (each.kind === 'read') continue
    const step = each.steps[0] ?? 0
    const other = appends.get(step)
    if (other !== undefined) return showPair(other, each, 'got the same place as')
    appends.set(step, each)
  }
  const possible = new Set(model.seen.flatMap(({ value, steps }) => steps.map((step) => `${step} ${value}`)))
  const reads = new Map<number, Candidate>()
  for (const each of model.required) {
    if (each.kind === 'append' || each.value === undefined) continue
    const step = each.steps[0] ?? 0
    const append = appends.get(step)
    if (append !== undefined && append.value !== each.value)
      return showPair(each, append, 'saw another value than')
    const other = mapEntry(reads, step, () => each)
    if (other.value !== each.value) return showPair(each, other, 'saw another value at the same place than')
    if (append === undefined && !possible.has(`${step} ${each.value}`)) return showAlone(each)
  }
  return undefined
}

/** An unknown append takes effect once; with several of one value, reads may have seen each of them. */
function valueAtTwoPlaces(model: LogModel): Shown | undefined {
  const copies = countCopies(model)
  const append = model.seen.find(({ value, steps }) => steps.length > (copies.get(value) ?? 0))
  if (append === undefined) return undefined
  const [one, other] = append.steps.map((step) =>
    model.required.find(
      (each) => each.kind === 'read' && each.steps[0] === step && each.value === append.value,
    ),
  )
  return one === undefined || other === undefined
    ? undefined
    : showPair(one, other, 'saw at another place what was seen by')
}

function tooFewFillers(model: LogModel): Shown | undefined {
  const after = model.required.find(({ steps }) => model.missingIn(steps[0] ?? 0) > model.fillers.length)
  if (after === undefined) return undefined
  const evidence = operationEvidence(after.source)
  const sentence = `More offsets are missing before ${describeEvidence(evidence)} than appends can have filled.`
  return { evidence: [evidence], sentence }
}

/** The operation that is called first of those which come too late, and the last one that had ended then and comes after it. */
function conflictInTime(model: LogModel): Shown | undefined {
  const ranked = rankAll(model)
  let earliestReturn = Number.POSITIVE_INFINITY
  let late: Ranked | undefined
  for (const each of ranked.toReversed()) {
    const { calledAt, returnedAt } = each.candidate
    // Of equal ranks, what is called later comes first here, and it cannot have returned before this call.
    if (earliestReturn < calledAt && (late === undefined || calledAt < late.candidate.calledAt)) late = each
    earliestReturn = Math.min(earliestReturn, returnedAt)
  }
  if (late === undefined) return undefined
  const { calledAt } = late.candidate
  const before = ranked.filter((each) => each.rank > late.rank && each.candidate.returnedAt < calledAt)
  const last = before.reduce<Ranked | undefined>(
    (found, each) =>
      found === undefined || each.candidate.returnedAt > found.candidate.returnedAt ? each : found,
    undefined,
  )
  const link =
    late.candidate.steps.length > 0
      ? 'had ended, and comes later in the order of places, before there was'
      : 'had ended, with an offset missing before it, before there was the first append that can have filled it,'
  return last === undefined ? undefined : showPair(last.candidate, late.candidate, link)
}

/**
 * In the order of places, as far as the place of an operation is certain: not where it was seen at several, or where another
 * append of the same value may be what was seen. Of the fillers, the one called first is the best for the first missing
 * offset, and so on.
 */
function rankAll(model: LogModel): readonly Ranked[] {
  const copies = countCopies(model)
  const certain = model.seen.filter(({ value, steps }) => steps.length === 1 && copies.get(value) === 1)
  const ranked = [...model.required, ...certain].map((candidate) => ({
    candidate,
    rank: 2 * (candidate.steps[0] ?? 0) - (candidate.kind === 'append' ? 1 : 0),
  }))
  for (const [index, step] of model.missingSteps().entries()) {
    const candidate = model.fillers[index]
    if (candidate !== undefined) ranked.push({ candidate, rank: 2 * step - 1 })
  }
  return ranked.sort((a, b) => a.rank - b.rank || a.candidate.calledAt - b.candidate.calledAt)
}

/** By value, the unknown appends that were seen: one each, unless the history breaks the rule that values are unique. */
function countCopies(model: LogModel): ReadonlyMap<Value | undefined, number> {
  const copies = new Map<Value | undefined, number>()
  for (const { value } of model.seen) copies.set(value, (copies.get(value) ?? 0) + 1)
  return copies
}

function showPair(one: Candidate, other: Candidate, link: string): Shown {
  const evidence = [operationEvidence(one.source), operationEvidence(other.source)] as const
  return { evidence, sentence: `${describeEvidence(evidence[0])} ${link} ${describeEvidence(evidence[1])}.` }
}

function showAlone(read: Candidate): Shown {
  const evidence = operationEvidence(read.source)
  return {
    evidence: [evidence],
    sentence: `${describeEvidence(evidence)} saw what nobody can have put there.`,
  }
}
