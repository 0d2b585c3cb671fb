// A system of three servers that keeps publications: it acknowledges one when as many servers have it as make a majority. It is measured by its
// acknowledgements, and by how long they stay away when the server that leads is killed.

import type { RunningServers, ServerOptions, System } from './driver.ts'
import type { ServerGroup } from './server-group.ts'

/** Servers, each with a copy of one stream. */
export interface DurableServers extends RunningServers {
  findLeader(): Promise<number | undefined>
  countStored(): Promise<number>
  /** Whether every server runs and has what the leader has. */
  isInSync(): Promise<boolean>
  /** SIGKILL; resolves when the process has ended. */
  kill(index: number): Promise<void>
  /** Starts a server that was killed again, with the data it has; resolves when it is ready. */
  restart(index: number): Promise<void>
}

export interface DurableDriver extends System {
  /** What has been done with a publication on the disks of the servers when it is acknowledged, in a few words for every table. */
  readonly sync: string
  /** Resolves when the stream of all topics below `bench` has a leader, and all servers are in sync. */
  startServers(options: ServerOptions): Promise<DurableServers>
}

/** Time in which every publication gets its outcome, with every client: what JetStream's has by default. */
export const acknowledgeDeadlineMs = 5000

/** The stream of the measurements, and what it takes. */
export const benchStream = { name: 'bench', topics: ['bench.>'] } as const

export function isDurable(system: System): system is DurableDriver {
  return 'sync' in system
}

/** A group of servers with what they say about the stream. */
export function toDurableServers(
  group: ServerGroup,
  watch: Pick<DurableServers, 'findLeader' | 'countStored' | 'isInSync'>,
): DurableServers {
  return {
    ...watch,
    urls: group.urls,
    get pids() {
      return group.pids
    },
    kill: (index) => group.kill(index),
    restart: (index) => group.restart(index),
    stop: () => group.stop(),
  }
}
