// `npm run sim`: runs seeds through the simulator, on as many threads as there are cores, and prints what happened. A seed that fails
// prints its plan, its last events and the command that replays it; the exit code is 1 then.

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { formatReport, type Sums } from './report.ts'
import { runOnThreads } from './seed-pool.ts'
import { runSeeds, type SeedRange, type SeedResults, type WorldName, worlds } from './worlds.ts'

const usage = `usage: npm run sim -- [--world gossip|leader|switching|exploration] [--seeds 100] [--first 1] [--seed N] [--nodes N]
                      [--twice 10] [--threads N] [--verbose]

  --world W    streams in gossip mode, 3 to 7 nodes, in leader mode, 1 to 5, or that change their mode, 3 to 5; or exploration:
               every case of a small scope of the last, where a seed is the number of a case; without it one after the other
  --seeds N    how many seeds to run, from --first on; of exploration at most as many as there are
  --seed N     runs this one alone, twice, and prints its story
  --nodes N    instead of the number that the seed draws: 2 to 16, in leader mode 1 to 5, switching 3 to 5
  --twice N    one seed of N is run twice, and must be the same both times; 1: each
  --threads N  how many to use; without it one a core
  --verbose    prints the story of every run, on one thread
`

interface Options {
  readonly ranges: readonly SeedRange[]
  /** 0: this thread, and every story is printed. */
  readonly threads: number
}

const options = readOptions()
if (options === undefined) {
  process.stderr.write(usage)
  process.exitCode = 2
} else {
  let failed = 0
  for (const range of options.ranges) failed += await runRange(range, options.threads)
  process.exitCode = failed === 0 ? 0 : 1
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
        twice: { type: 'string', default: '10' },
        threads: { type: 'string', default: String(availableParallelism()) },
        verbose: { type: 'boolean', default: false },
      },
    })
    const { seed, world } = values
    const nodes = values.nodes === undefined ? undefined : Number(values.nodes)
    const first = Number(seed ?? values.first)
    const count = seed === undefined ? Number(values.seeds) : 1
    const twiceOneOf = seed === undefined ? Number(values.twice) : 1
    const threads = Number(values.threads)
    const isGood = [first, count, twiceOneOf, threads].every(
      (value) => Number.isSafeInteger(value) && value >= 1,
    )
    const fits = (name: WorldName): boolean =>
      nodes === undefined ||
      (Number.isInteger(nodes) && nodes >= worlds[name].nodesMin && nodes <= worlds[name].nodesMax)
    const names = (Object.keys(worlds) as WorldName[]).filter(
      (name) => (world === undefined || name === world) && fits(name),
    )
    if (!isGood || names.length === 0) return undefined
    const ranges = names.map((name) => {
      const { seedsMax = Number.POSITIVE_INFINITY } = worlds[name]
      return { world: name, first, count: Math.min(count, seedsMax - first + 1), nodes, twiceOneOf }
    })
    if (ranges.some((range) => range.count < 1)) return undefined
    return { ranges, threads: values.verbose || seed !== undefined ? 0 : threads }
  } catch {
    return undefined
  }
}

/** How many seeds of a range have failed. */
async function runRange(range: SeedRange, threads: number): Promise<number> {
  const begin = performance.now()
  const print = (text: string): void => void process.stdout.write(text)
  const totals: Sums =
    threads === 0 ? tell(runSeeds(range, printLine), print) : await runOnThreads(range, threads, print)
  print(`${range.world} mode: ${formatReport(totals, (performance.now() - begin) / 1000)}`)
  return totals.failed
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`)
}

function tell({ totals, failures }: SeedResults, print: (text: string) => void): Sums {
  for (const text of failures) print(text)
  return totals
}
