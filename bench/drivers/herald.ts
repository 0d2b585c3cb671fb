// Herald: nodes as `npm start` runs them, default settings, journal on. A publication is acknowledged by the node.

import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, connect } from '../../client/index.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { reservePorts } from '../../scripts/fleet/local-ports.ts'
import type { BenchConnection, Driver, PayloadSource, RunningServers, ServerOptions } from './driver.ts'
import { ServerProcess } from './server-process.ts'

const checkout = join(import.meta.dirname, '..', '..')
const nodeScript = join(checkout, 'node', 'main.ts')
const compileCache = join(checkout, '.herald', 'cache')

export const heraldDriver: Driver = {
  name: 'herald',
  choices:
    'publish() per message, waiting for writable() when saturated; every publication is acknowledged by its node (ack local); subscription with a handler; journal on',
  hasFlowControl: true,
  hasCluster: true,
  findVersion: () => packageJson.version,
  startServers,
  connect: async (url) => new HeraldConnection(await connect(url)),
}

class HeraldConnection implements BenchConnection {
  readonly #client: Client
  /** Gaps that a subscription was told of: messages that will not come. */
  #gaps = 0

  constructor(client: Client) {
    this.#client = client
  }

  get failures(): number {
    const { refused, unknown, reconnects } = this.#client.stats
    return refused + unknown + reconnects + this.#gaps
  }

  async subscribe(topic: string, onPayload: (payload: Uint8Array) => void): Promise<void> {
    await this.#client.subscribe(topic, (delivery) => {
      if (delivery.kind === 'message') onPayload(delivery.payload)
      else this.#gaps += delivery.to - delivery.from + 1
    })
  }

  publish(topic: string, payload: Uint8Array): void {
    this.#client.publish(topic, payload)
  }

  async publishAndWait(topic: string, payload: Uint8Array): Promise<void> {
    await this.#client.publish(topic, payload)
  }

  async publishAll(topic: string, next: PayloadSource): Promise<void> {
    const client = this.#client
    for (let payload = next(); payload !== undefined; payload = next()) {
      if (client.saturated) await client.writable()
      client.publish(topic, payload)
    }
    await client.flush()
  }

  flush(): Promise<void> {
    return this.#client.flush()
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

async function startServers(options: ServerOptions): Promise<RunningServers> {
  const { directory, serverCount, nodeOptions } = options
  const ports = await reservePorts(new Array<number>(2 * serverCount).fill(0))
  const nodes = Array.from({ length: serverCount }, (_, index) => ({
    id: String.fromCharCode(65 + index),
    port: ports[2 * index] ?? 0,
    adminPort: ports[2 * index + 1] ?? 0,
  }))
  const peersFile = join(directory, 'peers.json')
  await mkdir(directory, { recursive: true })
  await writeFile(
    peersFile,
    JSON.stringify(Object.fromEntries(nodes.map((node) => [node.id, ['127.0.0.1', node.port]]))),
  )
  const environment = { ...process.env, NODE_COMPILE_CACHE: compileCache }
  // Filled once, as `herald up` does it; where it is full already, this finds that out.
  spawnSync(process.execPath, [nodeScript, '--version'], { env: environment })
  const processes = nodes.map(
    (node) =>
      new ServerProcess(
        process.execPath,
        [
          ...nodeOptions,
          nodeScript,
          ...['--node-id', node.id, '--host', '127.0.0.1', '--port', String(node.port), '--peers', peersFile],
          ...['--data', join(directory, node.id), '--admin', `127.0.0.1:${node.adminPort}`],
        ],
        environment,
      ),
  )
  const servers: RunningServers = {
    urls: nodes.map((node) => `ws://127.0.0.1:${node.port}`),
    pids: processes.map((server) => server.pid),
    stop: async () => {
      await Promise.all(processes.map((server) => server.stop()))
    },
  }
  try {
    await Promise.all(
      processes.map((server, index) =>
        server.until(() => isReady(nodes[index]?.adminPort ?? 0, serverCount)),
      ),
    )
  } catch (error) {
    await servers.stop()
    throw error
  }
  return servers
}

/** A node is ready when it says so and is linked to all others. */
async function isReady(adminPort: number, serverCount: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/v1/status`)
    const status = (await answer.json()) as { state: string; links: { state: string }[] }
    const linked = status.links.filter((link) => link.state === 'up').length
    return status.state === 'ready' && linked === serverCount - 1
  } catch {
    return false
  }
}
