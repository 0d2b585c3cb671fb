// What it costs on this machine to have a little data on disk: the least that anybody waits who wants it synced.

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newHistogram, recordMs, summarize } from './receiver.ts'
import { formatMs } from './table.ts'

export interface SyncCost {
  /** Whether the servers' files lie in memory, where a sync does nothing. */
  readonly isInMemory: boolean
  /** One write behind the end of a file and its sync, microseconds. */
  readonly p50: number
  readonly p99: number
}

const writes = 500
const writeBytes = 128
/** What Linux calls tmpfs. */
const memoryFileSystem = 0x01021994

/** Measures it where the servers of a measurement write. */
export function measureSync(): SyncCost {
  const directory = mkdtempSync(join(tmpdir(), 'herald-bench-'))
  const file = openSync(join(directory, 'sync'), 'w')
  try {
    const histogram = newHistogram()
    const bytes = Buffer.alloc(writeBytes, 'x')
    for (let write = 0; write < writes; write++) {
      const startedAt = performance.now()
      writeSync(file, bytes)
      fdatasyncSync(file)
      recordMs(histogram, performance.now() - startedAt)
    }
    const { p50, p99 } = summarize(histogram)
    return { isInMemory: statfsSync(directory).type === memoryFileSystem, p50, p99 }
  } finally {
    closeSync(file)
    rmSync(directory, { recursive: true, force: true })
  }
}

/** As a line below the tables. */
export function renderSync({ isInMemory, p50, p99 }: SyncCost): string {
  return isInMemory
    ? "The servers' files lie in memory: syncs cost nothing here, and what is compared is something else."
    : `A write of ${writeBytes} B and its sync take ${formatMs(p50)} (p50) and ${formatMs(p99)} (p99) here.`
}
