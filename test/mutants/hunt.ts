// Judges the tests by faults: each fault is planted alone into a copy of the project, and the tests that are to catch it are run there. First
// they must pass without it, and the fault must be a valid program; else a failure says nothing.

import type { Mutant } from './mutant.ts'
import { runTrial, type TrialOutcome } from './trial.ts'
import { findTypeErrors, projectItself } from './type-check.ts'
import { WorkingCopy } from './working-copy.ts'

export type Verdict =
  /** `by`: the first test that failed. */
  | { readonly kind: 'caught'; readonly by: string; readonly message: string }
  /** Every test passes with the fault. */
  | { readonly kind: 'survived'; readonly tests: number }
  /** Nothing is known of the tests. */
  | { readonly kind: 'not judged'; readonly why: string }

export interface Judged {
  readonly mutant: Mutant
  readonly verdict: Verdict
  readonly tookMs: number
}

export interface HuntOptions {
  /** Top of the project. */
  readonly project: string
  readonly mutants: readonly Mutant[]
  /** Copies of the project, each with one fault at a time. */
  readonly copies: number
  /** How much longer than usual tests may take with a fault. */
  readonly patienceMs: number
  readonly onBaseline: (tests: readonly string[], outcome: TrialOutcome, tookMs: number) => void
  readonly onJudged: (judged: Judged) => void
  readonly signal: AbortSignal
}

/** Tests take so many times as long as without a fault, and `patienceMs`, at the most: what the machine's noise adds is no fault. */
const slowerFactor = 10
const baselineLimitMs = 300_000

/** Judges every fault; in the order of the list. */
export async function hunt(options: HuntOptions): Promise<readonly Judged[]> {
  await using stack = new AsyncDisposableStack()
  const copies: WorkingCopy[] = []
  for (let made = 0; made < options.copies; made++)
    copies.push(stack.use(await WorkingCopy.of(options.project)))
  const [first] = copies
  if (first === undefined) return []
  const typeErrors = await findTypeErrors(first, options.mutants)
  const limits = await runBaselines(options, copies)
  const judged = new Map<Mutant, Judged>()
  await shareOut(options.mutants, copies, async (mutant, copy) => {
    const begin = performance.now()
    const verdict = await judge(mutant, copy, typeErrors, limits, options.signal)
    const each = { mutant, verdict, tookMs: performance.now() - begin }
    judged.set(mutant, each)
    options.onJudged(each)
  })
  return options.mutants.flatMap((mutant) => judged.get(mutant) ?? [])
}

/** Runs each selection of tests once without a fault. How long each may take with one; those that fail are not there. */
async function runBaselines(
  { mutants, patienceMs, onBaseline, signal }: HuntOptions,
  copies: readonly WorkingCopy[],
): Promise<ReadonlyMap<string, number>> {
  const limits = new Map<string, number>()
  const selections = new Map(mutants.map(({ tests }) => [keyOf(tests), tests]))
  await shareOut([...selections], copies, async ([key, tests], { path: copy }) => {
    const begin = performance.now()
    const outcome = await runTrial({ copy, tests, timeLimitMs: baselineLimitMs, signal })
    const tookMs = performance.now() - begin
    onBaseline(tests, outcome, tookMs)
    if (outcome.kind === 'passed') limits.set(key, tookMs * slowerFactor + patienceMs)
  })
  return limits
}

async function judge(
  mutant: Mutant,
  copy: WorkingCopy,
  typeErrors: ReadonlyMap<string, string>,
  limits: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<Verdict> {
  const { name, tests, hangs = false } = mutant
  const problem = typeErrors.get(projectItself)
  if (problem !== undefined) return { kind: 'not judged', why: `the project is no valid program: ${problem}` }
  const typeError = typeErrors.get(name)
  if (typeError !== undefined) return { kind: 'not judged', why: `is no valid program: ${typeError}` }
  const timeLimitMs = limits.get(keyOf(tests))
  if (timeLimitMs === undefined) return { kind: 'not judged', why: 'its tests fail without it' }
  const outcome = await copy.with(mutant, () => runTrial({ copy: copy.path, tests, timeLimitMs, signal }))
  if ('problem' in outcome) return { kind: 'not judged', why: outcome.problem }
  switch (outcome.kind) {
    case 'failed':
      return { kind: 'caught', by: outcome.test, message: outcome.message }
    case 'hung':
      if (hangs) return { kind: 'caught', by: outcome.test, message: 'never ends' }
      return { kind: 'not judged', why: `a test never ends: ${outcome.test}` }
    case 'passed':
      return { kind: 'survived', tests: outcome.tests }
    case 'broken':
      return { kind: 'not judged', why: outcome.why }
  }
}

function keyOf(tests: readonly string[]): string {
  return tests.toSorted().join(' ')
}

/** Does the work of every item, in as many copies as there are at the same time. */
async function shareOut<Item>(
  items: readonly Item[],
  copies: readonly WorkingCopy[],
  work: (item: Item, copy: WorkingCopy) => Promise<void>,
): Promise<void> {
  const left = items.values()
  await Promise.all(
    copies.map(async (copy) => {
      for (const item of left) await work(item, copy)
    }),
  )
}
