// Scenario (f): what a cluster of five uses when nobody uses it.

import { setTimeout as delay } from 'node:timers/promises'
import type { System } from '../drivers/driver.ts'
import { withServers } from '../fresh-servers.ts'
import { cpuMsOf, memoryOf } from '../process-usage.ts'
import { median } from '../statistics.ts'
import { toMarkdown } from '../table.ts'

/** Use at rest of a cluster. */
export interface RestRecord {
  readonly system: string
  readonly serverCount: number
  readonly overMs: number
  /** Of all servers together, as a part of one core. */
  readonly coreShare: number
  readonly rssBytes: readonly number[]
  readonly pssBytes: readonly number[]
}

const serverCount = 5
/** Start-up is over by then, and the garbage collections that follow it. */
const settleMs = 20_000

export async function measureRest(system: System, overMs: number): Promise<RestRecord> {
  return await withServers(system, { serverCount, nodeOptions: [] }, async ({ pids }) => {
    await delay(settleMs)
    const cpuAtStart = cpuMsOf(pids)
    const startedAt = performance.now()
    await delay(overMs)
    const cpuMs = cpuMsOf(pids) - cpuAtStart
    const memory = pids.map(memoryOf)
    return {
      system: system.name,
      serverCount,
      overMs,
      coreShare: cpuMs / (performance.now() - startedAt),
      rssBytes: memory.map(({ rssBytes }) => rssBytes),
      pssBytes: memory.map(({ pssBytes }) => pssBytes),
    }
  })
}

export function renderRest(records: readonly RestRecord[]): string[] {
  const toMegabytes = (bytes: readonly number[]): string => `${(median(bytes) / 1e6).toFixed(0)} MB`
  return toMarkdown(
    ['five servers at rest', 'RSS a server (median)', 'PSS a server (median)', 'processor, all five'],
    records.map((record) => [
      record.system,
      toMegabytes(record.rssBytes),
      toMegabytes(record.pssBytes),
      `${(record.coreShare * 100).toFixed(2)} % of a core`,
    ]),
  )
}
