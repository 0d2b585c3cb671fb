// Servers for one measurement, with a folder of their own that nothing remains of.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningServers, ServerOptions } from './drivers/driver.ts'

/** Starts servers, uses them, and stops them whatever became of that. */
export async function withServers<Servers extends RunningServers, Result>(
  driver: { startServers(options: ServerOptions): Promise<Servers> },
  options: Omit<ServerOptions, 'directory'>,
  use: (servers: Servers) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'herald-bench-'))
  try {
    const servers = await driver.startServers({ ...options, directory })
    try {
      return await use(servers)
    } finally {
      await servers.stop()
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Why a measurement has no result, in a line. */
export function toProblem(error: unknown): string {
  const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return reason.slice(0, 200)
}
