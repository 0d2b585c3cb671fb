// `npm test`: everything that CI runs, and `npm run check` (--check): the quick part. First the static checks, then the tests in
// phases: what is cheap fails first, and what starts clusters runs one file at a time. Every check counts as one test in
// the summary, whose last line is `N passed, N failed, N skipped`. Words after the verb choose test files by their path.

import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { runTestFiles, type Tally } from './testing/test-run.ts'

interface Check {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  /** One that hangs must not take CI's whole time. */
  readonly timeoutMs?: number
}

const checks: readonly Check[] = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '--colors=off', '.'] },
  { name: 'types', command: ['tsc', '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'types of the pure core', command: ['tsc', '--noEmit', '-p', 'tsconfig.core.json'] },
  { name: 'unused files, exports and dependencies', command: ['knip'] },
]

/** Seeds of each world of the simulator that every run of CI goes through; `npm run sim` takes any number. */
const simulatedSeeds = { gossip: 1000, leader: 1000, switching: 1000, exploration: 9224 } as const
const simulations: readonly Check[] = Object.entries(simulatedSeeds).map(([world, seeds]) => ({
  name: `simulation, ${seeds} seeds of the ${world} world`,
  command: [process.execPath, 'sim/main.ts', '--world', world, '--seeds', String(seeds)],
  timeoutMs: 10 * 60_000,
}))

/** Walls between folders, lengths of files and functions: quick enough for `npm run check`. */
const structureFiles = ['test/tidy/**/*.test.ts']
/** Whole clusters of processes or containers: one at a time, so that they do not slow each other into timeouts. */
const clusterFiles = ['test/integration/**/*.test.ts', 'test/compose/**/*.test.ts']

const outputLinesMax = 200
/** No other check takes nearly as long. */
const checkTimeoutMs = 5 * 60_000

const words = process.argv.slice(2)
const isQuick = words.includes('--check')
const chosen = words.filter((word) => !word.startsWith('--'))
const total = { passed: 0, failed: 0, skipped: 0 }
const begin = performance.now()

if (chosen.length === 0) for (const check of checks) add(runCheck(check))
if (isQuick) add(await runTestFiles(choose(...structureFiles), availableParallelism()))
else await runEverything()

const seconds = ((performance.now() - begin) / 1000).toFixed(0)
process.stdout.write(
  `\nin ${seconds} s\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`,
)
if (total.passed + total.failed === 0)
  process.stderr.write(`no test file has ${chosen.join(' or ')} in its path\n`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1

async function runEverything(): Promise<void> {
  const cluster = choose(...clusterFiles)
  const unit = choose('test/**/*.test.ts').filter((file) => !cluster.includes(file))
  add(await runTestFiles(unit, availableParallelism()))
  if (chosen.length === 0) for (const simulation of simulations) add(runCheck(simulation))
  add(await runTestFiles(cluster, 1))
}

function choose(...patterns: readonly string[]): readonly string[] {
  const files = patterns.flatMap((pattern) => globSync(pattern).toSorted())
  return files.filter((file) => chosen.length === 0 || chosen.some((word) => file.includes(word)))
}

function runCheck({ name, command: [program, ...options], timeoutMs = checkTimeoutMs }: Check): Tally {
  const started = performance.now()
  const result = spawnSync(program, options, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: timeoutMs,
  })
  const isGood = result.status === 0
  const took = `${((performance.now() - started) / 1000).toFixed(1)} s`
  process.stdout.write(`${isGood ? '✔' : '✖'} ${name} (${took})\n`)
  if (!isGood)
    process.stdout.write(`${shorten(`${result.error?.message ?? ''}${result.stdout}${result.stderr}`)}\n`)
  return { passed: isGood ? 1 : 0, failed: isGood ? 0 : 1, skipped: 0 }
}

/** The beginning of a long output, and its end: what went wrong first, and the check's own summary. */
function shorten(output: string): string {
  const lines = output.trimEnd().split('\n')
  const hidden = lines.length - outputLinesMax
  if (hidden <= 0) return output
  const half = outputLinesMax / 2
  return [...lines.slice(0, half), `… ${hidden} lines …`, ...lines.slice(-half)].join('\n')
}

function add(tally: Tally): void {
  total.passed += tally.passed
  total.failed += tally.failed
  total.skipped += tally.skipped
}
