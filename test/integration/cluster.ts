// A cluster of real nodes for tests: processes, sockets on loopback and disks. Every link can go through proxies of the test, so
// that it can be cut, silenced and slowed on its own while the nodes share one peers.json.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkJournals } from '../../audit/check.ts'
import type { CheckResult } from '../../audit/check-result.ts'
import { type Client, type ConnectOptions, connect } from '../../client/index.ts'
import { reservePorts } from '../../scripts/fleet/local-ports.ts'
import { TcpProxy } from '../net/tcp-proxy.ts'
import { ClusterNode, type Site } from './cluster-node.ts'
import { until } from './until.ts'

export interface ClusterOptions {
  /** 3 by default: A, B, C. */
  readonly nodes?: number
  /** Whether links go through proxies; without them they cannot be cut. */
  readonly proxied?: boolean
  /** Settings of all nodes, as HERALD_* variables. */
  readonly environment?: Readonly<Record<string, string>>
  /** Where nodes run that do not run beside the test, by id. */
  readonly sites?: ReadonlyMap<string, Site>
}

/** Both directions in which two nodes may dial each other. */
type LinkProxies = readonly [TcpProxy, TcpProxy]

/** Ports can be taken by others between the choice and the start. */
const attemptsMax = 5

export class Cluster implements AsyncDisposable {
  readonly folder: string
  readonly nodes: ClusterNode[]
  readonly #links: ReadonlyMap<string, LinkProxies>
  readonly #former: ClusterNode[] = []

  private constructor(folder: string, nodes: ClusterNode[], links: ReadonlyMap<string, LinkProxies>) {
    this.folder = folder
    this.nodes = nodes
    this.#links = links
  }

  /** Starts a cluster; resolves when all nodes are ready and linked. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    for (let attempt = 1; ; attempt++) {
      const cluster = await Cluster.prepare(options)
      try {
        await cluster.startAll()
        return cluster
      } catch (error) {
        await cluster[Symbol.asyncDispose]()
        // Who has the port may be a node of another test: it looks ready, and only the log of ours says that it is not.
        const isCollision = cluster.nodes.some(({ log }) => log.some((line) => line.includes('PORT_IN_USE')))
        if (!isCollision || attempt === attemptsMax) throw error
      }
    }
  }

  /** Everything but the processes. */
  static async prepare(options: ClusterOptions = {}): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'herald-cluster-'))
    const ids = 'ABCDEFGHIJKLMNOP'.slice(0, options.nodes ?? 3).split('')
    const ports = await reservePorts(new Array<number>(ids.length * 2).fill(0))
    const portOf = (id: string): number => ports[ids.indexOf(id)] as number
    const peersFile = join(folder, 'peers.json')
    await writeFile(
      peersFile,
      JSON.stringify(
        Object.fromEntries(ids.map((id) => [id, [options.sites?.get(id)?.host ?? '127.0.0.1', portOf(id)]])),
      ),
    )
    const links = new Map<string, LinkProxies>()
    const routes = new Map(ids.map((id) => [id, {} as Record<number, number>]))
    for (const [one, other] of options.proxied === true ? pairsOf(ids) : []) {
      const proxies = [await TcpProxy.start(portOf(other)), await TcpProxy.start(portOf(one))] as const
      links.set(one + other, proxies)
      Object.assign(routes.get(one) ?? {}, { [portOf(other)]: proxies[0].port })
      Object.assign(routes.get(other) ?? {}, { [portOf(one)]: proxies[1].port })
    }
    const nodes = ids.map(
      (id, index) =>
        new ClusterNode({
          id,
          site: options.sites?.get(id),
          port: portOf(id),
          adminPort: ports[ids.length + index] as number,
          peersFile,
          dataPath: join(folder, id),
          environment: options.environment ?? {},
          routes: routes.get(id) ?? {},
        }),
    )
    return new Cluster(folder, nodes, links)
  }

  node(id: string): ClusterNode {
    const node = this.nodes.find((candidate) => candidate.id === id)
    assert(node !== undefined, `there is a node ${id}`)
    return node
  }

  /** One more node, whose peers.json has all others; the files of those have not changed. Its links cannot be cut. */
  async add(id: string): Promise<ClusterNode> {
    const [port = 0, adminPort = 0] = await reservePorts([0, 0])
    const peersFile = join(this.folder, `peers-${id}.json`)
    const peers = [...this.nodes, { id, options: { port } }].map(({ id: node, options }) => {
      return [node, ['127.0.0.1', options.port]] as const
    })
    await writeFile(peersFile, JSON.stringify(Object.fromEntries(peers)))
    const node = new ClusterNode({
      ...{ id, port, adminPort, peersFile, dataPath: join(this.folder, id) },
      ...{ environment: this.nodes[0]?.options.environment ?? {}, routes: {} },
    })
    this.nodes.push(node)
    await node.start()
    return node
  }

  /** A node was removed: it is none of the cluster any more, but what its journal says still counts. */
  forget(node: ClusterNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1)
    this.#former.push(node)
  }

  async startAll(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()))
    await this.untilLinked()
  }

  /** Resolves when every node has a link to every other one. */
  async untilLinked(...among: readonly string[]): Promise<void> {
    const nodes = among.length === 0 ? this.nodes : among.map((id) => this.node(id))
    await until(`links are up between ${nodes.map((node) => node.id).join(', ')}`, async () => {
      const states = await Promise.all(nodes.map((node) => node.status()))
      return states.every(({ links, node }) =>
        nodes.every(
          ({ id }) => id === node || links.some(({ peer, state }) => peer === id && state === 'up'),
        ),
      )
    })
  }

  /** A client that is connected to one node and, as all clients do, learns of the others. */
  async connect(id: string, options: ConnectOptions = {}): Promise<Client> {
    return await connect(this.node(id).url, options)
  }

  /** Resets the links between two groups of nodes, each a text of ids, and refuses new ones until they are healed. */
  cut(one: string, other: string): void {
    for (const proxy of this.#between(one, other)) proxy.cut()
  }

  /** Resets the connections between two groups; new ones pass. */
  reset(one: string, other: string): void {
    for (const proxy of this.#between(one, other)) proxy.reset()
  }

  /** Swallows everything between two groups of nodes; connections stay open. */
  blackhole(one: string, other: string): void {
    for (const proxy of this.#between(one, other)) proxy.blackhole()
  }

  /** Swallows everything that nodes of the first group send to those of the second; what they hear from those still comes. */
  mute(from: string, to: string): void {
    for (const sender of from) {
      for (const receiver of to) {
        const [first, second] = this.#between(sender, receiver)
        const isFirst = sender < receiver
        first?.mute(isFirst ? 'forth' : 'back')
        second?.mute(isFirst ? 'back' : 'forth')
      }
    }
  }

  delay(one: string, other: string, milliseconds: number): void {
    for (const proxy of this.#between(one, other)) proxy.delay(milliseconds)
  }

  /** Takes nothing more from the sockets between two groups, as a network would that is much too slow. */
  stall(one: string, other: string): void {
    for (const proxy of this.#between(one, other)) proxy.stall()
  }

  heal(one: string, other: string): void {
    for (const proxy of this.#between(one, other)) proxy.heal()
  }

  /** The delivery check over the journals of all nodes, once those that run have written everything. */
  async check(options: { readonly graceMs?: number } = {}): Promise<CheckResult> {
    const journals = [...this.nodes, ...this.#former].map(async (node) => {
      await node.admin.flush().catch(() => undefined)
      return await node.journal()
    })
    return checkJournals(await Promise.all(journals), { graceMs: options.graceMs ?? 0 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.nodes, ...this.#former].map((node) => node[Symbol.asyncDispose]()))
    await Promise.all([...this.#links.values()].flat().map((proxy) => proxy.close()))
    await rm(this.folder, { recursive: true, force: true })
  }

  #between(one: string, other: string): TcpProxy[] {
    const proxies: TcpProxy[] = []
    for (const left of one) {
      for (const right of other) {
        const link = this.#links.get([left, right].sort().join(''))
        assert(link !== undefined, `the link between ${left} and ${right} goes through a proxy`)
        proxies.push(...link)
      }
    }
    return proxies
  }
}

function pairsOf(ids: readonly string[]): (readonly [string, string])[] {
  return ids.flatMap((one, index) => ids.slice(index + 1).map((other) => [one, other] as const))
}
