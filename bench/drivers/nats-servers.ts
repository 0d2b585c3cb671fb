// Processes of nats-server: alone, or as a cluster in which every server knows every other.

import { reservePorts } from '../../scripts/fleet/local-ports.ts'
import type { ServerOptions } from './driver.ts'
import { ServerGroup } from './server-group.ts'
import { askVersion, canConnect } from './server-process.ts'

export function findNatsVersion(): string | undefined {
  return askVersion('nats-server', ['--version'], /v([\d.]+)/)
}

/** `toMoreOptions`: what a server is told besides its addresses; it may use one more free port. */
export async function startNatsServers(
  { serverCount }: Pick<ServerOptions, 'serverCount'>,
  toMoreOptions: (index: number, port: number) => readonly string[] = () => [],
): Promise<ServerGroup> {
  const free = await reservePorts(new Array<number>(3 * serverCount).fill(0))
  const ports = Array.from({ length: serverCount }, (_, index) => free[3 * index] ?? 0)
  const routes = ports.map((_, index) => `nats://127.0.0.1:${free[3 * index + 1]}`)
  return await ServerGroup.start(
    ports.map((port, index) => {
      const options = ['--addr', '127.0.0.1', '--port', String(port)]
      if (serverCount > 1) {
        options.push(
          '--cluster_name',
          'bench',
          '--cluster',
          routes[index] ?? '',
          '--routes',
          routes.join(','),
        )
        options.push('--server_name', toServerName(index))
      }
      options.push(...toMoreOptions(index, free[3 * index + 2] ?? 0))
      const isReady = (): Promise<boolean> => canConnect(port)
      return { url: `nats://127.0.0.1:${port}`, command: 'nats-server', options, isReady }
    }),
  )
}

/** What a server of a cluster is called. */
export function toServerName(index: number): string {
  return `server-${index}`
}

/** As the client wants it. */
export function toNatsAddress(url: string): string {
  return url.replace('nats://', '')
}
