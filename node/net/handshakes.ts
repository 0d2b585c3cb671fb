// Connections that have not finished their handshake: the place where strangers cost something for nothing. Node's HTTP
// server closes the slow ones by its deadlines; this bounds how many there are meanwhile by dropping the oldest, so that
// a flood of half handshakes keeps neither clients nor other nodes out: theirs finish within milliseconds.

import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Counters } from '../core/common/counters.ts'

/** The connections between accept and the end of their handshake, oldest first. */
export class Handshakes {
  readonly #pending = new Set<Socket>()
  readonly #counters: Counters
  readonly #pendingMax: number

  constructor(counters: Counters, pendingMax: number) {
    this.#counters = counters
    this.#pendingMax = pendingMax
  }

  get length(): number {
    return this.#pending.size
  }

  add(socket: Socket): void {
    this.#counters.increment('connectionsOpened')
    this.#pending.add(socket)
    socket.once('close', () => this.#pending.delete(socket))
    if (this.#pending.size <= this.#pendingMax) return
    for (const oldest of this.#pending) {
      this.#counters.increment('handshakesDropped')
      this.#pending.delete(oldest)
      oldest.destroy()
      return
    }
  }

  /** The handshake is over: the connection belongs to somebody else now. */
  finish(socket: Socket): void {
    this.#pending.delete(socket)
  }

  /** Counts and answers what Node's HTTP parser refused, and closes the connection. */
  onClientError(error: Error, socket: Duplex): void {
    const code = 'code' in error ? error.code : undefined
    if (code === 'ECONNRESET' || !socket.writable || !(socket instanceof Socket)) {
      socket.destroy()
      return
    }
    // Being refused, it is not there to be dropped as well.
    this.#pending.delete(socket)
    socket.end(`HTTP/1.1 ${this.#countClientError(code)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    // Whoever goes on sending after the answer is not read any more.
    socket.destroySoon()
  }

  #countClientError(code: unknown): string {
    switch (code) {
      case 'ERR_HTTP_REQUEST_TIMEOUT':
        this.#counters.increment('handshakeTimeouts')
        return '408 Request Timeout'
      case 'HPE_HEADER_OVERFLOW':
        this.#counters.increment('httpHeadersRefused')
        return '431 Request Header Fields Too Large'
      default:
        this.#counters.increment('httpMalformed')
        return '400 Bad Request'
    }
  }
}
