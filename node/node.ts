// One member of the cluster: builds its parts, wires them, starts and stops them in the right order. Everything else
// lives in the parts; this file is where they meet.

import type { Logger } from 'pino'
import { NodeAdmin } from './admin.ts'
import { Broker } from './broker/broker.ts'
import { ClientSession } from './broker/client-session.ts'
import { JsonSession } from './broker/json-session.ts'
import { NodeSubscriptions } from './broker/node-subscriptions.ts'
import type { BrokerPorts } from './broker/ports.ts'
import { SessionTable } from './broker/session-table.ts'
import { now } from './clock.ts'
import { CollectionPolicy } from './collection-policy.ts'
import type { NodeConfig } from './config/node-config.ts'
import { toClientUrl } from './config/peers.ts'
import { Counters } from './core/common/counters.ts'
import type { Refusal } from './core/common/errors.ts'
import { type Boot, toOrigin } from './core/common/ids.ts'
import { protocolLimits } from './core/common/limits.ts'
import { SlabPool } from './core/common/slabs.ts'
import { adminGraceMs, clientsAnswered, clientsClosed, linksFlushed } from './drain.ts'
import { LoopLag } from './loop-lag.ts'
import { NodeMemory } from './memory.ts'
import { AdminServer } from './net/admin-server.ts'
import { ClientServer } from './net/client-server.ts'
import { Links } from './net/links.ts'
import { createMetrics } from './net/metrics.ts'
import type { ClientSubprotocol, FrameSink, ClientSession as SessionPort } from './net/ports.ts'
import { PeerDriver } from './peer-driver.ts'
import type { DataDirectory } from './storage/data-directory.ts'

export interface NodeOptions {
  readonly config: NodeConfig
  readonly directory: DataDirectory
  readonly boot: Boot
  readonly version: string
  readonly log: Logger
  /** Uniform in [0, 1); spreads reconnects. */
  readonly random: () => number
  /** The node has stopped; the text says why if it could not go on. */
  readonly onStopped: (failure: string | undefined) => void
}

/** How often machines look at their deadlines: while there are any, and at rest. */
const tickMs = { busy: 100, rest: 1000 } as const
/** A starting node is ready when all links are up, or after so long: peers may be down for good. */
const readyAfterMs = 1500

export class Node {
  readonly config: NodeConfig
  readonly version: string
  readonly counters: Counters
  readonly memory: NodeMemory
  readonly broker: Broker
  readonly sessions: SessionTable
  readonly ownSubscriptions: NodeSubscriptions
  readonly links: Links
  readonly startedAt: number
  readonly loopLag: LoopLag = new LoopLag()
  readonly #log: Logger
  readonly #options: NodeOptions
  readonly #peers: PeerDriver
  readonly #clients: ClientServer
  readonly #admin: AdminServer
  readonly #timers: NodeJS.Timeout[] = []
  #ticker: NodeJS.Timeout | undefined
  #nextSecond = 0
  readonly #collections = new CollectionPolicy()
  #stopping: Promise<void> | undefined
  readonly #draining = new AbortController()
  state: 'starting' | 'ready' | 'draining' = 'starting'

  /** Starts a node; resolves when it listens. Throws HeraldError. */
  static async start(options: NodeOptions): Promise<Node> {
    const counters = new Counters()
    const memory = await NodeMemory.open(options.config, options.directory, options.log, counters)
    const node = new Node(options, memory, counters)
    await node.#start()
    return node
  }

  private constructor(options: NodeOptions, memory: NodeMemory, counters: Counters) {
    const { config, boot, version, log } = options
    const { tunables } = config
    this.#options = options
    this.counters = counters
    this.#log = log
    this.config = config
    this.version = version
    this.memory = memory
    this.startedAt = now()
    this.#peers = new PeerDriver(this.counters, tunables)
    this.broker = new Broker({
      node: config.nodeId,
      boot,
      peers: config.peers.keys(),
      ports: this.#brokerPorts(),
      defaults: {
        retention: { bytes: tunables.retentionBytes, ageMs: tunables.retentionAgeMs },
        copies: tunables.copies,
        streamsMax: tunables.streamsMax,
      },
      copiesTimeoutMs: tunables.copiesTimeoutMs,
      slabs: new SlabPool({ onKept: (bytes) => this.#collections.onKept(bytes) }),
    })
    this.#peers.attach(this.broker)
    this.sessions = new SessionTable(this.broker, tunables, this.#welcome())
    this.ownSubscriptions = new NodeSubscriptions(this.broker)
    this.links = new Links({
      cluster: config.cluster,
      node: config.nodeId,
      boot,
      version,
      peers: config.peers,
      listener: this.#peers,
      counters: this.counters,
      random: options.random,
      log: (event, fields) => log.info({ event, ...fields }),
      now,
      onDuplicate: (message) => this.#fail(message),
    })
    this.#clients = this.#createClientServer()
    this.#admin = new AdminServer({
      port: new NodeAdmin(this),
      counters: this.counters,
      log: (event, fields) => log.info({ event, ...fields }),
      hosts: config.adminNames,
    })
  }

  /** Aborts when the node begins to drain: long work ends. */
  get draining(): AbortSignal {
    return this.#draining.signal
  }

  /** Drains and stops; resolves when everything is closed. The text is for the log and for other nodes. */
  stop(reason: string, failure?: string): Promise<void> {
    this.#stopping ??= this.#stop(reason, failure).catch((error: unknown) => {
      this.#log.fatal({ event: 'stop-failed', reason: String(error) })
      this.#options.onStopped(failure)
    })
    return this.#stopping
  }

  /** Saves the node's own subscriptions after they have changed. */
  saveSubscriptions(): Promise<void> {
    return this.memory.saveSubscriptions(this.ownSubscriptions)
  }

  async #start(): Promise<void> {
    const { config } = this
    await this.memory.recall(this.broker, this.ownSubscriptions)
    const port = await this.#clients.listen(config.host, config.port)
    const adminPort = await this.#admin.listen(config.admin.host, config.admin.port)
    this.links.start()
    this.#tick()
    const admin = `${config.admin.host}:${adminPort}`
    this.#log.info({ event: 'listening', host: config.host, port, admin })
    this.#becomeReady()
  }

  async #stop(reason: string, failure: string | undefined): Promise<void> {
    this.state = 'draining'
    this.#draining.abort()
    this.#log.info({ event: 'draining', reason })
    this.#endInTime(failure)
    const { drainMs } = this.config.tunables
    await clientsAnswered(this.sessions, drainMs)
    this.sessions.drain()
    await Promise.all([
      clientsClosed(this.#clients, reason, drainMs),
      linksFlushed(this.broker, () => this.#peers.queuedBytes, drainMs),
    ])
    for (const timer of this.#timers) clearInterval(timer)
    clearTimeout(this.#ticker)
    await this.links.close()
    await this.memory.saveAll(this.broker, this.ownSubscriptions)
    await this.#admin.close(adminGraceMs)
    await this.memory.close(this.broker)
    this.#log.info({ event: 'stopped' })
    this.#options.onStopped(failure)
  }

  /** Whatever hangs, the process ends when the drain time is over. */
  #endInTime(failure: string | undefined): void {
    const { drainMs } = this.config.tunables
    setTimeout(() => {
      this.#log.warn({ event: 'drain-timeout', afterMs: drainMs })
      this.#options.onStopped(failure)
    }, drainMs).unref()
  }

  #fail(message: string): void {
    this.#log.fatal({ event: 'node-id-in-use', code: 'NODE_ID_IN_USE', reason: message })
    void this.stop(message, message)
  }

  #becomeReady(): void {
    const check = setInterval(() => {
      if (this.state !== 'starting') return clearInterval(check)
      const isLinked = this.links.statuses().every((link) => link.state === 'up')
      if (!isLinked && now() - this.startedAt < readyAfterMs) return
      clearInterval(check)
      this.state = 'ready'
      this.#log.info({ event: 'ready', afterMs: Math.round(now() - this.startedAt) })
    }, 20)
    this.#timers.push(check)
  }

  #tick(): void {
    this.broker.handle({ kind: 'tick' })
    this.loopLag.onTick(now())
    const at = now()
    if (at >= this.#nextSecond) {
      this.#nextSecond = at - (at % 1000) + 1000
      this.#onSecond(at)
    }
    // Whole seconds on every node: a cluster at rest wakes up together and sleeps the rest of the time. A millisecond
    // behind them, because timers count from when the loop woke up: one due on the second would come early, and twice.
    const intervalMs = this.broker.agent.hasDeadlines ? tickMs.busy : tickMs.rest
    const delayMs = intervalMs - (at % intervalMs) + 1
    this.loopLag.expect(at + delayMs)
    this.#ticker = setTimeout(() => this.#tick(), delayMs)
  }

  #onSecond(at: number): void {
    this.sessions.onSecond(at)
    this.memory.onSecond(at, this.broker, this.links.statuses())
    let insertedBytes = 0
    let retainedBytes = 0
    for (const replica of this.broker.streams.replicas) {
      insertedBytes += replica.insertedBytes
      retainedBytes += replica.bytes
    }
    this.#collections.onSecond(insertedBytes, retainedBytes)
  }

  #brokerPorts(): BrokerPorts {
    return {
      now,
      endOfTurn: (callback) => setImmediate(callback),
      after: (delayMs, callback) => setTimeout(callback, delayMs).unref(),
      sendToPeer: (peer, message) => this.#peers.send(peer, message),
      recorder: this.memory.recorder,
      count: (counter, by) => this.counters.increment(counter, by),
      allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
      onCatalogChanged: (keys) => {
        this.sessions.onCatalogChanged(keys)
        this.memory.onCatalogChanged(this.broker)
      },
    }
  }

  #createClientServer(): ClientServer {
    const { counters } = this
    const gauges = [
      { name: 'sessions', meaning: 'Client sessions open.', read: () => this.sessions.sessions.size },
      {
        name: 'link_queue_bytes',
        meaning: 'Bytes that wait on all links.',
        read: () => this.#peers.queuedBytes,
      },
    ]
    return new ClientServer({
      acceptor: { openSession: (sink, subprotocol) => this.#openSession(sink, subprotocol) },
      peers: { acceptPeer: (webSocket, socket) => this.links.acceptPeer(webSocket, socket) },
      counters,
      metrics: createMetrics(counters, gauges),
      unreadyReason: () => (this.state === 'ready' ? undefined : this.state),
      log: (event, fields) => this.#log.info({ event, ...fields }),
      limits: {
        connectionsMax: this.config.tunables.connectionsMax,
        requestTimeoutMs: this.config.tunables.handshakeTimeoutMs,
      },
    })
  }

  #openSession(sink: FrameSink, subprotocol: ClientSubprotocol): SessionPort | Refusal {
    if (this.state === 'draining') return { refused: 'NODE_DRAINING', reason: 'the node is shutting down' }
    const Kind = subprotocol === 'herald.client.v1' ? ClientSession : JsonSession
    const session = new Kind(this.broker, sink, this.sessions)
    this.sessions.sessions.add(session)
    return session
  }

  #welcome(): SessionTable['welcome'] {
    const { config } = this
    const { payloadBytesMax, batchRecordsMax, batchBytesMax } = protocolLimits
    const urls = [...config.peers.values()].map(toClientUrl)
    const { inFlightBytesMax, subscriptionsMax } = config.tunables
    return {
      cluster: config.cluster,
      node: config.nodeId,
      boot: toOrigin(config.nodeId, this.#options.boot),
      urls,
      limits: { payloadBytesMax, batchRecordsMax, batchBytesMax, inFlightBytesMax, subscriptionsMax },
    }
  }
}
