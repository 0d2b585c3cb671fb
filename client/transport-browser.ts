// WebSocket and timers of the platform. Browsers cannot ping and do not show the node's pings, so a dead connection is
// noticed when the browser closes it. The end of a turn is a message to ourselves: a timer would be clamped to 4 ms.

import {
  drainBytes,
  type Environment,
  subprotocol,
  type Transport,
  type TransportEvents,
  timerMsMax,
  toCloseReason,
} from './transport.ts'

/** How often a full socket is looked at; browsers do not tell when it drains. */
const drainPollMs = 10

export function browserEnvironment(): Environment {
  const turn = new TurnEnd()
  return {
    dial: (url, events, timeoutMs) => new BrowserTransport(url, events, timeoutMs),
    now: () => performance.timeOrigin + performance.now(),
    random: Math.random,
    startTimer: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.min(delayMs, timerMsMax))
      return () => clearTimeout(timer)
    },
    afterTurn: (callback) => turn.after(callback),
    allocate: (bytes) => new Uint8Array(bytes),
    dispose: () => turn.close(),
  }
}

/** Runs callbacks in a task of their own, in order. */
class TurnEnd {
  readonly #channel = new MessageChannel()
  #callbacks: (() => void)[] = []
  #isClosed = false

  constructor() {
    // Node's types know MessagePort as its own class; browsers have the event handler alone.
    const port: { onmessage: (() => void) | null } = this.#channel.port1 as never
    port.onmessage = () => {
      const callbacks = this.#callbacks
      this.#callbacks = []
      for (const callback of callbacks) callback()
    }
  }

  after(callback: () => void): void {
    if (this.#isClosed) {
      queueMicrotask(callback)
    } else if (this.#callbacks.push(callback) === 1) {
      this.#channel.port2.postMessage(undefined)
    }
  }

  close(): void {
    this.#isClosed = true
    for (const callback of this.#callbacks) queueMicrotask(callback)
    this.#callbacks = []
    this.#channel.port1.close()
  }
}

class BrowserTransport implements Transport {
  readonly #socket: WebSocket
  readonly #events: TransportEvents
  readonly #handshakeTimer: ReturnType<typeof setTimeout>
  #drainTimer: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  constructor(url: string, events: TransportEvents, timeoutMs: number) {
    this.#events = events
    const socket = new WebSocket(url, [subprotocol])
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    this.#handshakeTimer = setTimeout(() => this.#finish(1006, 'handshake timed out'), timeoutMs)
    socket.onopen = () => {
      clearTimeout(this.#handshakeTimer)
      if (!this.#isClosed) events.onOpen()
    }
    socket.onmessage = (event) => {
      if (this.#isClosed) return
      if (event.data instanceof ArrayBuffer) events.onFrame(new Uint8Array(event.data))
      else if (typeof event.data === 'string') events.onText(event.data)
    }
    socket.onclose = (event) => this.#finish(event.code, event.reason)
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  send(frame: Uint8Array): void {
    this.#send(frame as Uint8Array<ArrayBuffer>)
  }

  sendText(text: string): void {
    this.#send(text)
  }

  /** Browsers may close with 1000 or 3000 to 4999 only; 1002 is told as 4002, and so on. */
  close(status: number, reason: string): void {
    this.#socket.close(status === 1000 ? status : 3000 + status, toCloseReason(reason))
  }

  terminate(): void {
    this.#finish(1006, 'cut')
  }

  #send(message: string | Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    this.#socket.send(message)
    if (this.#socket.bufferedAmount > drainBytes && this.#drainTimer === undefined) this.#pollDrain()
  }

  #pollDrain(): void {
    this.#drainTimer = setTimeout(() => {
      this.#drainTimer = undefined
      if (this.#isClosed) return
      if (this.#socket.bufferedAmount > drainBytes) this.#pollDrain()
      else this.#events.onDrain()
    }, drainPollMs)
  }

  #finish(status: number, reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#handshakeTimer)
    clearTimeout(this.#drainTimer)
    this.#socket.close()
    this.#events.onClose(status, reason)
  }
}
