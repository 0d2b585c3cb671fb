// The admin interface (docs/protocol.md section 5): HTTP on a port of its own, bound to loopback unless told otherwise.
// Requests go through admin-request (who, what) and admin-routes (which answer); files are streamed, never held whole.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Counters } from '../core/common/counters.ts'
import { type ErrorCode, HeraldError } from '../core/common/errors.ts'
import type { AdminPort, OpenFile } from './admin-port.ts'
import { checkSender, parseTarget, RequestRefused } from './admin-request.ts'
import { findRoute, type RouteAnswer } from './admin-routes.ts'
import { Handshakes } from './handshakes.ts'
import {
  answerJson,
  defaultHttpDeadlines,
  type HttpDeadlines,
  hasTooManyHeaders,
  headersMax,
  toErrorBody,
  toHttpOptions,
} from './http-limits.ts'
import { listen } from './listener.ts'
import type { LogEvent } from './ports.ts'

/** Turns of the event loop in which what a connection has brought is read to its end. */
const readTurns = 3
/** Operators and their scripts; each request takes one for a moment. */
const connectionsMax = 256

/** What is needed to make an AdminServer. */
export interface AdminServerOptions {
  readonly port: AdminPort
  readonly counters: Counters
  readonly log: LogEvent
  /** Names beyond `localhost` under which this node may be asked. */
  readonly hosts: readonly string[]
  readonly deadlines?: HttpDeadlines
}

/** The HTTP server of the admin interface. */
export class AdminServer {
  readonly #options: AdminServerOptions
  readonly #hosts: ReadonlySet<string>
  readonly #http: Server
  readonly #connections: Handshakes

  constructor(options: AdminServerOptions) {
    this.#options = options
    this.#hosts = new Set(options.hosts)
    this.#connections = new Handshakes(options.counters, connectionsMax)
    this.#http = createServer(
      toHttpOptions(options.deadlines ?? defaultHttpDeadlines),
      (request, response) => {
        void this.#onRequest(request, response)
      },
    )
    this.#http.maxHeadersCount = headersMax + 1
    this.#http.on('connection', (socket) => this.#connections.add(socket))
    this.#http.on('clientError', (error, socket) => this.#connections.onClientError(error, socket))
    this.#http.on('error', (error) => options.log('admin-server-failed', { error: error.message }))
  }

  /** Starts listening and resolves with the port. Throws HeraldError PORT_IN_USE. */
  listen(host: string, port: number): Promise<number> {
    return listen(this.#http, host, port)
  }

  /** Accepts nothing new and resolves when the requests in progress are answered, or `graceMs` have passed. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()))
    this.#http.closeIdleConnections()
    const timer = setTimeout(() => this.#http.closeAllConnections(), graceMs)
    await closed
    clearTimeout(timer)
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { counters, log } = this.#options
    counters.increment('adminRequests')
    try {
      await this.#answer(request, response)
    } catch (error) {
      counters.increment('adminRequestsRefused')
      if (response.headersSent) {
        // A file broke off in the middle: only ending the connection tells the other end.
        response.destroy()
      } else if (error instanceof RequestRefused) {
        for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
        refuse(request, response, error.status, error.code, error.message)
      } else if (error instanceof HeraldError) {
        refuse(request, response, toHttpStatus(error.code), error.code, error.message)
      } else {
        log('admin-request-failed', { method: request.method, url: request.url, error: String(error) })
        refuse(request, response, 500, 'INTERNAL_FAULT', 'the request failed; the log of the node says why')
      }
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (hasTooManyHeaders(request.rawHeaders)) {
      throw new RequestRefused(431, 'HEADERS_REFUSED', `more than ${headersMax} headers`)
    }
    checkSender(request, this.#hosts)
    const target = parseTarget(request.url ?? '')
    const route = findRoute(request.method ?? '', target)
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    // What a node finds when it goes on after a while in which it was stopped may have been asked of another one since, and changed again.
    if (request.method !== 'GET' && (await isGone(gone.signal))) return
    const answer = await route.answer({
      port: this.#options.port,
      request,
      query: target.query,
      name: route.name,
      signal: gone.signal,
    })
    await writeAnswer(response, answer)
    request.resume()
  }
}

/** The end of a connection is read in the turns behind its request. */
async function isGone(signal: AbortSignal): Promise<boolean> {
  for (let turn = 0; turn < readTurns && !signal.aborted; turn++) await nextTurn()
  return signal.aborted
}

async function writeAnswer(response: ServerResponse, answer: RouteAnswer): Promise<void> {
  if ('refused' in answer) {
    throw new RequestRefused(toHttpStatus(answer.refused), answer.refused, answer.reason)
  }
  if ('file' in answer) await writeFile(response, answer.file, answer.offset)
  else answerJson(response, answer.status, answer.body)
}

async function writeFile(
  response: ServerResponse,
  file: OpenFile,
  offset: number | undefined,
): Promise<void> {
  const from = offset ?? 0
  if (offset !== undefined && from >= file.bytes) {
    file.content.destroy()
    response.writeHead(416, { 'Content-Range': `bytes */${file.bytes}`, 'Content-Length': 0 }).end()
    return
  }
  response.writeHead(offset === undefined ? 200 : 206, {
    'Content-Type': 'application/octet-stream',
    'Accept-Ranges': 'bytes',
    'Content-Length': file.bytes - from,
    ...(offset !== undefined && { 'Content-Range': `bytes ${from}-${file.bytes - 1}/${file.bytes}` }),
  })
  await pipeline(file.content, response)
}

/** Answers with an error, and ends the connection if there is a body that nobody will read. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: ErrorCode,
  message: string,
): void {
  if (!request.complete) response.shouldKeepAlive = false
  answerJson(response, status, toErrorBody(code, message))
}

function toHttpStatus(code: ErrorCode): number {
  switch (code) {
    case 'STREAM_UNKNOWN':
    case 'NODE_UNKNOWN':
    case 'NAME_UNKNOWN':
    case 'PATH_UNKNOWN':
      return 404
    case 'STREAM_EXISTS':
      return 412
    case 'NODE_NEEDED':
    case 'STREAM_OVERLAP':
    case 'STREAM_LIMIT':
    case 'SUBSCRIPTION_LIMIT':
    case 'NAME_IN_USE':
      return 409
    case 'DISK_FAILED':
    case 'INTERNAL_FAULT':
      return 500
    case 'NODE_DRAINING':
      return 503
    default:
      return 400
  }
}
