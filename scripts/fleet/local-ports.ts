// Free loopback ports for the nodes of a local cluster. All of them are held at the same time before any is given back, so
// that no port is handed out twice; ports of an earlier run are kept where they are still free, so that clients find them.

import { createServer, type Server } from 'node:net'

const loopback = '127.0.0.1'

/** As many ports as wishes: each wish if it is free (0 is no wish), else a free one. */
export async function reservePorts(wishes: readonly number[]): Promise<readonly number[]> {
  const servers: Server[] = []
  try {
    for (const wish of wishes) servers.push((await tryListen(wish)) ?? (await listenAnywhere()))
    return servers.map(portOf)
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

/** True if nobody listens on the loopback port. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = await tryListen(port)
  if (server === undefined) return false
  await new Promise((resolve) => server.close(resolve))
  return true
}

async function listenAnywhere(): Promise<Server> {
  const server = await tryListen(0)
  if (server === undefined) throw new Error('the system has no free loopback port')
  return server
}

async function tryListen(port: number): Promise<Server | undefined> {
  return await new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host: loopback, port, exclusive: true }, () => resolve(server))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
