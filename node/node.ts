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
import { ClusterPeers } from './cluster-peers.ts'
import { CollectionPolicy } from './collection-policy.ts'
import type { NodeConfig } from './config/node-config.ts'
import { Counters } from './core/common/counters.ts'
import type { ErrorCode, Refusal } from './core/common/errors.ts'
import type { Boot } from './core/common/ids.ts'
import { SlabPool } from './core/common/slabs.ts'
import { adminGraceMs, clientsAnswered, clientsClosed, endInTime, linksFlushed } from './drain.ts'
import { LeaderHost, type OpenedLog, openLog } from './leader-host.ts'
import { LoopLag } from './loop-lag.ts'
import { NodeMemory } from './memory.ts'
import { AdminServer } from './net/admin-server.ts'
import { ClientServer } from './net/client-server.ts'
import type { Links } from './net/links.ts'
import { createMetrics } from './net/metrics.ts'
import type { ClientSubprotocol, FrameSink, ClientSession as SessionPort } from './net/ports.ts'
import { PeerDriver } from './peer-driver.ts'
import type { DataDirectory } from './storage/data-directory.ts'
import { Ticker } from './ticker.ts'
import { TurnEnd } from './turn-end.ts'
import { toWelcome } from './welcome.ts'

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

/** What a node is built from. */
interface NodeStart {
  readonly memory: NodeMemory
  readonly counters: Counters
  readonly collections: CollectionPolicy
  readonly slabs: SlabPool
  readonly opened: OpenedLog
}

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
  readonly leaderHost: LeaderHost
  readonly #log: Logger
  readonly #options: NodeOptions
  readonly #peers: PeerDriver
  readonly #clients: ClientServer
  readonly #admin: AdminServer
  readonly #timers: NodeJS.Timeout[] = []
  readonly #clusterPeers: ClusterPeers
  readonly #ticker: Ticker
  readonly #answers = new TurnEnd()
  readonly #collections: CollectionPolicy
  #stopping: Promise<void> | undefined
  readonly #draining = new AbortController()
  state: 'starting' | 'ready' | 'draining' = 'starting'

  /** Starts a node; resolves when it listens. Throws HeraldError. */
  static async start(options: NodeOptions): Promise<Node> {
    const counters = new Counters()
    const memory = await NodeMemory.open(options.config, options.directory, options.log, counters)
    const collections = new CollectionPolicy()
    const slabs = new SlabPool({ onKept: (bytes) => collections.onKept(bytes) })
    const opened = await openLog(options.directory, slabs, options.log)
    const node = new Node(options, { memory, counters, collections, slabs, opened })
    await node.#start()
    return node
  }

  private constructor(options: NodeOptions, { memory, counters, collections, slabs, opened }: NodeStart) {
    const { config, boot, version, log, random } = options
    const { tunables } = config
    this.#options = options
    this.#collections = collections
    this.counters = counters
    this.#log = log
    this.config = config
    this.version = version
    this.memory = memory
    this.startedAt = now()
    this.#peers = new PeerDriver(this.counters, tunables)
    this.leaderHost = new LeaderHost({
      ...{ config, boot, opened, slabs, random, answers: this.#answers, directory: options.directory },
      sendFrame: (node, frame) => this.#peers.sendFrame(node, frame),
      queuedBytes: (node) => this.#peers.queuedBytesTo(node),
      brokerOf: () => this.broker,
      onFailed: (code, reason) => this.#fail(code, reason),
      onRoster: (roster, meta) => this.#clusterPeers.onRoster(roster, meta),
    })
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
      leader: this.leaderHost.agent,
      slabs,
    })
    this.#peers.attach(this.broker)
    this.sessions = new SessionTable(this.broker, tunables, toWelcome(config, boot))
    this.ownSubscriptions = new NodeSubscriptions(this.broker)
    this.#clusterPeers = new ClusterPeers({
      ...{ config, boot, version, log, random, broker: this.broker, counters, listener: this.#peers },
      member: options.directory.member,
      onBanned: (code, reason) => this.#fail(code, reason),
    })
    this.links = this.#clusterPeers.links
    this.#ticker = new Ticker({
      hasDeadlines: () => this.broker.agent.hasDeadlines,
      onTick: () => this.broker.handle({ kind: 'tick' }),
      onSecond: (at) => this.#onSecond(at),
      loopLag: this.loopLag,
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
    this.leaderHost.start()
    this.broker.catchingUp.begin()
    const port = await this.#clients.listen(config.host, config.port)
    const adminPort = await this.#admin.listen(config.admin.host, config.admin.port)
    this.links.start()
    this.#ticker.start()
    const admin = `${config.admin.host}:${adminPort}`
    this.#log.info({ event: 'listening', host: config.host, port, admin })
    this.#becomeReady()
  }

  async #stop(reason: string, failure: string | undefined): Promise<void> {
    this.state = 'draining'
    this.#draining.abort()
    this.#log.info({ event: 'draining', reason })
    const { drainMs } = this.config.tunables
    endInTime(drainMs, this.#log, () => this.#options.onStopped(failure))
    // A node that has failed has no answers to give: others take over at once.
    const patienceMs = failure === undefined ? drainMs : 0
    this.broker.leader.handOver()
    await clientsAnswered(this.sessions, patienceMs)
    this.sessions.drain()
    await Promise.all([
      clientsClosed(this.#clients, reason, patienceMs),
      linksFlushed(this.broker, () => this.#peers.queuedBytes, patienceMs),
    ])
    for (const timer of this.#timers) clearInterval(timer)
    this.#ticker.stop()
    await this.links.close()
    await this.memory.saveAll(this.broker, this.ownSubscriptions)
    await this.#admin.close(adminGraceMs)
    await this.leaderHost.close()
    await this.memory.close(this.broker)
    this.#log.info({ event: 'stopped' })
    this.#options.onStopped(failure)
  }

  #fail(code: ErrorCode, message: string): void {
    // Nothing is due any more to a node that was removed.
    if (code === 'NODE_REMOVED') this.ownSubscriptions.clear()
    this.#log.fatal({ event: 'failed', code, reason: message })
    void this.stop(message, `${code}: ${message}`)
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

  #onSecond(at: number): void {
    this.sessions.onSecond(at)
    this.broker.leader.onSecond()
    this.broker.epochs.onSecond()
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
      deferAnswers: (callback) => this.#answers.defer(callback),
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
}
