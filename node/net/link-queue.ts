// What waits to go over a link. The socket is only fed a little at a time, so that the link's own pings, which bypass
// this queue, never stand behind megabytes of data in this process; what the kernel holds is not ours to reorder.

import { Deque } from '../core/common/deque.ts'
import { hold, letGo } from '../core/common/slabs.ts'
import type { FrameSocket } from './frame-socket.ts'
import { type FrameSink, lowWaterBytes } from './ports.ts'

/** The socket is fed while it holds less than this; four full batches keep it busy between two turns of the loop. */
const fedBytesMax = 256 * 1024

/** The sink that a link's listener writes to. Its bound is the listener's business, which sees `bufferedBytes`. */
export class LinkQueue implements FrameSink {
  readonly #socket: FrameSocket
  readonly #onWritable: () => void
  readonly #waiting = new Deque<Uint8Array | string>()
  #waitingBytes = 0
  /** True from `bufferedBytes` reaching `lowWaterBytes` until `onWritable`. */
  #pressed = false
  #closed = false

  constructor(socket: FrameSocket, onWritable: () => void) {
    this.#socket = socket
    this.#onWritable = onWritable
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes + this.#waitingBytes
  }

  sendFrame(frame: Uint8Array): void {
    this.#send(frame)
  }

  sendText(text: string): void {
    this.#send(text)
  }

  pauseReading(): void {
    this.#socket.pauseReading()
  }

  resumeReading(): void {
    this.#socket.resumeReading()
  }

  /** Closes after everything that waits. */
  close(status: number, reason: string): void {
    if (this.#closed) return
    while (this.#waiting.length > 0) this.#feedOne()
    this.#closed = true
    this.#socket.close(status, reason)
  }

  /** The connection is gone; what waits goes nowhere. */
  discard(): void {
    this.#closed = true
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      if (typeof message !== 'string') letGo(message)
    }
    this.#waitingBytes = 0
  }

  /** The socket took everything that it was fed. */
  onDrain(): void {
    while (this.#waiting.length > 0 && this.#socket.bufferedBytes < fedBytesMax) this.#feedOne()
    if (!this.#pressed || this.#waiting.length > 0 || this.#closed) return
    this.#pressed = false
    this.#onWritable()
  }

  #send(message: Uint8Array | string): void {
    if (this.#closed) return
    if (typeof message !== 'string') hold(message)
    this.#waiting.push(message)
    this.#waitingBytes += message.length
    while (this.#waiting.length > 0 && this.#socket.bufferedBytes < fedBytesMax) this.#feedOne()
    if (this.bufferedBytes >= lowWaterBytes) this.#pressed = true
  }

  #feedOne(): void {
    const message = this.#waiting.shift()
    if (message === undefined) return
    this.#waitingBytes -= message.length
    if (typeof message === 'string') this.#socket.sendText(message)
    else {
      this.#socket.sendFrame(message)
      letGo(message)
    }
  }
}
