// The worlds that are simulated, and a range of seeds of one of them, on the thread that asks.

import { LeaderSimulation } from './leader/leader-simulation.ts'
import { drawLeaderPlan } from './leader/plan.ts'
import { drawPlan } from './plan.ts'
import { formatFailure, type Sums, Totals } from './report.ts'
import type { Failure, Outcome } from './run.ts'
import { Simulation } from './simulation.ts'
import { ExploredScript, exploredCases, toCase, toExploredPlan } from './switching/exploration.ts'
import { drawSwitchingPlan } from './switching/plan.ts'
import { SwitchingSimulation } from './switching/switching-simulation.ts'

export type WorldName = 'gossip' | 'leader' | 'switching' | 'exploration'

type OnLine = ((line: string) => void) | undefined
type SeedOutcome = Outcome<{ readonly seed: number }>

interface World {
  readonly nodesMin: number
  readonly nodesMax: number
  /** Of a world that is no endless number of seeds. */
  readonly seedsMax?: number
  run(seed: number, nodes: number | undefined, onLine: OnLine): SeedOutcome
}

export const worlds: Readonly<Record<WorldName, World>> = {
  gossip: {
    ...{ nodesMin: 2, nodesMax: 16 },
    run: (seed, nodes, onLine) => new Simulation(drawPlan(seed, nodes), onLine).run(),
  },
  leader: {
    ...{ nodesMin: 1, nodesMax: 5 },
    run: (seed, nodes, onLine) => new LeaderSimulation(drawLeaderPlan(seed, nodes), onLine).run(),
  },
  switching: {
    ...{ nodesMin: 3, nodesMax: 5 },
    run: (seed, nodes, onLine) => new SwitchingSimulation(drawSwitchingPlan(seed, nodes), onLine).run(),
  },
  exploration: {
    ...{ nodesMin: 3, nodesMax: 3, seedsMax: exploredCases },
    run: (number, _nodes, onLine) => explore(number, onLine),
  },
}

/** Here a seed is the number of a case. */
function explore(number: number, onLine: OnLine): SeedOutcome {
  const explored = toCase(number)
  const outcome = new SwitchingSimulation(
    toExploredPlan(explored),
    onLine,
    (world, [name = '']) => new ExploredScript(world, explored, name),
  ).run()
  return { ...outcome, plan: { ...explored, seed: number } }
}

/** Seeds `first` to `first + count - 1` of a world. */
export interface SeedRange {
  readonly world: WorldName
  readonly first: number
  readonly count: number
  /** Instead of the number that each seed draws. */
  readonly nodes: number | undefined
  /** One seed of so many, beginning with those that are its multiples, is run twice: its traces must be equal. 1: all are. */
  readonly twiceOneOf: number
}

/** What came of a range: sums, and a text for each seed that failed. */
export interface SeedResults {
  readonly totals: Sums
  readonly failures: readonly string[]
}

export function runSeeds(range: SeedRange, onLine?: (line: string) => void): SeedResults {
  const { world, first, count, nodes, twiceOneOf } = range
  const totals = new Totals()
  const failures: string[] = []
  for (let seed = first; seed < first + count; seed++) {
    const isTwice = seed % twiceOneOf === 0
    const outcome = worlds[world].run(seed, nodes, onLine)
    const failure = outcome.failure ?? (isTwice ? findDifference(range, seed, outcome) : undefined)
    totals.add(outcome, failure, isTwice)
    if (failure === undefined) continue
    const withNodes = nodes === undefined ? '' : ` --nodes ${nodes}`
    failures.push(
      formatFailure(`npm run sim -- --world ${world} --seed ${seed}${withNodes}`, outcome.plan, failure),
    )
  }
  return { totals, failures }
}

function findDifference(
  { world, nodes }: SeedRange,
  seed: number,
  { traceHash }: SeedOutcome,
): Failure | undefined {
  const again = worlds[world].run(seed, nodes, undefined)
  if (again.traceHash === traceHash) return undefined
  const message = `two runs have the traces ${traceHash} and ${again.traceHash}`
  return { invariant: 'determinism', message, story: [] }
}
