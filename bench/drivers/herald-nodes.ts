// Nodes of Herald as `npm start` runs them: default settings, journal on, one peers.json.

import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reservePorts } from '../../scripts/fleet/local-ports.ts'
import type { ServerOptions } from './driver.ts'
import { askJson } from './http.ts'
import { ServerGroup } from './server-group.ts'

const checkout = join(import.meta.dirname, '..', '..')
const nodeScript = join(checkout, 'node', 'main.ts')
const compileCache = join(checkout, '.herald', 'cache')

/** One node of a cluster on loopback. */
export interface HeraldNode {
  readonly id: string
  readonly port: number
  readonly adminUrl: string
}

/** What the benchmark reads of a node's status (docs/protocol.md section 5). */
export interface HeraldStatus {
  readonly state: string
  readonly links: readonly { readonly state: string }[]
  readonly streams: readonly {
    readonly name: string
    /** Of a stream in leader mode. */
    readonly order?: HeraldOrder
  }[]
}

/** The order of a stream, as a node knows it. */
export interface HeraldOrder {
  /** Id of the node that leads; absent while none does. */
  readonly leader?: string
  /** Offset of the last message here. */
  readonly last: number
  /** Entries that are committed and not applied here yet. */
  readonly lag: number
}

/** Starts nodes that know each other; resolves when each is ready and linked to all others. */
export async function startHeraldNodes(
  options: ServerOptions,
): Promise<{ readonly group: ServerGroup; readonly nodes: readonly HeraldNode[] }> {
  const { directory, serverCount, nodeOptions } = options
  const ports = await reservePorts(new Array<number>(2 * serverCount).fill(0))
  const nodes = Array.from({ length: serverCount }, (_, index) => ({
    id: String.fromCharCode(65 + index),
    port: ports[2 * index] ?? 0,
    adminUrl: `http://127.0.0.1:${ports[2 * index + 1] ?? 0}`,
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
  const group = await ServerGroup.start(
    nodes.map((node) => ({
      url: `ws://127.0.0.1:${node.port}`,
      command: process.execPath,
      options: [
        ...nodeOptions,
        nodeScript,
        ...['--node-id', node.id, '--host', '127.0.0.1', '--port', String(node.port), '--peers', peersFile],
        ...['--data', join(directory, node.id), '--admin', new URL(node.adminUrl).host],
      ],
      environment,
      isReady: async () => isLinked(await readStatus(node), serverCount),
    })),
  )
  return { group, nodes }
}

/** What a node says of itself; undefined if it does not answer. */
export async function readStatus({ adminUrl }: HeraldNode): Promise<HeraldStatus | undefined> {
  return (await askJson(`${adminUrl}/v1/status`)) as HeraldStatus | undefined
}

/** A node is ready when it says so and is linked to all others. */
export function isLinked(status: HeraldStatus | undefined, serverCount: number): boolean {
  const linked = status?.links.filter((link) => link.state === 'up').length
  return status?.state === 'ready' && linked === serverCount - 1
}
