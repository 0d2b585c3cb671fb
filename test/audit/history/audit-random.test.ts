// The audits of the log and of sessions against the definitions, on random histories: sessions of a log that works, with entries left
// out, doubled, moved or changed. And that no audit throws, whatever it is given.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry, EntryEvent, History, Operation, Session } from '../../../audit/history/history.ts'
import { checkLinearizability } from '../../../audit/history/linearizability.ts'
import { auditLog } from '../../../audit/history/log-audit.ts'
import { beginning, type Place } from '../../../audit/history/place.ts'
import { auditQueue } from '../../../audit/history/queue-audit.ts'
import { auditReads } from '../../../audit/history/read-audit.ts'
import { auditWatches } from '../../../audit/history/watch-audit.ts'
import { type Random, randomBelow, seededRandom } from '../../../node/core/common/random.ts'
import { append, refusedAppend, session, unknownAppend } from './written-history.ts'

const seed = 20260215
const histories = 3_000

test('the audits count on random histories what the definitions say', (context) => {
  context.diagnostic(`seed ${seed}`)
  const totals = new Map<string, number>()
  for (let number = 0; number < histories; number++) {
    const drawn = drawHistory(seededRandom(`${seed}/${number}`))
    const found = countKinds([...auditLog(drawn), ...auditWatches(drawn)])
    assert.deepEqual(found, naiveCounts(drawn), `history ${number}: ${JSON.stringify(drawn)}`)
    for (const [kind, count] of Object.entries(found))
      if (count > 0) totals.set(kind, (totals.get(kind) ?? 0) + 1)
  }
  context.diagnostic(JSON.stringify(Object.fromEntries(totals)))
  assert.equal(totals.size, kinds.length)
  assert.ok([...totals.values()].every((count) => count > histories / 50))
})

test('no audit throws on histories of nonsense', (context) => {
  context.diagnostic(`seed ${seed}`)
  for (let number = 0; number < histories; number++) {
    const nonsense = drawNonsense(seededRandom(`${seed}/nonsense/${number}`))
    for (const isConsecutive of [true, false])
      checkLinearizability(nonsense, { isConsecutive, looksMax: 10_000 })
    auditLog(nonsense)
    auditQueue(nonsense)
    auditWatches(nonsense)
    auditReads(nonsense)
  }
})

const kinds = [
  'lost-write',
  'aborted-read',
  'inconsistent-offsets',
  'duplicate',
  'poll-skip',
  'nonmonotonic-poll',
  'nonmonotonic-send',
  'ordered',
  'unique',
  'reliable',
  'resumable',
] as const
type Counts = Record<(typeof kinds)[number], number>

function countKinds(findings: readonly { readonly kind: string; readonly count: number }[]): Counts {
  const counts = noCounts()
  for (const { kind, count } of findings)
    for (const known of kinds) if (known === kind) counts[known] += count
  return counts
}

function noCounts(): Counts {
  return Object.fromEntries(kinds.map((kind) => [kind, 0])) as Counts
}

/** Offsets of epoch 1 alone, no gaps, no bookmarks, no topics. */
function naiveCounts({ operations, sessions }: History): Counts {
  const counts = noCounts()
  const appends = operations.filter((each) => each.kind === 'append')
  const acknowledged = appends.flatMap((each) =>
    each.outcome === 'ok' ? { value: each.value, offset: each.result.offset } : [],
  )
  const sent = sessions.map(({ events }) => entriesOf(events))
  const seen = sent.flat()
  const said = [...acknowledged, ...seen]
  const unique = (pairs: readonly (readonly [number | string, number | string])[]): number =>
    new Set(pairs.map((pair) => pair.join(' '))).size
  counts['inconsistent-offsets'] = unique(
    said.flatMap(({ value, offset }) =>
      said.find((each) => each.offset === offset)?.value === value ? [] : [[offset, value]],
    ),
  )
  counts.duplicate = unique(
    said.flatMap(({ value, offset }) =>
      said.find((each) => each.value === value)?.offset === offset ? [] : [[offset, value]],
    ),
  )
  const refused = appends.filter(({ outcome }) => outcome === 'refused').map(({ value }) => value)
  counts['aborted-read'] = seen.filter(({ value }) => refused.includes(value)).length
  counts['lost-write'] = acknowledged.filter(
    ({ value, offset }) =>
      seen.every((each) => each.value !== value) &&
      sessions.some((each, index) => wentPast(each, sent[index] ?? [], offset, 0)),
  ).length
  for (const [index, each] of sessions.entries()) addSession(counts, each, sent[index] ?? [], seen, said)
  for (const [index, { value, outcome }] of appends.entries()) {
    const before = appends.slice(0, index).findLast((each) => each.outcome === 'ok')
    const place = said.find((each) => each.value === value)?.offset
    if (outcome === 'refused' || place === undefined || before?.outcome !== 'ok') continue
    if (place < before.result.offset) counts['nonmonotonic-send']++
  }
  return counts
}

interface At {
  readonly value: string
  readonly offset: number
}

/** An entry took the session from before the offset to it, or `beyond` it. */
function wentPast({ after }: Session, sent: readonly At[], offset: number, beyond: number): boolean {
  return sent.some((to, index) => {
    const reached = reachedBefore(after, sent, index)
    return reached !== undefined && reached < offset && offset <= to.offset - beyond
  })
}

function reachedBefore(after: Place | undefined, sent: readonly At[], index: number): number | undefined {
  const offsets = sent.slice(0, index).map(({ offset }) => offset)
  const all = after === undefined ? offsets : [after.offset, ...offsets]
  return all.length === 0 ? undefined : Math.max(...all)
}

function addSession(
  counts: Counts,
  given: Session,
  sent: readonly At[],
  seen: readonly At[],
  said: readonly At[],
): void {
  const offsetsOf = (list: readonly At[]): readonly number[] => [...new Set(list.map(({ offset }) => offset))]
  const isMissed = (offset: number): boolean =>
    sent.every((each) => each.offset !== offset) && wentPast(given, sent, offset, 1)
  counts['poll-skip'] += offsetsOf(seen).filter(isMissed).length
  for (const offset of offsetsOf(said).filter(isMissed)) {
    const isAtBeginning = sent[0] !== undefined && offset < sent[0].offset
    counts[isAtBeginning ? 'resumable' : 'reliable']++
  }
  for (const [index, { value, offset }] of sent.entries()) {
    const before = sent.slice(0, index)
    const reached = reachedBefore(given.after, sent, index)
    if (reached !== undefined && offset <= reached) counts['nonmonotonic-poll']++
    if (before.some((each) => each.offset === offset || each.value === value)) counts.unique++
    else if (before.some((each) => each.offset > offset)) counts.ordered++
    if (given.after !== undefined && offset <= given.after.offset) counts.resumable++
  }
}

function entriesOf(events: Session['events']): readonly At[] {
  return events.flatMap((event) =>
    event.kind === 'entry' ? { value: event.value, offset: event.place.offset } : [],
  )
}

function drawHistory(random: Random): History {
  const log: EntryEvent[] = []
  const operations = Array.from({ length: 4 + randomBelow(random, 5) }, (_, index): Operation => {
    const value = `a-${index}`
    const fate = random()
    if (fate < 0.15) return refusedAppend([index, index], value)
    const isWrong = random() < 0.05
    const offset = isWrong ? randomBelow(random, 8) : index
    if (fate > 0.2 || isWrong) log.push({ kind: 'entry', place: { epoch: 1, offset }, value })
    return fate < 0.4 ? unknownAppend(index, value) : append([index, index], value, offset)
  })
  log.sort((a, b) => a.place.offset - b.place.offset)
  const sessions = Array.from({ length: 1 + randomBelow(random, 3) }, (_, index) => {
    const begin = randomBelow(random, 4)
    const after =
      begin === 0 ? undefined : begin === 1 ? { epoch: 1, offset: randomBelow(random, 4) } : beginning
    const due = log.filter(({ place }) => after === undefined || place.offset > after.offset)
    return session(`s${index}`, damage(random, due, operations), { after })
  })
  return { stream: 'orders', operations, sessions }
}

function damage(
  random: Random,
  due: readonly EntryEvent[],
  operations: readonly Operation[],
): readonly EntryEvent[] {
  const events = due.slice(0, due.length - randomBelow(random, 2))
  for (let faults = randomBelow(random, 3); faults > 0; faults--) {
    const at = randomBelow(random, events.length)
    const event = events[at]
    const operation = operations[randomBelow(random, operations.length)]
    if (event === undefined || operation?.kind !== 'append') continue
    const fault = randomBelow(random, 5)
    if (fault < 2) events.splice(at, 1)
    else if (fault === 2) events.splice(randomBelow(random, events.length), 0, event)
    else if (fault === 3) events.splice(randomBelow(random, events.length), 0, ...events.splice(at, 1))
    else events[at] = { ...event, value: operation.value }
  }
  return events
}

function drawNonsense(random: Random): History {
  const numbers = [
    -1,
    0,
    1,
    2,
    3,
    1.5,
    2 ** 53,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ]
  const values = ['', '-', 'a', 'a-', 'a-1', 'a-2', 'a-x', '__proto__', 'b--1']
  const pick = <Item>(items: readonly [Item, ...Item[]]): Item =>
    items[randomBelow(random, items.length)] ?? items[0]
  const number = (): number => pick([0, ...numbers])
  const value = (): string => pick(['a-0', ...values])
  const place = (): Place => ({ epoch: number(), offset: number() })
  const some = <Item>(make: () => Item): readonly Item[] =>
    Array.from({ length: randomBelow(random, 7) }, make)
  const operation = (): Operation => {
    const call = { process: value(), calledAt: number() }
    const isRead = random() < 0.4
    const kind = isRead ? ({ kind: 'read' } as const) : ({ kind: 'append', value: value() } as const)
    if (random() < 0.3) return { ...call, ...kind, outcome: pick(['refused', 'unknown']) }
    const ending = { ...call, outcome: 'ok', returnedAt: number() } as const
    const entry = (): Entry | undefined => (random() < 0.2 ? undefined : { place: place(), value: value() })
    return kind.kind === 'read'
      ? { ...ending, ...kind, result: entry() }
      : { ...ending, ...kind, result: place() }
  }
  const event = (): Session['events'][number] => {
    const kind = pick(['entry', 'gap', 'bookmark'])
    if (kind === 'gap') return { kind, from: place(), to: place() }
    return kind === 'entry' ? { kind, place: place(), value: value() } : { kind: 'bookmark', place: place() }
  }
  const one = (): Session =>
    session(value(), some(event), { isDrain: random() < 0.5, after: pick([undefined, place()]) })
  return { stream: '', operations: some(operation), sessions: some(one) }
}
