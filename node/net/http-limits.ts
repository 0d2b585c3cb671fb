// The deadlines and sizes of both HTTP servers of a node, and how they answer in JSON.

import type { ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorCode } from '../core/common/errors.ts'

/** Headers of one request; a browser sends about twenty. */
export const headersMax = 100

/** Deadlines that tests shorten. */
export interface HttpDeadlines {
  /** Milliseconds that a client has for a whole request or handshake. */
  readonly requestTimeoutMs: number
  /** How often Node looks for requests past their deadline. */
  readonly checkIntervalMs: number
}

export const defaultHttpDeadlines: HttpDeadlines = { requestTimeoutMs: 5000, checkIntervalMs: 3000 }

/** Options of `http.createServer` without any limit at its default. */
export function toHttpOptions(deadlines: HttpDeadlines): ServerOptions {
  return {
    headersTimeout: deadlines.requestTimeoutMs,
    requestTimeout: deadlines.requestTimeoutMs,
    keepAliveTimeout: 1000,
    connectionsCheckingInterval: deadlines.checkIntervalMs,
    maxHeaderSize: 16 * 1024,
    noDelay: true,
  }
}

/** True if a request has more headers than `headersMax`; Node refuses those that have still more by itself. */
export function hasTooManyHeaders(rawHeaders: readonly string[]): boolean {
  return rawHeaders.length > headersMax * 2
}

/** Answers with a JSON body. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length })
  response.end(bytes)
}

/** The JSON body of every refusal. */
export function toErrorBody(code: ErrorCode, message: string): { readonly error: object } {
  return { error: { code, message } }
}

/** Answers an upgrade request with a plain HTTP refusal and closes the connection. */
export function refuseUpgrade(socket: Socket, status: string, code: ErrorCode, message: string): void {
  const body = JSON.stringify(toErrorBody(code, message))
  const head = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}
