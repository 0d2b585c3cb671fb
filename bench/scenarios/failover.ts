// Scenario (i): for how long nothing is acknowledged when the server that leads is killed. A publisher on another server publishes
// steadily; the leader gets SIGKILL; the longest pause between two acknowledgements that ends after it counts. Then the server is
// started again, and when all are in sync, the next trial begins.

import { setTimeout as delay } from 'node:timers/promises'
import { clockMs } from '../clock.ts'
import type { DurableDriver, DurableServers } from '../drivers/durable-driver.ts'
import { toProblem, withServers } from '../fresh-servers.ts'
import { percentile } from '../statistics.ts'
import { formatMs, toHeading, toMarkdown } from '../table.ts'
import { WorkerProcess } from '../worker-process.ts'
import { type Column, durableServerCount } from './scenario.ts'

/** The trials of one run on the same servers. */
export interface FailoverRecord {
  readonly system: string
  readonly run: number
  /** One a trial, milliseconds. */
  readonly pausesMs: readonly number[]
  /** One a trial: publications that were refused, or whose outcome is not known, until a second after the pause. */
  readonly failures: readonly number[]
  /** Why there are not as many as there should be. */
  readonly problem: string | undefined
}

const topic = 'bench.failover'
const payloadBytes = 128
/** A message every five milliseconds: as much is the least pause that can be seen. */
const ratePerSecond = 200
/** So many acknowledgements before, and again after: a second of them, so that a second pause right behind the first is seen. */
const steadyCount = 200
/** Until acknowledgements are steady, and until servers are in sync. */
const waitMaxMs = 60_000
const pollMs = 20
const phase = 1

/** Kills the leader again and again. What fails ends the run, with the trials before it. */
export async function measureFailover(
  driver: DurableDriver,
  run: number,
  trials: number,
): Promise<FailoverRecord> {
  const pausesMs: number[] = []
  const failures: number[] = []
  try {
    await withServers(driver, { serverCount: durableServerCount, nodeOptions: [] }, async (servers) => {
      const publisher = new WorkerProcess([])
      try {
        for (let left = 2 * trials; pausesMs.length < trials; left--) {
          if (left === 0) throw new Error('the leader changes by itself')
          const trial = await runTrial(driver.name, servers, publisher)
          if (trial === undefined) continue
          pausesMs.push(trial.longestPauseMs)
          failures.push(trial.failures)
        }
      } finally {
        await publisher.stop()
      }
    })
    return { system: driver.name, run, pausesMs, failures, problem: undefined }
  } catch (error) {
    return { system: driver.name, run, pausesMs, failures, problem: toProblem(error) }
  }
}

/** The pause, and what failed; undefined if another server began to lead before the leader was killed. */
async function runTrial(
  system: string,
  servers: DurableServers,
  publisher: WorkerProcess,
): Promise<{ readonly longestPauseMs: number; readonly failures: number } | undefined> {
  const leader = await servers.findLeader()
  if (leader === undefined) throw new Error('no server leads')
  const other = (leader + 1) % servers.urls.length
  await publisher.ask({ op: 'connect', system, url: servers.urls[other] ?? '' })
  await publisher.ask({ op: 'begin', topic, phase, payloadBytes, ratePerSecond })
  await until('steady acknowledgements', async () => (await publisher.acknowledged(0)).count >= steadyCount)
  if ((await servers.findLeader()) !== leader) {
    await publisher.ask({ op: 'end' })
    return undefined
  }
  const killedAt = clockMs()
  await servers.kill(leader)
  await until(
    'acknowledgements after the kill',
    async () => (await publisher.acknowledged(killedAt)).count >= steadyCount,
  )
  const trial = await publisher.acknowledged(killedAt)
  await publisher.ask({ op: 'end' })
  await servers.restart(leader)
  await until('servers in sync', () => servers.isInSync())
  return trial
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + waitMaxMs
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`no ${what} in ${waitMaxMs / 1000} s`)
    await delay(pollMs)
  }
}

/** Over the trials of all runs, one column a system. */
export function renderFailover(records: readonly FailoverRecord[], systems: readonly Column[]): string[] {
  const pausesOf = ({ name }: Column): readonly number[] =>
    records.filter(({ system }) => system === name).flatMap(({ pausesMs }) => pausesMs)
  const failuresOf = ({ name }: Column): readonly number[] =>
    records.filter(({ system }) => system === name).flatMap(({ failures }) => failures)
  const problemsOf = ({ name }: Column): string =>
    records
      .filter(({ system, problem }) => system === name && problem !== undefined)
      .map(({ problem }) => `, a run ended: ${problem}`)
      .join('')
  const toRow = (title: string, percent: number): string[] => [
    title,
    ...systems.map((system) => {
      const pauses = pausesOf(system)
      return pauses.length === 0 ? '–' : formatMs(percentile(pauses, percent) * 1000)
    }),
  ]
  return toMarkdown(
    ['time without acknowledgements', ...systems.map(toHeading)],
    [
      toRow('p50', 50),
      toRow('p99', 99),
      toRow('max', 100),
      [
        'publications refused or unknown',
        ...systems.map((system) => String(failuresOf(system).reduce((sum, count) => sum + count, 0))),
      ],
      ['trials', ...systems.map((system) => `${pausesOf(system).length}${problemsOf(system)}`)],
    ],
  )
}
