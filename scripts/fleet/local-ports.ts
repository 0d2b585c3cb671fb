// Free loopback ports for the nodes of a local cluster; ports of an earlier run are kept where they are still free, so that clients find them.
//
// Between being found here and being taken by its node a port is anybody's. So they lie where the system takes none from by itself, for
// connections or for whoever listens on any port, and each process begins in a place of its own and goes on from there.

import { createServer, type Server } from 'node:net'

const loopback = '127.0.0.1'
/** Above what services are commonly given, and below what Linux (32768), macOS and Windows (49152, RFC 6335) give by themselves unless told to. */
const firstPort = 20_000
const portCount = 12_768
/** Processes that were started one after the other are so far apart. */
const portsEach = 97

let next = (process.pid * portsEach) % portCount

/** As many ports as wishes: each wish if it is free (0 is no wish), else a free one. */
export async function reservePorts(wishes: readonly number[]): Promise<readonly number[]> {
  const servers: Server[] = []
  try {
    for (const wish of wishes) servers.push((await tryListen(wish)) ?? (await listenOnNext()))
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

async function listenOnNext(): Promise<Server> {
  for (let tries = 0; tries < portCount; tries++) {
    const server = await tryListen(firstPort + next)
    next = (next + 1) % portCount
    if (server !== undefined) return server
  }
  throw new Error(`no loopback port from ${firstPort} to ${firstPort + portCount - 1} is free`)
}

/** Undefined where somebody listens on the port, or it is none. */
async function tryListen(port: number): Promise<Server | undefined> {
  if (port === 0) return undefined
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
