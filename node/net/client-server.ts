// The one public port of a node: health and metrics over HTTP, clients and other nodes over WebSocket, told apart by
// subprotocol. Every wait has a deadline and every count a limit; each way of being closed has a counter.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Counters } from '../core/common/counters.ts'
import { ClientConnection } from './client-connection.ts'
import { closeGoingAway } from './close-codes.ts'
import { Handshakes } from './handshakes.ts'
import {
  answerJson,
  defaultHttpDeadlines,
  type HttpDeadlines,
  hasTooManyHeaders,
  headersMax,
  refuseUpgrade,
  toErrorBody,
  toHttpOptions,
} from './http-limits.ts'
import { listen } from './listener.ts'
import type { MetricsPage } from './metrics.ts'
import type { ClientAcceptor, ClientSubprotocol, LogEvent, PeerAcceptor } from './ports.ts'
import { ReceiveBuffers } from './receive-buffers.ts'
import { serverWebSocketOptions } from './websocket-limits.ts'

/** Subprotocol between nodes. */
export const peerSubprotocol = 'herald.peer.v1'

/** How much strangers may cost. */
export interface ClientServerLimits extends HttpDeadlines {
  /** Client sessions open at a time; more are closed with 1013. A session at rest costs about 20 KB. */
  readonly connectionsMax: number
  /** Connections without a finished handshake; the oldest is dropped for a newer one. */
  readonly handshakesMax: number
  /** Connections kept free for other nodes beyond those of clients and handshakes. */
  readonly peersReserve: number
  /** A silent client is pinged this often and closed after three intervals. */
  readonly heartbeatMs: number
}

export const defaultClientServerLimits: ClientServerLimits = {
  ...defaultHttpDeadlines,
  connectionsMax: 10_000,
  handshakesMax: 1000,
  peersReserve: 64,
  heartbeatMs: 10_000,
}

/** What is needed to make a ClientServer. */
export interface ClientServerOptions {
  readonly acceptor: ClientAcceptor
  readonly peers: PeerAcceptor
  readonly counters: Counters
  readonly metrics: MetricsPage
  /** The reason why the node is not ready, or undefined when it is. */
  readonly unreadyReason: () => string | undefined
  readonly log: LogEvent
  readonly limits?: Partial<ClientServerLimits>
}

/** The HTTP and WebSocket server for clients and other nodes. */
export class ClientServer {
  readonly #options: ClientServerOptions
  readonly #limits: ClientServerLimits
  readonly #http: Server
  readonly #webSockets = new WebSocketServer(serverWebSocketOptions)
  readonly #handshakes: Handshakes
  /** All client connections, also those that were refused and are closing. */
  readonly #connections = new Set<ClientConnection>()
  /** Sessions among them, which is what the limit is about. */
  #sessions = 0
  readonly #buffers = new ReceiveBuffers()
  #heartbeat: NodeJS.Timeout | undefined

  constructor(options: ClientServerOptions) {
    this.#options = options
    this.#limits = { ...defaultClientServerLimits, ...options.limits }
    this.#handshakes = new Handshakes(options.counters, this.#limits.handshakesMax)
    this.#http = createServer(toHttpOptions(this.#limits), (request, response) => {
      this.#onRequest(request, response)
    })
    this.#configure()
  }

  /** Client sessions that are open. */
  get sessions(): number {
    return this.#sessions
  }

  /** Starts listening and resolves with the port. Throws HeraldError PORT_IN_USE. */
  async listen(host: string, port: number): Promise<number> {
    const bound = await listen(this.#http, host, port)
    this.#heartbeat = setInterval(() => this.#beat(), this.#limits.heartbeatMs)
    return bound
  }

  /** Accepts nothing new, closes every client with 1001 and resolves when all connections are gone. */
  async close(reason: string): Promise<void> {
    clearInterval(this.#heartbeat)
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()))
    for (const connection of this.#connections) connection.close(closeGoingAway, reason)
    this.#http.closeIdleConnections()
    await closed
  }

  #configure(): void {
    const { counters, log } = this.#options
    const { connectionsMax, handshakesMax, peersReserve } = this.#limits
    this.#http.maxConnections = connectionsMax + handshakesMax + peersReserve
    // One more than allowed, so that an excess can be seen.
    this.#http.maxHeadersCount = headersMax + 1
    this.#http.on('connection', (socket) => this.#handshakes.add(socket))
    this.#http.on('drop', () => counters.increment('connectionsDropped'))
    this.#http.on('error', (error) => log('client-server-failed', { error: error.message }))
    this.#http.on('clientError', (error, socket) => this.#handshakes.onClientError(error, socket))
    this.#http.on('upgrade', (request, socket, head) => {
      if (socket instanceof Socket) this.#onUpgrade(request, socket, head)
      else socket.destroy()
    })
    this.#webSockets.on('wsClientError', (error, socket) => {
      counters.increment('handshakesMalformed')
      if (socket instanceof Socket) refuseUpgrade(socket, '400 Bad Request', 'PROTOCOL_BROKEN', error.message)
    })
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { counters, metrics, unreadyReason } = this.#options
    counters.increment('httpRequests')
    // Nothing here takes a body; what comes is thrown away within the request's deadline.
    request.resume()
    if (hasTooManyHeaders(request.rawHeaders)) {
      counters.increment('httpHeadersRefused')
      response.shouldKeepAlive = false
      answerJson(response, 431, toErrorBody('HEADERS_REFUSED', `more than ${headersMax} headers`))
      return
    }
    const route = `${request.method} ${request.url}`
    if (route === 'GET /healthz') answerJson(response, 200, { alive: true })
    else if (route === 'GET /readyz') answerReadiness(response, unreadyReason())
    else if (route === 'GET /metrics') void answerMetrics(response, metrics, this.#options.log)
    else answerJson(response, 404, toErrorBody('PATH_UNKNOWN', 'there are /healthz, /readyz and /metrics'))
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { counters } = this.#options
    if (hasTooManyHeaders(request.rawHeaders)) {
      counters.increment('httpHeadersRefused')
      const message = `more than ${headersMax} headers`
      refuseUpgrade(socket, '431 Request Header Fields Too Large', 'HEADERS_REFUSED', message)
      return
    }
    const subprotocol = chooseSubprotocol(request.headers['sec-websocket-protocol'])
    if (subprotocol === undefined) {
      counters.increment('subprotocolsRefused')
      const message = `offer ${peerSubprotocol}, herald.client.v1 or herald.json.v1 as Sec-WebSocket-Protocol`
      refuseUpgrade(socket, '400 Bad Request', 'SUBPROTOCOL_UNKNOWN', message)
      return
    }
    // `ws` answers with the first offer, so it is shown the chosen one alone.
    request.headers['sec-websocket-protocol'] = subprotocol
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#handshakes.finish(socket)
      if (subprotocol === peerSubprotocol) this.#options.peers.acceptPeer(webSocket, socket)
      else this.#openClient(webSocket, socket, subprotocol)
    })
  }

  #openClient(webSocket: WebSocket, socket: Socket, subprotocol: ClientSubprotocol): void {
    const { acceptor, counters } = this.#options
    const { connectionsMax } = this.#limits
    const full = this.#sessions >= connectionsMax
    const connection = new ClientConnection({
      webSocket,
      socket,
      subprotocol,
      acceptor,
      counters,
      buffers: this.#buffers,
      overLimit: full ? `this node has ${connectionsMax} clients already` : undefined,
      onClosed: (closed) => {
        this.#connections.delete(closed)
        if (closed.isSession) this.#sessions--
      },
    })
    this.#connections.add(connection)
    if (connection.isSession) this.#sessions++
  }

  #beat(): void {
    for (const connection of this.#connections) connection.beat()
  }
}

/** The first offered subprotocol that this port speaks. */
function chooseSubprotocol(
  header: string | undefined,
): typeof peerSubprotocol | ClientSubprotocol | undefined {
  for (const offered of (header ?? '').split(',')) {
    const name = offered.trim()
    if (name === peerSubprotocol || name === 'herald.client.v1' || name === 'herald.json.v1') return name
  }
  return undefined
}

function answerReadiness(response: ServerResponse, reason: string | undefined): void {
  if (reason === undefined) answerJson(response, 200, { ready: true })
  else answerJson(response, 503, { ready: false, reason })
}

async function answerMetrics(response: ServerResponse, page: MetricsPage, log: LogEvent): Promise<void> {
  try {
    const text = await page.metrics()
    response.writeHead(200, { 'Content-Type': page.contentType }).end(text)
  } catch (error) {
    log('metrics-failed', { error: String(error) })
    answerJson(response, 500, toErrorBody('INTERNAL_FAULT', 'the metrics could not be collected'))
  }
}
