// `npm run sim`: runs seeds through the simulator, each twice, and prints what happened. A seed that fails prints its plan, its
// last events and the command that replays it; the exit code is 1 then.

import { parseArgs } from 'node:util'
import { LeaderSimulation } from './leader/leader-simulation.ts'
import { drawLeaderPlan } from './leader/plan.ts'
import { drawPlan } from './plan.ts'
import { formatFailure, formatReport, Totals } from './report.ts'
import type { Failure, Outcome } from './run.ts'
import { Simulation } from './simulation.ts'

const usage = `usage: npm run sim -- [--world gossip|leader] [--seeds 100] [--first 1] [--seed N] [--nodes N] [--verbose]

  --world W    streams in gossip mode, 3 to 7 nodes, or in leader mode, 1 to 5; without it one after the other
  --seeds N    how many seeds to run, from --first on
  --seed N     runs this one alone, and prints its story
  --nodes N    instead of the number that the seed draws: 2 to 16, in leader mode 1 to 5
  --verbose    prints the story of every run
`

type OnLine = ((line: string) => void) | undefined

interface SimulatedWorld {
  readonly name: string
  readonly nodesMin: number
  readonly nodesMax: number
  run(seed: number, nodes: number | undefined, onLine: OnLine): Outcome<{ readonly seed: number }>
}

const worlds: readonly SimulatedWorld[] = [
  {
    ...{ name: 'gossip', nodesMin: 2, nodesMax: 16 },
    run: (seed, nodes, onLine) => new Simulation(drawPlan(seed, nodes), onLine).run(),
  },
  {
    ...{ name: 'leader', nodesMin: 1, nodesMax: 5 },
    run: (seed, nodes, onLine) => new LeaderSimulation(drawLeaderPlan(seed, nodes), onLine).run(),
  },
]

const options = readOptions()
if (options === undefined) {
  process.stderr.write(usage)
  process.exitCode = 2
} else {
  const failed = options.worlds.filter((world) => !runSeeds(world, options))
  process.exitCode = failed.length === 0 ? 0 : 1
}

interface Options {
  readonly worlds: readonly SimulatedWorld[]
  readonly first: number
  readonly seeds: number
  readonly nodes: number | undefined
  readonly verbose: boolean
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        world: { type: 'string' },
        seeds: { type: 'string', default: '100' },
        first: { type: 'string', default: '1' },
        seed: { type: 'string' },
        nodes: { type: 'string' },
        verbose: { type: 'boolean', default: false },
      },
    })
    const { seed, verbose, world } = values
    const nodes = values.nodes === undefined ? undefined : Number(values.nodes)
    const first = Number(seed ?? values.first)
    const seeds = seed === undefined ? Number(values.seeds) : 1
    const isGood = [first, seeds].every((value) => Number.isSafeInteger(value) && value >= 1)
    const fits = (each: SimulatedWorld): boolean =>
      nodes === undefined || (Number.isInteger(nodes) && nodes >= each.nodesMin && nodes <= each.nodesMax)
    const chosen = worlds.filter((each) => (world === undefined || each.name === world) && fits(each))
    const tells = verbose || seed !== undefined
    return isGood && chosen.length > 0 ? { worlds: chosen, first, seeds, nodes, verbose: tells } : undefined
  } catch {
    return undefined
  }
}

/** Whether every seed has kept its promises. */
function runSeeds(world: SimulatedWorld, options: Options): boolean {
  const { first, seeds, nodes } = options
  const totals = new Totals()
  const begin = performance.now()
  for (let seed = first; seed < first + seeds; seed++) {
    const { outcome, failure } = runTwice(world, seed, options)
    totals.add(outcome, failure)
    if (failure === undefined) continue
    const withNodes = nodes === undefined ? '' : ` --nodes ${nodes}`
    const replay = `npm run sim -- --world ${world.name} --seed ${seed}${withNodes}`
    process.stdout.write(formatFailure(replay, outcome.plan, failure))
  }
  const seconds = (performance.now() - begin) / 1000
  process.stdout.write(`${world.name} mode: ${formatReport(totals, seconds)}`)
  return totals.failed === 0
}

function runTwice(
  world: SimulatedWorld,
  seed: number,
  { nodes, verbose }: Options,
): { readonly outcome: Outcome<{ readonly seed: number }>; readonly failure: Failure | undefined } {
  const print = verbose ? (line: string): void => void process.stdout.write(`${line}\n`) : undefined
  const outcome = world.run(seed, nodes, print)
  const again = world.run(seed, nodes, undefined)
  if (outcome.failure !== undefined || again.traceHash === outcome.traceHash)
    return { outcome, failure: outcome.failure }
  const message = `two runs have the traces ${outcome.traceHash} and ${again.traceHash}`
  return { outcome, failure: { invariant: 'determinism', message, story: [] } }
}
