// `npm run sim`: runs seeds through the simulator, on as many threads as there are cores, and prints what happened. A seed that fails
// prints its plan, its last events and the command that replays it; the exit code is 1 then.

import { availableParallelism } from 'node:os'
import { type Options, OptionsError, readOptions, usage } from './options.ts'
import { formatReport, type Sums } from './report.ts'
import { runOnThreads } from './seed-pool.ts'
import { runSeeds, type SeedRange, type SeedResults } from './worlds.ts'

const options = readOrExplain()
if (options !== undefined) {
  let failed = 0
  for (const range of options.ranges) failed += await runRange(range, options.threads)
  process.exitCode = failed === 0 ? 0 : 1
}

/** Undefined, with exit code 2, where the words make no sense. */
function readOrExplain(): Options | undefined {
  try {
    return readOptions(process.argv.slice(2), availableParallelism())
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    process.stderr.write(`${error.message}\n\n${usage}`)
    process.exitCode = 2
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
