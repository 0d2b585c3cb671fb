// `npm run bench`: runs the scenarios asked for over the systems that are installed, in alternating order, prints the
// tables and writes reports/bench.json.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { System } from './drivers/driver.ts'
import { isDurable } from './drivers/durable-driver.ts'
import { loadDrivers, loadDurableDrivers } from './drivers/registry.ts'
import { measure } from './measurement.ts'
import { type BenchOptions, helpText, parseOptions } from './options.ts'
import type { Measurement } from './outcome.ts'
import { renderProfiles } from './profile.ts'
import { describeRun, type Environment } from './report.ts'
import { type FailoverRecord, measureFailover, renderFailover } from './scenarios/failover.ts'
import { durableLatencyScenario, latencyScenario } from './scenarios/latency.ts'
import { measureRest, type RestRecord, renderRest } from './scenarios/rest.ts'
import { type BenchCase, clustersOnly, type RunRecord, type Scenario } from './scenarios/scenario.ts'
import { serverTimeScenario } from './scenarios/server-time.ts'
import {
  clusterScenario,
  durableThroughputScenario,
  fanOutScenario,
  singleScenario,
} from './scenarios/throughput.ts'
import { percentile } from './statistics.ts'
import { measureSync, renderSync, type SyncCost } from './sync-cost.ts'
import { renderSpread } from './table.ts'

const scenarios: readonly Scenario[] = [
  singleScenario,
  fanOutScenario,
  clusterScenario,
  latencyScenario,
  serverTimeScenario,
  durableThroughputScenario,
  durableLatencyScenario,
]
/** What the tables show of floods, and of runs at a fixed rate, which alone have a latency. */
const spreadValues: readonly (readonly [string, (measurement: Measurement) => number | undefined])[] = [
  ['Rates', ({ latency, messagesPerSecond }) => (latency === undefined ? messagesPerSecond : undefined)],
  ['p99', ({ latency }) => latency?.p99],
  ['p99.9', ({ latency }) => latency?.p999],
  ['Server times at fixed rates', ({ latency, serverCpuUsPerDelivery }) => latency && serverCpuUsPerDelivery],
]

const reportFile = 'reports/bench.json'

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const options = parseOptions(process.argv.slice(2))
if (options === 'help') process.stdout.write(helpText)
else if ('problem' in options) {
  process.stderr.write(`herald bench: ${options.problem}\n`)
  process.exitCode = 2
} else await main(options)

/** What came out so far. */
interface Results {
  readonly runs: RunRecord[]
  readonly rest: RestRecord[]
  readonly failovers: FailoverRecord[]
  /** Where systems are measured that keep publications. */
  readonly sync: SyncCost | undefined
}

async function main(options: BenchOptions): Promise<void> {
  const chosen = scenarios.filter(({ letter }) => options.letters.includes(letter))
  const drivers: readonly System[] = [...(await loadDrivers()), ...(await loadDurableDrivers())]
  const versions = findVersions(drivers, options.systems)
  const systems = drivers.filter(({ name }) => versions.has(name))
  const environment = describeRun(versions)
  process.stderr.write(`${environment.summary}\n`)
  const isDurableAsked = options.letters.some((letter) => 'ghi'.includes(letter))
  const results: Results = {
    ...{ runs: [], rest: [], failovers: [] },
    sync: isDurableAsked && systems.some(isDurable) ? measureSync() : undefined,
  }
  for (const benchCase of uniqueCases(chosen, options.rates)) {
    await runCase(benchCase, systems, options, results.runs)
    // After every case: what was measured is not lost if the rest is interrupted.
    await writeReport(environment, options, results)
  }
  if (options.letters.includes('f')) {
    for (const driver of systems.filter(clustersOnly)) {
      process.stderr.write(`f  ${driver.name}: five servers at rest\n`)
      results.rest.push(await measureRest(driver, options.restMs))
    }
  }
  if (options.letters.includes('i')) await runFailovers(systems, environment, options, results)
  await writeReport(environment, options, results)
  print(chosen, systems, results, options)
  const problems = [
    ...results.runs.map(({ system, measurement }) => ({ system, problem: measurement.problem })),
    ...results.failovers,
  ]
  if (problems.some(({ system, problem }) => system.startsWith('herald') && problem !== undefined))
    process.exitCode = 1
}

function findVersions(
  drivers: readonly System[],
  wanted: readonly string[] | undefined,
): ReadonlyMap<string, string> {
  const versions = new Map<string, string>()
  for (const { name, findVersion } of drivers) {
    if (wanted !== undefined && !wanted.includes(name)) continue
    const version = findVersion()
    if (version === undefined) process.stderr.write(`${name} is not installed and left out\n`)
    else versions.set(name, version)
  }
  return versions
}

function uniqueCases(chosen: readonly Scenario[], rates: readonly number[]): readonly BenchCase[] {
  const cases = new Map<string, BenchCase>()
  for (const benchCase of chosen.flatMap(({ cases }) => cases)) {
    const { traffic } = benchCase.plan
    if (traffic.kind === 'load' && !rates.includes(traffic.ratePerSecond)) continue
    if (!cases.has(benchCase.id)) cases.set(benchCase.id, benchCase)
  }
  return [...cases.values()]
}

/** All runs of one case. */
async function runCase(
  benchCase: BenchCase,
  systems: readonly System[],
  options: BenchOptions,
  runs: RunRecord[],
): Promise<void> {
  for (const { run, system } of inTurns(systems.filter(benchCase.isComparable), options.runs)) {
    const { profileDirectory } = options
    const measurement = await measure(system, benchCase.plan, {
      ...options,
      profileDirectory: profileDirectory && join(profileDirectory, benchCase.id),
    })
    runs.push({ caseId: benchCase.id, system: system.name, run, measurement })
    process.stderr.write(`${benchCase.id}  ${system.name} ${run + 1}: ${toProgress(measurement)}\n`)
  }
}

/** All runs of (i). */
async function runFailovers(
  systems: readonly System[],
  environment: Environment,
  options: BenchOptions,
  results: Results,
): Promise<void> {
  for (const { run, system } of inTurns(systems.filter(isDurable), options.runs)) {
    const record = await measureFailover(system, run, options.trials)
    results.failovers.push(record)
    await writeReport(environment, options, results)
    const { pausesMs, problem = `p50 ${percentile(pausesMs, 50).toFixed(0)} ms` } = record
    process.stderr.write(`i  ${system.name} ${run + 1}: ${pausesMs.length} trials, ${problem}\n`)
  }
}

/** Every round begins with another system, so that none always has the machine as another left it. */
function* inTurns<Each>(
  systems: readonly Each[],
  runs: number,
): Generator<{ readonly run: number; readonly system: Each }> {
  for (let run = 0; run < runs; run++) {
    const first = run % systems.length
    for (const system of [...systems.slice(first), ...systems.slice(0, first)]) yield { run, system }
  }
}

function toProgress({ problem, messagesPerSecond, latency, ...cpu }: Measurement): string {
  if (problem !== undefined) return problem
  const tail = latency === undefined ? '' : `, p99 ${latency.p99} µs`
  const perMessage = [
    cpu.publisherCpuUsPerMessage,
    cpu.serverCpuUsPerDelivery,
    cpu.subscriberCpuUsPerDelivery,
  ]
  const times = perMessage.map((microseconds) => microseconds.toFixed(2)).join(' + ')
  return `${Math.round(messagesPerSecond)} messages/s${tail}, processor ${times} µs (publisher + server + subscriber)`
}

async function writeReport(environment: Environment, options: BenchOptions, results: Results): Promise<void> {
  await mkdir('reports', { recursive: true })
  const report = { schemaVersion: 1, ...environment, options, ...results }
  await writeFile(reportFile, `${JSON.stringify(report, undefined, 2)}\n`)
}

function print(
  chosen: readonly Scenario[],
  systems: readonly System[],
  { runs, rest, failovers, sync }: Results,
  options: BenchOptions,
): void {
  const lines: string[] = []
  for (const scenario of chosen) {
    const shown = systems.filter((driver) =>
      scenario.cases.some((benchCase) => benchCase.isComparable(driver)),
    )
    lines.push(`### (${scenario.letter}) ${scenario.title}`, '', ...scenario.render(runs, shown), '')
  }
  if (rest.length > 0) lines.push('### (f) At rest', '', ...renderRest(rest), '')
  if (failovers.length > 0) {
    const table = renderFailover(failovers, systems.filter(isDurable))
    lines.push('### (i) Without acknowledgements after `kill -9` of the server that leads', '', ...table, '')
  }
  const spreads = spreadValues
    .map(([name, value]) => renderSpread(name, runs, value))
    .filter((line) => line !== '')
  if (spreads.length > 0) lines.push(...spreads, '')
  if (sync !== undefined) lines.push(renderSync(sync), '')
  const measured = new Set([...runs, ...rest, ...failovers].map(({ system }) => system))
  for (const { name, choices } of systems) if (measured.has(name)) lines.push(`- ${name}: ${choices}.`)
  if (options.profileDirectory !== undefined) lines.push('', ...renderProfiles(options.profileDirectory))
  process.stdout.write(`${lines.join('\n')}\n\nevery run: ${reportFile}\n`)
}
