// Dials one peer until there is a link: addresses resolved anew each time, back-off with jitter, slowly after a
// refusal. The back-off counts from the start of the last dial, so that a dial that timed out is followed at once.

import { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { type Random, randomBelow } from '../core/common/random.ts'
import type { PeerAddress } from './hello.ts'
import type { LinkDurations } from './link-durations.ts'
import { dialWebSocketOptions } from './websocket-limits.ts'

/** What is needed to make a Dialer. */
export interface DialerOptions {
  readonly address: PeerAddress
  readonly subprotocol: string
  readonly durations: LinkDurations
  readonly random: Random
  readonly onOpen: (webSocket: WebSocket, socket: Socket) => void
  readonly onFailed: (reason: string) => void
}

/** Makes connections to one address, one at a time. */
export class Dialer {
  readonly #options: DialerOptions
  /** Dials since the last success. */
  #attempts = 0
  #startedAt = 0
  #timer: NodeJS.Timeout | undefined
  /** The dial in progress. */
  #webSocket: WebSocket | undefined
  #stopped = false

  constructor(options: DialerOptions) {
    this.#options = options
  }

  /** Dials at once unless a dial is in progress. */
  dialNow(): void {
    clearTimeout(this.#timer)
    if (this.#stopped || this.#webSocket !== undefined) return
    this.#startedAt = performance.now()
    this.#attempts++
    const { address, subprotocol, durations, onFailed } = this.#options
    try {
      this.#webSocket = new WebSocket(toUrl(address), subprotocol, {
        ...dialWebSocketOptions,
        handshakeTimeout: durations.dialTimeoutMs,
      })
      this.#listen(this.#webSocket)
    } catch (error) {
      // The host is not one that a URL can have.
      onFailed(String(error))
    }
  }

  /** Dials again after the back-off. */
  dialLater(): void {
    const { backoffMinMs, backoffMaxMs } = this.#options.durations
    const fullMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(this.#attempts, 16))
    const elapsedMs = performance.now() - this.#startedAt
    this.#schedule(fullMs / 2 + randomBelow(this.#options.random, fullMs / 2) - elapsedMs)
  }

  /** Dials again when the reason of a refusal may be gone. */
  dialMuchLater(): void {
    this.#schedule(this.#options.durations.refusedRetryMs)
  }

  /** A link is up: the next back-off starts from the beginning. */
  reset(): void {
    this.#attempts = 0
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#webSocket?.terminate()
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer)
    if (!this.#stopped) this.#timer = setTimeout(() => this.dialNow(), Math.max(0, delayMs))
  }

  #listen(webSocket: WebSocket): void {
    // `ws` renews its own timeout with every byte; this one ends a handshake that only trickles.
    const deadline = setTimeout(() => webSocket.terminate(), this.#options.durations.dialTimeoutMs)
    let socket: Socket | undefined
    let reason = 'the connection was closed during the handshake'
    webSocket.on('upgrade', (response) => {
      if (response.socket instanceof Socket) socket = response.socket
    })
    webSocket.on('error', (error) => {
      reason = error.message === '' ? String('code' in error ? error.code : error.name) : error.message
    })
    const onClose = (): void => {
      clearTimeout(deadline)
      this.#webSocket = undefined
      if (!this.#stopped) this.#options.onFailed(reason)
    }
    webSocket.on('close', onClose)
    webSocket.on('open', () => {
      clearTimeout(deadline)
      webSocket.off('close', onClose)
      this.#webSocket = undefined
      if (socket === undefined || this.#stopped) webSocket.terminate()
      else this.#options.onOpen(webSocket, socket)
    })
  }
}

function toUrl(address: PeerAddress): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `ws://${host}:${address.port}/`
}
