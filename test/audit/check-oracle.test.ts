// The check against a second, naive one that goes message by message: random histories with injected faults.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkJournals } from '../../audit/check.ts'
import type { OriginReport } from '../../audit/check-result.ts'
import { base, end, gap, got, journal, type Lines, sent, start, sub } from './history.ts'

const topics = ['a', 'a.b', 'c.d.e'] as const
/** Each with the topics that it matches, written by hand. */
const patternSets: readonly { readonly patterns: readonly string[]; readonly matched: readonly number[] }[] =
  [
    { patterns: ['>'], matched: [0, 1, 2] },
    { patterns: ['a'], matched: [0] },
    { patterns: ['*.*', 'c.>'], matched: [1, 2] },
    { patterns: ['a.*'], matched: [1] },
    { patterns: ['x'], matched: [] },
  ]
const msPerMessage = 10

/** What happens to one (subscription, origin) pair: `seq` delivered, or told as a gap. */
interface Step {
  readonly seq: number
  readonly isGap: boolean
}

interface Fault {
  readonly kind: 'drop' | 'copy' | 'swap' | 'insert' | 'gap'
  readonly at: number
  readonly other: number
}

interface Pair {
  readonly base: number
  readonly faults: readonly Fault[]
  readonly runLength: number
}

interface Scenario {
  /** Topic index of every message of every origin. */
  readonly origins: readonly (readonly number[])[]
  readonly subs: readonly {
    readonly patternSet: number
    readonly endsAt: number | undefined
    /** When it was made: what was sent up to then is history. */
    readonly since: number | undefined
    readonly pairs: readonly Pair[]
  }[]
  readonly graceMs: number
  readonly runLength: number
}

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom('drop', 'copy', 'swap', 'insert', 'gap'),
  at: fc.nat(40),
  other: fc.integer({ min: 1, max: 30 }),
})
const pair: fc.Arbitrary<Pair> = fc.record({
  base: fc.nat(5),
  faults: fc.array(fault, { maxLength: 4 }),
  runLength: fc.integer({ min: 1, max: 9 }),
})
const scenario: fc.Arbitrary<Scenario> = fc.record({
  origins: fc.array(fc.array(fc.nat(2), { maxLength: 25 }), { minLength: 1, maxLength: 3 }),
  subs: fc.array(
    fc.record({
      patternSet: fc.nat(patternSets.length - 1),
      endsAt: fc.option(fc.nat(25), { nil: undefined }),
      since: fc.option(fc.nat(250), { nil: undefined }),
      pairs: fc.array(pair, { minLength: 3, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  graceMs: fc.nat(400),
  runLength: fc.integer({ min: 1, max: 9 }),
})

/** What a faultless node would do, then the faults one after the other. */
function stepsOf(due: readonly number[], faults: readonly Fault[]): readonly Step[] {
  const steps: Step[] = due.map((seq) => ({ seq, isGap: false }))
  for (const { kind, at, other } of faults) {
    const index = steps.length === 0 ? 0 : at % steps.length
    const step = steps[index]
    const otherIndex = steps.length === 0 ? 0 : other % steps.length
    if (kind === 'insert') steps.splice(index, 0, { seq: other, isGap: false })
    else if (step === undefined) continue
    else if (kind === 'drop') steps.splice(index, 1)
    else if (kind === 'copy') steps.splice(otherIndex, 0, step)
    else if (kind === 'gap') steps[index] = { seq: step.seq, isGap: true }
    else {
      const swapped = steps[otherIndex] ?? step
      steps[otherIndex] = step
      steps[index] = swapped
    }
  }
  return steps
}

function dueOf(
  messages: readonly number[],
  matched: readonly number[],
  from: number,
  upTo: number,
): readonly number[] {
  return messages.flatMap((topic, index) => {
    const seq = index + 1
    return matched.includes(topic) && seq > from && seq <= upTo ? [seq] : []
  })
}

/** The steps as lines: neighbouring deliveries make one `got` line, in the order in which they happened. */
function linesOf(id: string, origin: string, steps: readonly Step[], runLength: number): readonly object[] {
  const lines: Readonly<Record<string, unknown>>[] = []
  let run: number[] = []
  const flush = (): void => {
    if (run.length === 0) return
    const isPlain = run.every((seq, index) => seq === (run[0] ?? 0) + index)
    lines.push(got(1, id, origin, Math.min(...run), Math.max(...run), isPlain ? undefined : run.join(',')))
    run = []
  }
  for (const { seq, isGap } of steps) {
    if (isGap || run.length >= runLength) flush()
    if (isGap) lines.push(gap(1, id, origin, seq, seq))
    else run.push(seq)
  }
  flush()
  return lines
}

function sentLines(origin: string, messages: readonly number[], runLength: number): readonly object[] {
  const lines: object[] = []
  for (let index = 0; index < messages.length; index += runLength) {
    const run = messages.slice(index, index + runLength)
    const last = (index + run.length) * msPerMessage
    lines.push({
      ...sent(last, origin, index + 1, index + run.length, '', (index + 1) * msPerMessage),
      topic: undefined,
      topics,
      order: run.map((topic) => `${topic}*1`).join(','),
    })
  }
  return lines
}

type Verdict = Record<
  'lostTold' | 'gone' | 'lostSilent' | 'duplicated' | 'outOfOrder' | 'phantom' | 'unexpected' | 'pending',
  readonly number[]
>

/** Message by message, with nothing but lists and the definitions. */
function naiveVerdict(
  messages: readonly number[],
  matched: readonly number[],
  given: Pair,
  steps: readonly Step[],
  upTo: number,
  {
    since,
    pendingAfter,
    runLength,
  }: { readonly since: number; readonly pendingAfter: number; readonly runLength: number },
): Verdict {
  const seen: number[] = []
  const told: number[] = []
  const duplicated: number[] = []
  const outOfOrder: number[] = []
  for (const { seq, isGap } of steps) {
    const highest = Math.max(0, ...seen, ...told)
    if (isGap) told.push(seq)
    else if (seen.includes(seq)) duplicated.push(seq)
    else {
      if (seq <= highest) outOfOrder.push(seq)
      seen.push(seq)
    }
  }
  const wanted = dueOf(messages, matched, given.base, Number.POSITIVE_INFINITY)
  const limit = Math.max(upTo, ...seen.filter((seq) => wanted.includes(seq)))
  const missing = wanted.filter((seq) => seq <= limit && !seen.includes(seq))
  const untold = missing.filter((seq) => !told.includes(seq))
  const isPending = (seq: number): boolean =>
    seq * msPerMessage > pendingAfter && upTo === Number.POSITIVE_INFINITY
  // The line that has it was written by then, or one that has a later one.
  const isHistory = (seq: number): boolean =>
    Math.min(Math.ceil(seq / runLength) * runLength, messages.length) * msPerMessage <= since
  return {
    lostTold: missing.filter((seq) => told.includes(seq) && !isHistory(seq)),
    gone: missing.filter((seq) => told.includes(seq) && isHistory(seq)),
    lostSilent: untold.filter((seq) => !isPending(seq)),
    pending: untold.filter(isPending),
    duplicated,
    outOfOrder,
    phantom: seen.filter((seq) => seq > messages.length),
    unexpected: seen.filter((seq) => seq <= messages.length && !wanted.includes(seq)),
  }
}

function sortedUnique(list: readonly number[]): readonly number[] {
  return [...new Set(list)].sort((a, b) => a - b)
}

function numbersOf(ranges: string): readonly number[] {
  if (ranges === '') return []
  return ranges.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })
}

function compare(report: OriginReport | undefined, verdict: Verdict): void {
  const kinds = [
    'lostTold',
    'gone',
    'lostSilent',
    'duplicated',
    'outOfOrder',
    'phantom',
    'unexpected',
    'pending',
  ] as const
  for (const kind of kinds) {
    const found = report === undefined ? [] : numbersOf(report[kind].ranges)
    assert.deepEqual(found, sortedUnique(verdict[kind]), kind)
    assert.equal(report?.[kind].count ?? 0, found.length)
  }
  assert.equal(report?.unknown.count ?? 0, 0)
}

test('the check agrees with a naive one on random histories with faults', () => {
  const property = (given: Scenario): void => {
    const endAt = 400
    const journals = given.origins.map((messages, index) => {
      const origin = `N${index}#1`
      const lines = [start(0, origin), ...sentLines(origin, messages, given.runLength)]
      return journal(`N${index}`, [...lines, { t: 'stop', at: endAt, node: `N${index}`, origin }] as Lines)
    })
    const clocks = given.origins.map((_, index) => ({
      t: 'clock',
      at: 0,
      peer: `N${index}`,
      offsetMs: 0,
      errorMs: 0,
    }))
    const lines: object[] = [start(0, 'S#1'), ...clocks]
    const expected: { readonly id: string; readonly origin: string; readonly verdict: Verdict }[] = []
    for (const [number, { patternSet, endsAt, since, pairs }] of given.subs.entries()) {
      const id = `s${number}`
      const { patterns, matched } = patternSets[patternSet] ?? { patterns: [], matched: [] }
      lines.push({ ...sub(0, id, patterns), ...(since === undefined ? {} : { since }) })
      for (const [index, messages] of given.origins.entries()) {
        const chosen = pairs[index] ?? { base: 0, faults: [], runLength: 1 }
        const origin = `N${index}#1`
        const upTo = endsAt ?? Number.POSITIVE_INFINITY
        const steps = stepsOf(dueOf(messages, matched, chosen.base, upTo), chosen.faults)
        lines.push(base(0, id, origin, chosen.base), ...linesOf(id, origin, steps, chosen.runLength))
        const { runLength } = given
        const times = {
          since: since ?? Number.NEGATIVE_INFINITY,
          pendingAfter: endAt - given.graceMs,
          runLength,
        }
        expected.push({
          id,
          origin,
          verdict: naiveVerdict(messages, matched, chosen, steps, upTo, times),
        })
      }
      const seqs = Object.fromEntries(given.origins.map((_, index) => [`N${index}#1`, endsAt ?? 0]))
      if (endsAt !== undefined) lines.push(end(2, id, seqs))
    }
    const result = checkJournals([...journals, journal('S', lines as Lines)], {
      graceMs: given.graceMs,
    })
    for (const { id, origin, verdict } of expected) {
      const subscriber = result.subscribers.find((each) => each.sub === id)
      compare(
        subscriber?.origins.find((each) => each.origin === origin),
        verdict,
      )
    }
    const isBad = expected.some(({ verdict }) =>
      Object.entries(verdict).some(
        ([kind, list]) => kind !== 'pending' && kind !== 'gone' && list.length > 0,
      ),
    )
    assert.equal(result.ok, !isBad)
  }
  fc.assert(fc.property(scenario, property), { numRuns: 3_000 })
})
