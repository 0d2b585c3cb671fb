// Scenario (f): what a cluster of five uses when nobody uses it.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Driver } from '../drivers/driver.ts'
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
/** Start-up is over by then, and the first garbage collections. */
const settleMs = 5000

export async function measureRest(driver: Driver, overMs: number): Promise<RestRecord> {
  const directory = await mkdtemp(join(tmpdir(), 'herald-bench-'))
  const servers = await driver.startServers({ directory, serverCount, nodeOptions: [] })
  try {
    await delay(settleMs)
    const cpuAtStart = cpuMsOf(servers.pids)
    const startedAt = performance.now()
    await delay(overMs)
    const cpuMs = cpuMsOf(servers.pids) - cpuAtStart
    const memory = servers.pids.map(memoryOf)
    return {
      system: driver.name,
      serverCount,
      overMs,
      coreShare: cpuMs / (performance.now() - startedAt),
      rssBytes: memory.map(({ rssBytes }) => rssBytes),
      pssBytes: memory.map(({ pssBytes }) => pssBytes),
    }
  } finally {
    await servers.stop()
    await rm(directory, { recursive: true, force: true })
  }
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
