// WebSocket over `ws`, with every limit set, and Node's timers. As in a node, whole messages come in by a FrameLane and go
// out by a FrameWriter, on the socket of `ws`, which does all the rest. The mask of all zeros is valid (RFC 6455 §5.3 asks for
// it against proxies that browsers' scripts could abuse) and saves a pass over every byte.

import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { layLane } from '../node/core/common/frame-lane.ts'
import { FrameWriter } from '../node/core/common/frame-writer.ts'
import { protocolLimits } from '../node/core/common/limits.ts'
import { FramePool } from './frame-pool.ts'
import {
  drainBytes,
  type Environment,
  subprotocol,
  type Transport,
  type TransportEvents,
  timerMsMax,
  toCloseReason,
} from './transport.ts'

/** A socket on which nothing was heard for this long is dead. The node pings more often than that. */
const idleTimeoutMs = 30_000
/** The batch of a dozen small messages, and so one buffer for the system call. */
const copyBytesMax = 4096
/** A quiet socket is probed this often, so that an idle but living node is heard of in time. */
const probeIntervalMs = 10_000

export function nodeEnvironment(): Environment {
  const pool = new FramePool()
  return {
    dial: (url, events, timeoutMs) => new NodeTransport(url, events, timeoutMs, pool),
    now: () => performance.timeOrigin + performance.now(),
    random: Math.random,
    startTimer: (delayMs, callback, background) => {
      const timer = setTimeout(callback, Math.min(delayMs, timerMsMax))
      if (background === true) timer.unref()
      return () => clearTimeout(timer)
    },
    afterTurn: (callback) => {
      setImmediate(callback)
    },
    allocate: (bytes) => pool.allocate(bytes),
    dispose: () => {},
  }
}

class NodeTransport implements Transport {
  readonly #socket: WebSocket
  readonly #events: TransportEvents
  readonly #pool: FramePool
  readonly #probe: NodeJS.Timeout
  /** Set before the connection is open. */
  #writer: FrameWriter | undefined
  #lastHeardAt = performance.now()
  #failure = ''
  /** Set when a send left more than `drainBytes` buffered. */
  #isFull = false

  constructor(url: string, events: TransportEvents, timeoutMs: number, pool: FramePool) {
    this.#events = events
    this.#pool = pool
    const socket = new WebSocket(url, [subprotocol], {
      perMessageDeflate: false,
      maxPayload: protocolLimits.frameBytesMax,
      handshakeTimeout: timeoutMs,
      followRedirects: false,
      skipUTF8Validation: false,
      allowSynchronousEvents: true,
      generateMask: (mask) => mask.fill(0),
    })
    this.#socket = socket
    const heard = (): void => {
      this.#lastHeardAt = performance.now()
    }
    socket.on('upgrade', ({ socket: tcp }) => {
      this.#writer = new FrameWriter({
        sink: tcp,
        masked: true,
        copyBytesMax,
        afterCallback: (flush) => process.nextTick(flush),
        onWritten: this.#onWritten,
      })
      socket.on('open', () => {
        this.#layLane(tcp)
        events.onOpen()
      })
    })
    socket.on('message', (data, isBinary) => {
      if (!isBinary) {
        heard()
        events.onText(data.toString())
      } else if (data instanceof Uint8Array) {
        this.#onFrame(data)
      }
    })
    socket.on('ping', heard)
    socket.on('pong', heard)
    socket.on('error', (error) => {
      this.#failure = error.message
    })
    this.#probe = setInterval(() => this.#onProbe(), probeIntervalMs)
    this.#probe.unref()
    socket.on('close', (status, reason) => {
      clearInterval(this.#probe)
      events.onClose(status, this.#failure || reason.toString())
    })
  }

  get bufferedBytes(): number {
    const { readyState } = this.#socket
    // A connection that is ending takes nothing more; what comes waits for the next one.
    return readyState === WebSocket.OPEN ? (this.#writer?.bufferedBytes ?? 0) : Infinity
  }

  send(frame: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    const onFree = (): void => this.#pool.recycle(frame)
    this.#writer?.writeBinary(frame, onFree)
    this.#noteFullness()
  }

  sendText(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    this.#writer?.writeText(Buffer.from(text))
    this.#noteFullness()
  }

  close(status: number, reason: string): void {
    this.#writer?.flush()
    this.#socket.close(status, toCloseReason(reason))
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** Puts a FrameLane in front of the library's own reading. */
  #layLane(tcp: Socket): void {
    const lane = layLane(tcp, {
      masked: false,
      payloadBytesMax: protocolLimits.frameBytesMax,
      onFrame: (frame) => this.#onFrame(frame),
      allocate: (bytes) => Buffer.allocUnsafe(bytes),
      // The library may answer with a close frame, behind which nothing may come.
      beforeOther: () => this.#writer?.flush(),
      afterRefusals: (callback) => setImmediate(callback),
    })
    this.#socket.on('error', () => lane.stop())
  }

  #onFrame(frame: Uint8Array): void {
    this.#lastHeardAt = performance.now()
    this.#events.onFrame(frame)
  }

  #noteFullness(): void {
    if (this.bufferedBytes > drainBytes) this.#isFull = true
  }

  /** Called for everything written; an error here is followed by `close`. */
  readonly #onWritten = (): void => {
    if (!this.#isFull || this.bufferedBytes > drainBytes) return
    this.#isFull = false
    this.#events.onDrain()
  }

  #onProbe(): void {
    const quietMs = performance.now() - this.#lastHeardAt
    if (quietMs > idleTimeoutMs) {
      this.#failure = `nothing was heard for ${Math.round(quietMs)} ms`
      this.#socket.terminate()
    } else if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.ping()
    }
  }
}
