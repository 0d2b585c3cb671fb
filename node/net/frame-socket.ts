// One WebSocket connection, accepted or dialled, as the FrameSink that sessions and links write to. Closing, control frames
// and what arrives in pieces are the library's (`ws`); whole data frames come in by a FrameLane and go out by a FrameWriter,
// on the same TCP socket.

import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { type FrameLane, layLane } from '../core/common/frame-lane.ts'
import { FrameWriter } from '../core/common/frame-writer.ts'
import { protocolLimits } from '../core/common/limits.ts'
import { hold, letGo } from '../core/common/slabs.ts'
import { type SocketFault, toCloseReason, toSocketFault } from './close-codes.ts'
import type { FrameSink } from './ports.ts'
import type { ReceiveBuffers } from './receive-buffers.ts'

/** Hears what happens on a FrameSocket. */
export interface FrameReceiver {
  onFrame(frame: Uint8Array): void
  onText(text: string): void
  onWritable(): void
  /** The other end broke the rules; the connection is closing already. */
  onFault(fault: SocketFault): void
  onClose(status: number, reason: string): void
}

/** What is needed to make a FrameSocket. */
export interface FrameSocketOptions {
  readonly webSocket: WebSocket
  /** The TCP socket under the WebSocket. */
  readonly socket: Socket
  /** True on the dialling side: RFC 6455 §5.3 wants its frames masked. */
  readonly masked: boolean
  readonly receiver: FrameReceiver
  /** Where messages in several reads are gathered for a receiver that keeps no view beyond the call; each in its own memory without it. */
  readonly buffers?: ReceiveBuffers
}

/** Pings that the other end may send between two heartbeats; ten a second with heartbeats of 10 s. */
const pingsPerHeartbeatMax = 100
const open = 1
/** Larger frames are written by reference: many sessions get the same. */
const copyBytesMax = 512
/**
 * Buffers that frames on their way to the kernel stand in; frames of others are copied. A slab is kept as long as anything in it
 * is held, and a subscriber that reads slowly and gets few of a stream's batches would keep one for each. Measured: copying
 * everything that has to wait costs up to 12 % of the throughput; what waits for one who gets all of it lies in two.
 */
const pinnedMax = 2

/** An open WebSocket. Sending on a closed one does nothing: its receiver hears `onClose` anyway. */
export class FrameSocket implements FrameSink {
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #receiver: FrameReceiver
  readonly #writer: FrameWriter
  readonly #lane: FrameLane
  /** Buffers of which frames are on their way to the kernel by reference, and how many frames. */
  readonly #pinned = new Map<ArrayBufferLike, number>()
  /** The socket's `bytesRead` at the last `takeHeartbeat`. */
  #bytesSeen = 0
  /** Pings received since the last `takeHeartbeat`. */
  #pings = 0
  #paused = false
  #closed = false

  constructor(options: FrameSocketOptions) {
    this.#webSocket = options.webSocket
    this.#socket = options.socket
    this.#receiver = options.receiver
    this.#writer = new FrameWriter({
      sink: options.socket,
      masked: options.masked,
      copyBytesMax,
      afterCallback: (flush) => process.nextTick(flush),
    })
    this.#socket.setNoDelay(true)
    this.#listen()
    this.#lane = this.#layLane(options)
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes
  }

  /** False once either end has begun to close. */
  get isOpen(): boolean {
    return this.#webSocket.readyState === open
  }

  /** True while the other end's bytes are left in the kernel on purpose. */
  get isPaused(): boolean {
    return this.#paused
  }

  sendFrame(frame: Uint8Array): void {
    if (!this.isOpen) return
    if (frame.length <= copyBytesMax) return this.#writer.writeBinary(frame)
    const frames = this.#pinned.get(frame.buffer) ?? 0
    if (frames === 0 && this.#pinned.size === pinnedMax) {
      return this.#writer.writeBinary(new Uint8Array(frame))
    }
    this.#pinned.set(frame.buffer, frames + 1)
    hold(frame)
    this.#writer.writeBinary(frame, () => this.#unpin(frame))
  }

  sendText(text: string): void {
    if (this.isOpen) this.#writer.writeText(Buffer.from(text))
  }

  sendPing(): void {
    if (this.isOpen) this.#webSocket.ping()
  }

  pauseReading(): void {
    this.#paused = true
    this.#webSocket.pause()
  }

  resumeReading(): void {
    this.#paused = false
    this.#webSocket.resume()
  }

  /** Closes after everything sent so far; the socket is destroyed if the other end does not answer. */
  close(status: number, reason: string): void {
    if (!this.isOpen) return
    this.#writer.flush()
    this.#webSocket.close(status, toCloseReason(reason))
    // A paused socket would never see the answer to the close frame.
    if (this.#paused) this.resumeReading()
  }

  /** Destroys the socket without a word, for other ends that cannot be expected to listen. */
  terminate(): void {
    this.#webSocket.terminate()
  }

  /** True if any byte came since the last call; starts the next heartbeat interval. */
  takeHeartbeat(): boolean {
    const bytes = this.#socket.bytesRead
    const heard = bytes !== this.#bytesSeen
    this.#bytesSeen = bytes
    this.#pings = 0
    return heard
  }

  /** The kernel has the frame, or nobody will. */
  #unpin(frame: Uint8Array): void {
    const frames = this.#pinned.get(frame.buffer) ?? 0
    if (frames > 1) this.#pinned.set(frame.buffer, frames - 1)
    else this.#pinned.delete(frame.buffer)
    letGo(frame)
  }

  #listen(): void {
    this.#webSocket.on('message', (data, isBinary) => {
      // binaryType is 'nodebuffer', always; and what follows a close is nobody's business any more.
      if (!Buffer.isBuffer(data) || !this.isOpen) return
      if (isBinary) this.#receiver.onFrame(data)
      else this.#receiver.onText(data.toString())
    })
    this.#webSocket.on('ping', (data) => this.#onPing(data))
    this.#webSocket.on('error', (error) => this.#receiver.onFault(toSocketFault(error)))
    this.#webSocket.on('close', (status, reason) => this.#onClose(status, reason.toString()))
    this.#socket.on('drain', () => {
      if (this.isOpen) this.#receiver.onWritable()
    })
  }

  /** Puts a FrameLane in front of the library's own reading. */
  #layLane({ masked, buffers }: FrameSocketOptions): FrameLane {
    const lane = layLane(this.#socket, {
      masked: !masked,
      payloadBytesMax: protocolLimits.frameBytesMax,
      onFrame: (frame) => {
        if (this.isOpen) this.#receiver.onFrame(frame)
      },
      allocate: (bytes) => (buffers === undefined ? Buffer.allocUnsafe(bytes) : buffers.take(bytes)),
      recycle: (payload) => buffers?.giveBack(payload),
      // The library may answer with a close frame, behind which nothing may come.
      beforeOther: () => this.#writer.flush(),
      afterRefusals: (callback) => setImmediate(callback),
    })
    this.#webSocket.on('error', () => lane.stop())
    return lane
  }

  #onPing(data: Buffer): void {
    if (!this.isOpen) return
    if (++this.#pings <= pingsPerHeartbeatMax) {
      this.#webSocket.pong(data)
      return
    }
    this.#receiver.onFault({ code: 'PING_FLOOD', counter: 'pingFloods' })
    this.close(1008, `PING_FLOOD: more than ${pingsPerHeartbeatMax} pings between two heartbeats`)
  }

  #onClose(status: number, reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#lane.stop()
    this.#receiver.onClose(status, reason)
  }
}
