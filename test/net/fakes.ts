// What the tests of net/ put in the place of the node: recorders with `until` to wait for a state without sleeping.

import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'
import { Counters } from '../../node/core/common/counters.ts'
import type { Refusal } from '../../node/core/common/errors.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { ClientServer, type ClientServerLimits } from '../../node/net/client-server.ts'
import { createMetrics } from '../../node/net/metrics.ts'
import type {
  ClientAcceptor,
  ClientSession,
  ClientSubprotocol,
  FrameSink,
  LinkListener,
  PeerAcceptor,
} from '../../node/net/ports.ts'

/** Emits 'change' whenever something was recorded. */
export class Recorder extends EventEmitter {
  constructor() {
    super()
    this.setMaxListeners(0)
  }

  changed(): void {
    this.emit('change')
  }

  /** Resolves as soon as the condition holds; looks after every change. Fails after 10 s. */
  async until(condition: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(10_000)
    while (!condition()) await once(this, 'change', { signal })
  }
}

/** A client's session that records. */
export class FakeSession implements ClientSession {
  readonly sink: FrameSink
  readonly subprotocol: ClientSubprotocol
  readonly remote: string
  readonly frames: Uint8Array[] = []
  readonly texts: string[] = []
  writable: number = 0
  closed: number = 0
  readonly #recorder: Recorder

  constructor(recorder: Recorder, sink: FrameSink, subprotocol: ClientSubprotocol, remote: string) {
    this.#recorder = recorder
    this.sink = sink
    this.subprotocol = subprotocol
    this.remote = remote
  }

  onFrame(frame: Uint8Array): void {
    this.frames.push(frame)
    this.#recorder.changed()
  }

  onText(text: string): void {
    this.texts.push(text)
    this.#recorder.changed()
  }

  onWritable(): void {
    this.writable++
    this.#recorder.changed()
  }

  onClose(): void {
    this.closed++
    this.#recorder.changed()
  }
}

/** Opens a FakeSession for everybody, or refuses everybody. */
export class FakeAcceptor extends Recorder implements ClientAcceptor {
  readonly sessions: FakeSession[] = []
  refusal: Refusal | undefined

  openSession(sink: FrameSink, subprotocol: ClientSubprotocol, remote: string): ClientSession | Refusal {
    if (this.refusal !== undefined) return this.refusal
    const session = new FakeSession(this, sink, subprotocol, remote)
    this.sessions.push(session)
    this.changed()
    return session
  }
}

/** Records what the links say. */
export class FakeListener extends Recorder implements LinkListener {
  readonly events: string[] = []
  readonly frames: Uint8Array[] = []
  readonly texts: string[] = []
  readonly sinks: Map<NodeId, FrameSink> = new Map()
  writable: number = 0

  onLinkUp(peer: NodeId, boot: Boot, sink: FrameSink): void {
    this.events.push(`up ${peer} ${boot}`)
    this.sinks.set(peer, sink)
    this.changed()
  }

  onLinkDown(peer: NodeId, reason: string): void {
    this.events.push(`down ${peer}: ${reason}`)
    this.sinks.delete(peer)
    this.changed()
  }

  onLinkFrame(_peer: NodeId, frame: Uint8Array): void {
    this.frames.push(frame)
    this.changed()
  }

  onLinkText(_peer: NodeId, text: string): void {
    this.texts.push(text)
    this.changed()
  }

  onLinkWritable(): void {
    this.writable++
    this.changed()
  }
}

/** A running server for clients with everything around it faked. */
export interface TestServer extends AsyncDisposable {
  readonly server: ClientServer
  readonly acceptor: FakeAcceptor
  readonly counters: Counters
  readonly port: number
}

const nobody: PeerAcceptor = { acceptPeer: (webSocket) => webSocket.close(1000) }

export async function startServer(
  limits: Partial<ClientServerLimits> = {},
  options: { readonly peers?: PeerAcceptor; readonly unreadyReason?: () => string | undefined } = {},
): Promise<TestServer> {
  const acceptor = new FakeAcceptor()
  const counters = new Counters()
  const server = new ClientServer({
    acceptor,
    peers: options.peers ?? nobody,
    counters,
    metrics: createMetrics(counters, []),
    unreadyReason: options.unreadyReason ?? (() => undefined),
    log: () => {},
    limits,
  })
  const port = await server.listen('127.0.0.1', 0)
  return { server, acceptor, counters, port, [Symbol.asyncDispose]: () => server.close('test over') }
}

/** How a WebSocket ended. */
export interface Ending {
  readonly status: number
  readonly reason: string
}

/** Endings are recorded from the start: some clients are closed in the same packet as their handshake. */
const endings = new WeakMap<WebSocket, Promise<Ending>>()

/** Opens a client; resolves after the handshake. `onText` hears even what comes together with the handshake. */
export async function openClient(
  port: number,
  subprotocol: string = 'herald.client.v1',
  onText: (text: string) => void = () => {},
): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, subprotocol, { perMessageDeflate: false })
  client.on('error', () => {})
  client.on('message', (data, isBinary) => {
    if (!isBinary) onText(data.toString())
  })
  const ending = new Promise<Ending>((resolve) => {
    client.on('close', (status, reason) => resolve({ status, reason: reason.toString() }))
  })
  endings.set(client, ending)
  await Promise.race([once(client, 'open'), ending.then(() => Promise.reject(new Error('no handshake')))])
  return client
}

/** The close status and reason of a client that `openClient` made. */
export function untilClosed(client: WebSocket): Promise<Ending> {
  return endings.get(client) ?? Promise.reject(new Error('not opened by openClient'))
}

/** A TCP connection with everything that comes back. */
export interface RawConnection {
  readonly socket: Socket
  /** Everything received, once the other end has closed. */
  readonly received: Promise<Buffer>
}

export async function openRaw(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => {})
  const received = new Promise<Buffer>((resolve) => {
    socket.on('close', () => resolve(Buffer.concat(chunks)))
  })
  await once(socket, 'connect')
  return { socket, received }
}

/** The text of a WebSocket handshake. */
export function toHandshake(subprotocol: string, extraHeaders: readonly string[] = []): string {
  const lines = [
    'GET / HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `Sec-WebSocket-Protocol: ${subprotocol}`,
    ...extraHeaders,
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** A masked client frame with a zero mask. */
export function toFrame(firstByte: number, payload: Uint8Array): Buffer {
  const length = payload.length
  const head =
    length < 126 ? Buffer.from([firstByte, 0x80 | length, 0, 0, 0, 0]) : Buffer.alloc(length < 65536 ? 8 : 14)
  if (length >= 126) {
    head[0] = firstByte
    head[1] = 0x80 | (length < 65536 ? 126 : 127)
    if (length < 65536) head.writeUInt16BE(length, 2)
    else head.writeUInt32BE(length, 6)
  }
  return Buffer.concat([head, payload])
}
