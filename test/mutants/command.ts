// `npm run mutants`: what its words mean, what it prints, and how it ends.

import { parseArgs } from 'node:util'
import { hunt, type Judged, type Verdict } from './hunt.ts'
import type { Mutant } from './mutant.ts'

const usage = `usage: npm run mutants -- [--list] [--only NAME]…

Plants one fault after the other into a copy of the project, and runs the tests that are to catch it.
Exit code 1 where one survives, or says nothing of its tests.

  --list       prints the faults
  --only NAME  this fault alone; may be said several times
`

export interface MutantsWorld {
  readonly project: string
  readonly mutants: readonly Mutant[]
  readonly patienceMs: number
  readonly print: (text: string) => void
  readonly signal: AbortSignal
}

/** Two faults at the same time: the tests of each run one after the other. */
const copiesCount = 2

/** Runs the command. Returns its exit code. */
export async function runMutants(words: readonly string[], world: MutantsWorld): Promise<number> {
  const { print } = world
  const options = readOptions(words)
  const unknown = options?.only.find((name) => !world.mutants.some((mutant) => mutant.name === name))
  if (options === undefined || unknown !== undefined) {
    print(unknown === undefined ? usage : `there is no fault ${unknown}; --list prints them all\n`)
    return 2
  }
  const { only } = options
  const chosen = world.mutants.filter(({ name }) => only.length === 0 || only.includes(name))
  if (options.list) {
    for (const { name, file, breaks } of chosen) print(`${name} (${file})\n    ${breaks}\n`)
    return 0
  }
  return await judgeAll(chosen, world)
}

function readOptions(
  words: readonly string[],
): { readonly list: boolean; readonly only: readonly string[] } | undefined {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        list: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
      },
    })
    return values
  } catch {
    return undefined
  }
}

async function judgeAll(mutants: readonly Mutant[], { print, ...world }: MutantsWorld): Promise<number> {
  const begin = performance.now()
  let areBaselinesGood = true
  const judged = await hunt({
    ...{ ...world, mutants, copies: Math.min(copiesCount, mutants.length) },
    onBaseline: (tests, outcome, tookMs) => {
      if (outcome.kind === 'passed') return
      areBaselinesGood = false
      print(
        `WITHOUT A FAULT ${outcome.kind}: ${tests.join(' ')} ${JSON.stringify(outcome)} ${toSeconds(tookMs)}\n`,
      )
    },
    onJudged: ({ mutant, verdict, tookMs }) => print(`${describe(mutant, verdict)} (${toSeconds(tookMs)})\n`),
  })
  print(`\n${formatTable(judged)}\nin ${toSeconds(performance.now() - begin)}\n`)
  return areBaselinesGood && judged.every(({ verdict }) => verdict.kind === 'caught') ? 0 : 1
}

function describe({ name }: Mutant, verdict: Verdict): string {
  switch (verdict.kind) {
    case 'caught':
      return `caught      ${name}: ${verdict.by}`
    case 'survived':
      return `SURVIVED    ${name}: ${verdict.tests} tests pass with it`
    case 'not judged':
      return `NOT JUDGED  ${name}: ${verdict.why}`
  }
}

/** How many faults of each room were caught. */
function formatTable(judged: readonly Judged[]): string {
  const rooms = Map.groupBy(judged, ({ mutant }) => mutant.file.slice(0, mutant.file.lastIndexOf('/')))
  const lines = [...rooms].map(([room, each]) => formatRow(room, each))
  const head = ['room'.padEnd(22), ...['faults', 'caught', 'survived', 'not judged'].map(toColumn)].join('')
  return [head, ...lines, formatRow('together', judged), ''].join('\n')
}

function formatRow(room: string, judged: readonly Judged[]): string {
  const count = (kind: Verdict['kind']): number =>
    judged.filter(({ verdict }) => verdict.kind === kind).length
  const counts = [judged.length, count('caught'), count('survived'), count('not judged')]
  return [room.padEnd(22), ...counts.map(toColumn)].join('')
}

function toColumn(value: number | string): string {
  return String(value).padStart(12)
}

function toSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
