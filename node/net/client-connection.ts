// One client: its FrameSocket on one side, its session on the other. Counts what goes wrong and keeps the heartbeat.

import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Counters } from '../core/common/counters.ts'
import type { ErrorCode } from '../core/common/errors.ts'
import { type SocketFault, toCloseStatus } from './close-codes.ts'
import { type FrameReceiver, FrameSocket } from './frame-socket.ts'
import type { ClientAcceptor, ClientSession, ClientSubprotocol, FrameSink } from './ports.ts'
import type { ReceiveBuffers } from './receive-buffers.ts'

/** Heartbeats without a byte from the client after which it is closed. One may be a lost packet, two are not. */
const heartbeatsMissedMax = 2
/** Guess: what a client waits before it tries another node. */
const retryMs = 200

/** What is needed to make a ClientConnection. */
export interface ClientConnectionOptions {
  readonly webSocket: WebSocket
  readonly socket: Socket
  readonly subprotocol: ClientSubprotocol
  readonly acceptor: ClientAcceptor
  readonly counters: Counters
  readonly buffers: ReceiveBuffers
  /** Set when the node has as many clients as it may have: the connection is closed with the reason. */
  readonly overLimit: string | undefined
  readonly onClosed: (connection: ClientConnection) => void
}

/** A client connection from its handshake to its end. */
export class ClientConnection implements FrameReceiver {
  readonly #socket: FrameSocket
  readonly #counters: Counters
  readonly #onClosed: (connection: ClientConnection) => void
  /** Absent when the connection was refused right away. */
  readonly #session: ClientSession | undefined
  /** Heartbeat intervals in a row without a byte from the client. */
  #missed = 0

  constructor(options: ClientConnectionOptions) {
    const { webSocket, socket, counters, buffers } = options
    this.#counters = counters
    this.#onClosed = options.onClosed
    this.#socket = new FrameSocket({ webSocket, socket, masked: false, receiver: this, buffers })
    if (options.overLimit !== undefined) {
      this.#refuse('CONNECTION_LIMIT', options.overLimit)
      return
    }
    const remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
    const session = options.acceptor.openSession(this.#socket, options.subprotocol, remote)
    if ('refused' in session) {
      this.#refuse(session.refused, session.reason)
      return
    }
    this.#session = session
    counters.increment('sessionsOpened')
  }

  /** True if this connection has a session, so that it counts towards the limit. */
  get isSession(): boolean {
    return this.#session !== undefined
  }

  onFrame(frame: Uint8Array): void {
    this.#session?.onFrame(frame)
  }

  onText(text: string): void {
    this.#session?.onText(text)
  }

  onWritable(): void {
    this.#session?.onWritable()
  }

  onFault(fault: SocketFault): void {
    this.#counters.increment(fault.counter)
  }

  onClose(): void {
    if (this.#session !== undefined) this.#counters.increment('sessionsClosed')
    this.#session?.onClose()
    this.#onClosed(this)
  }

  /** Called once per heartbeat interval: pings a silent client, closes one that stays silent. */
  beat(): void {
    if (!this.#socket.isOpen) return
    if (this.#socket.takeHeartbeat() || this.#socket.isPaused) {
      this.#missed = 0
      return
    }
    if (this.#missed < heartbeatsMissedMax) {
      this.#missed++
      this.#socket.sendPing()
      return
    }
    this.#counters.increment('heartbeatsMissed')
    sendClosing(this.#socket, 'HEARTBEAT_MISSED', `no byte for ${this.#missed} heartbeats`)
  }

  /** Ends the connection with 1001. */
  close(status: number, reason: string): void {
    this.#socket.close(status, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #refuse(code: ErrorCode, reason: string): void {
    this.#counters.increment('sessionsRefused')
    sendClosing(this.#socket, code, reason)
  }
}

/** Tells a client why it is closed (docs/protocol.md section 2, `closing`), and closes with the registry's status. */
export function sendClosing(sink: FrameSink, code: ErrorCode, message: string): void {
  sink.sendText(JSON.stringify({ op: 'closing', code, message, retryMs }))
  sink.close(toCloseStatus(code), `${code}: ${message}`)
}
