// The networking half of a node for tests of links: a real port, short durations, everything else recorded.

import { once } from 'node:events'
import { WebSocket } from 'ws'
import { Counters } from '../../node/core/common/counters.ts'
import { type Boot, isBoot, isNodeId, type NodeId } from '../../node/core/common/ids.ts'
import { seededRandom } from '../../node/core/common/random.ts'
import { ClientServer } from '../../node/net/client-server.ts'
import type { LinkDurations } from '../../node/net/link-durations.ts'
import { Links } from '../../node/net/links.ts'
import { createMetrics } from '../../node/net/metrics.ts'
import type { LinkStatus } from '../../node/net/ports.ts'
import { type Ending, FakeAcceptor, FakeListener, Recorder } from './fakes.ts'
import { TcpProxy } from './tcp-proxy.ts'

/** Addresses as in peers.json. */
export type Peers = Readonly<Record<string, readonly [string, number]>>

const shortDurations: Partial<LinkDurations> = {
  dialTimeoutMs: 200,
  helloTimeoutMs: 400,
  backoffMinMs: 2,
  backoffMaxMs: 20,
  refusedRetryMs: 20,
  pingIntervalMs: 40,
  // Only the test about silence wants it short: a loaded machine is silent for a while, too.
  silentPingsMax: 250,
  probeTimeoutMs: 100,
}

/** What is needed to start a TestNode. */
export interface TestNodeOptions {
  readonly id: string
  readonly boot: number
  readonly peers: Peers
  readonly cluster?: string
  readonly member?: number
  readonly takesNewcomers?: boolean
  /** Numbers of members that were removed. */
  readonly removed?: readonly number[]
  readonly durations?: Partial<LinkDurations>
  readonly now?: () => number
}

/** Links on a real port. */
export class TestNode implements AsyncDisposable {
  readonly node: NodeId
  readonly links: Links
  readonly server: ClientServer
  readonly listener: FakeListener = new FakeListener()
  readonly counters: Counters = new Counters()
  readonly events: string[] = []
  readonly bans: string[] = []
  port: number = 0

  constructor(options: TestNodeOptions) {
    this.node = toNode(options.id)
    const addresses = Object.entries(options.peers).map(
      ([id, [host, port]]) => [toNode(id), { host, port }] as const,
    )
    this.links = new Links({
      cluster: options.cluster ?? 'herald',
      node: this.node,
      boot: toBoot(options.boot),
      version: '0.1.0',
      peers: new Map(addresses),
      listener: this.listener,
      counters: this.counters,
      random: seededRandom(options.id),
      log: (event, fields) => this.events.push(`${event} ${JSON.stringify(fields)}`),
      now: options.now ?? (() => performance.timeOrigin + performance.now()),
      member: options.member ?? options.boot,
      judgeMember: (member) =>
        options.removed?.includes(member) === true
          ? { refused: 'NODE_REMOVED', reason: `member ${member} was removed` }
          : undefined,
      onNewcomer: (node, address) => {
        if (options.takesNewcomers === true) this.links.setPeers(new Map([...addresses, [node, address]]))
      },
      onBanned: (code, message) => {
        this.bans.push(`${code}: ${message}`)
        this.listener.changed()
      },
      durations: { ...shortDurations, ...options.durations },
    })
    this.server = new ClientServer({
      acceptor: new FakeAcceptor(),
      peers: this.links,
      counters: this.counters,
      metrics: createMetrics(this.counters, []),
      unreadyReason: () => undefined,
      log: () => {},
    })
  }

  async stop(): Promise<void> {
    await Promise.all([this.links.close(), this.server.close('test over')])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Starts a node on a free port; it begins to dial. */
export async function startTestNode(options: TestNodeOptions): Promise<TestNode> {
  const node = new TestNode(options)
  node.port = await node.server.listen('127.0.0.1', 0)
  node.links.start()
  return node
}

/** Two nodes, A dialling B through a proxy. */
export interface Pair extends AsyncDisposable {
  readonly a: TestNode
  readonly b: TestNode
  /** In front of B, between A and B. */
  readonly proxy: TcpProxy
  readonly peers: Peers
}

/** Starts two linked nodes. */
export async function startPair(
  options: {
    readonly b?: Partial<TestNodeOptions>
    readonly extraPeers?: Peers
    readonly durations?: Partial<LinkDurations>
    readonly now?: () => number
    readonly expectUp?: boolean
  } = {},
): Promise<Pair> {
  const proxy = await TcpProxy.start(0)
  const proxyOfA = await TcpProxy.start(0)
  const peers: Peers = {
    A: ['127.0.0.1', proxyOfA.port],
    B: ['127.0.0.1', proxy.port],
    ...options.extraPeers,
  }
  const durations = options.durations ?? {}
  const clock = options.now === undefined ? {} : { now: options.now }
  const b = await startTestNode({ id: 'B', boot: 2, peers, durations, ...clock, ...options.b })
  proxy.aim(b.port)
  const a = await startTestNode({ id: 'A', boot: 1, peers, durations, ...clock })
  proxyOfA.aim(a.port)
  if (options.expectUp !== false) {
    await Promise.all([a, b].map(({ listener }) => listener.until(() => listener.events.length === 1)))
  }
  const dispose = async (): Promise<void> => {
    await closeAll([a, b])
    await Promise.all([proxy.close(), proxyOfA.close()])
  }
  return { a, b, proxy, peers, [Symbol.asyncDispose]: dispose }
}

export async function closeAll(nodes: readonly TestNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.stop()))
}

/** Resolves when the status of a node's first link is as wanted; looks once per turn of the loop. */
export async function untilStatus(node: TestNode, isWanted: (status: LinkStatus) => boolean): Promise<void> {
  await untilTrue(() => node.links.statuses().slice(0, 1).some(isWanted))
}

/** Resolves when a condition without an event of its own holds; looks once per turn of the loop, for 10 s at most. */
export async function untilTrue(condition: () => boolean): Promise<void> {
  const start = performance.now()
  while (!condition()) {
    if (performance.now() - start > 10_000) throw new Error('the condition did not come true within 10 s')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A hand-driven connection to a node's port under the subprotocol between nodes. */
export interface FakePeer {
  readonly webSocket: WebSocket
  readonly ending: Promise<Ending>
  readonly untilText: (isWanted: (text: string) => boolean) => Promise<void>
}

export async function openPeer(port: number): Promise<FakePeer> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/`, 'herald.peer.v1', { perMessageDeflate: false })
  const recorder = new Recorder()
  const texts: string[] = []
  webSocket.on('error', () => {})
  webSocket.on('message', (data) => {
    texts.push(data.toString())
    recorder.changed()
  })
  const ending = new Promise<Ending>((resolve) => {
    webSocket.on('close', (status, reason) => resolve({ status, reason: reason.toString() }))
  })
  await once(webSocket, 'open')
  return { webSocket, ending, untilText: (isWanted) => recorder.until(() => texts.some(isWanted)) }
}

export function toNode(id: string): NodeId {
  if (!isNodeId(id)) throw new Error(`not a node id: ${id}`)
  return id
}

export function toBoot(boot: number): Boot {
  if (!isBoot(boot)) throw new Error(`not a boot: ${boot}`)
  return boot
}
