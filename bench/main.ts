// `npm run bench`: runs the scenarios asked for over the systems that are installed, in alternating order, prints the
// tables and writes reports/bench.json.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Driver } from './drivers/driver.ts'
import { loadDrivers } from './drivers/registry.ts'
import { measure } from './measurement.ts'
import { type BenchOptions, helpText, parseOptions } from './options.ts'
import type { Measurement } from './outcome.ts'
import { renderProfiles } from './profile.ts'
import { describeRun, type Environment } from './report.ts'
import { latencyScenario } from './scenarios/latency.ts'
import { measureRest, type RestRecord, renderRest } from './scenarios/rest.ts'
import type { BenchCase, RunRecord, Scenario } from './scenarios/scenario.ts'
import { serverTimeScenario } from './scenarios/server-time.ts'
import { clusterScenario, fanOutScenario, singleScenario } from './scenarios/throughput.ts'
import { renderSpread } from './table.ts'

const scenarios: readonly Scenario[] = [
  singleScenario,
  fanOutScenario,
  clusterScenario,
  latencyScenario,
  serverTimeScenario,
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

async function main(options: BenchOptions): Promise<void> {
  const chosen = scenarios.filter(({ letter }) => options.letters.includes(letter))
  const drivers = await loadDrivers()
  const versions = findVersions(drivers, options.systems)
  const systems = drivers.filter(({ name }) => versions.has(name))
  const environment = describeRun(versions)
  process.stderr.write(`${environment.summary}\n`)
  const runs: RunRecord[] = []
  const rest: RestRecord[] = []
  for (const benchCase of uniqueCases(chosen, options.rates)) {
    await runCase(benchCase, systems, options, runs)
    // After every case: what was measured is not lost if the rest is interrupted.
    await writeReport(environment, options, runs, rest)
  }
  if (options.letters.includes('f')) {
    for (const driver of systems.filter(({ hasCluster }) => hasCluster)) {
      process.stderr.write(`f  ${driver.name}: five servers at rest\n`)
      rest.push(await measureRest(driver, options.restMs))
    }
  }
  await writeReport(environment, options, runs, rest)
  print(chosen, systems, runs, rest, options)
  if (runs.some(({ system, measurement }) => system === 'herald' && measurement.problem !== undefined))
    process.exitCode = 1
}

function findVersions(
  drivers: readonly Driver[],
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

/** All runs of one case. Every round begins with another system, so that none always has the machine as another left it. */
async function runCase(
  benchCase: BenchCase,
  systems: readonly Driver[],
  options: BenchOptions,
  runs: RunRecord[],
): Promise<void> {
  const comparable = systems.filter(benchCase.isComparable)
  for (let run = 0; run < options.runs; run++) {
    const first = run % comparable.length
    for (const driver of [...comparable.slice(first), ...comparable.slice(0, first)]) {
      const { profileDirectory } = options
      const measurement = await measure(driver, benchCase.plan, {
        ...options,
        profileDirectory: profileDirectory && join(profileDirectory, benchCase.id),
      })
      runs.push({ caseId: benchCase.id, system: driver.name, run, measurement })
      process.stderr.write(`${benchCase.id}  ${driver.name} ${run + 1}: ${toProgress(measurement)}\n`)
    }
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

async function writeReport(
  environment: Environment,
  options: BenchOptions,
  runs: readonly RunRecord[],
  rest: readonly RestRecord[],
): Promise<void> {
  await mkdir('reports', { recursive: true })
  const report = { schemaVersion: 1, ...environment, options, runs, rest }
  await writeFile(reportFile, `${JSON.stringify(report, undefined, 2)}\n`)
}

function print(
  chosen: readonly Scenario[],
  systems: readonly Driver[],
  runs: readonly RunRecord[],
  rest: readonly RestRecord[],
  options: BenchOptions,
): void {
  const lines: string[] = []
  for (const scenario of chosen) {
    const shown = systems.filter((driver) =>
      scenario.cases.some((benchCase) => benchCase.isComparable(driver)),
    )
    const names = shown.map(({ name }) => name)
    lines.push(`### (${scenario.letter}) ${scenario.title}`, '', ...scenario.render(runs, names), '')
  }
  if (rest.length > 0) lines.push('### (f) At rest', '', ...renderRest(rest), '')
  const spreads = spreadValues
    .map(([name, value]) => renderSpread(name, runs, value))
    .filter((line) => line !== '')
  if (spreads.length > 0) lines.push(...spreads, '')
  for (const { name, choices } of systems) lines.push(`- ${name}: ${choices}.`)
  if (options.profileDirectory !== undefined) lines.push('', ...renderProfiles(options.profileDirectory))
  process.stdout.write(`${lines.join('\n')}\n\nevery run: ${reportFile}\n`)
}
