// `npm run sim`: runs seeds through the simulator, each twice, and prints what happened. A seed that fails prints its plan, its
// last events and the command that replays it; the exit code is 1 then.

import { parseArgs } from 'node:util'
import { drawPlan, type Plan } from './plan.ts'
import { formatFailure, formatReport, Totals } from './report.ts'
import { Simulation } from './simulation.ts'

const usage = `usage: npm run sim -- [--seeds 100] [--first 1] [--seed N] [--nodes 3..16] [--verbose]

  --seeds N    how many seeds to run, from --first on
  --seed N     runs this one alone
  --nodes N    instead of the number that the seed draws
  --verbose    prints the story of every run
`

const options = readOptions()
if (options === undefined) {
  process.stderr.write(usage)
  process.exitCode = 2
} else process.exitCode = runSeeds(options)

interface Options {
  readonly first: number
  readonly seeds: number
  readonly nodes: number | undefined
  readonly verbose: boolean
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '100' },
        first: { type: 'string', default: '1' },
        seed: { type: 'string' },
        nodes: { type: 'string' },
        verbose: { type: 'boolean', default: false },
      },
    })
    const { seed, verbose } = values
    const nodes = values.nodes === undefined ? undefined : Number(values.nodes)
    const first = Number(seed ?? values.first)
    const seeds = seed === undefined ? Number(values.seeds) : 1
    const isGood = [first, seeds].every((value) => Number.isSafeInteger(value) && value >= 1)
    if (!isGood || (nodes !== undefined && !(Number.isInteger(nodes) && nodes >= 2 && nodes <= 16)))
      return undefined
    return { first, seeds, nodes, verbose }
  } catch {
    return undefined
  }
}

function runSeeds({ first, seeds, nodes, verbose }: Options): number {
  const totals = new Totals()
  const begin = performance.now()
  for (let seed = first; seed < first + seeds; seed++) {
    const plan = drawPlan(seed, nodes)
    const failure = runTwice(plan, verbose, totals)
    if (failure !== undefined) process.stdout.write(formatFailure(plan, failure, nodes))
  }
  const seconds = (performance.now() - begin) / 1000
  process.stdout.write(formatReport(totals, seconds))
  return totals.failed === 0 ? 0 : 1
}

function runTwice(plan: Plan, verbose: boolean, totals: Totals): ReturnType<Simulation['run']>['failure'] {
  const print = verbose ? (line: string): void => void process.stdout.write(`${line}\n`) : undefined
  const outcome = new Simulation(plan, print).run()
  const again = new Simulation(plan).run()
  let { failure } = outcome
  if (failure === undefined && again.traceHash !== outcome.traceHash) {
    const message = `two runs have the traces ${outcome.traceHash} and ${again.traceHash}`
    failure = { invariant: 'determinism', message, story: [] }
  }
  totals.add(outcome, failure)
  return failure
}
