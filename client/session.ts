// Keeps one connection to the cluster: dials, waits between attempts with jittered exponential back-off, moves to
// another node when one closes, and gives up when it is told to.

import type { ErrorCode } from '../node/core/common/errors.ts'
import type { NodeControl, Progress, PublishOutcome, Welcome } from '../node/wire/control.ts'
import { Connection, type ConnectionListener } from './connection.ts'
import type { ClientSettings } from './options.ts'
import type { Environment } from './transport.ts'
import { UrlPool } from './url-pool.ts'

/** What the rest of the client does with the connection. */
export interface SessionListener {
  onConnected(connection: Connection, welcome: Welcome): void
  onControl(message: SessionControl): string | undefined
  onOutcomes(outcomes: readonly PublishOutcome[]): void
  onBatch(subscription: number, frame: Uint8Array): string | undefined
  onProgress(progress: Progress): string | undefined
  onDrain(): void
  /** The node asked to leave. `leave` must be called when nothing more is expected from it. */
  onClosing(code: ErrorCode, message: string, leave: () => void): void
  onDisconnected(url: string, reason: string): void
  /** No connection was possible in time; nothing follows. */
  onGaveUp(reason: string): void
}

export type SessionControl = Exclude<NodeControl, Welcome | { readonly op: 'closing' }>

/** One attempt takes at most this; guess: three round trips around the earth and a slow handshake. */
const attemptTimeoutMs = 3000
/** While not every address had its turn, none takes more than its share of the time to connect, but this: one round trip and a slow handshake. */
const firstAttemptTimeoutMs = 500

export class Session implements ConnectionListener {
  readonly #environment: Environment
  readonly #settings: ClientSettings
  readonly #listener: SessionListener
  readonly #urls: UrlPool
  #connection: Connection | undefined
  /** Set from the welcome until the loss. */
  #isConnected = false
  /** Attempts since a connection last held. */
  #attempts = 0
  #connectedAt = 0
  #cancelRetry: (() => void) | undefined
  #cancelGiveUp: (() => void) | undefined
  #lastReason = 'no attempt was made'
  #isClosed = false
  #onceClosed: (() => void) | undefined

  constructor(
    environment: Environment,
    settings: ClientSettings,
    urls: readonly string[],
    listener: SessionListener,
  ) {
    this.#environment = environment
    this.#settings = settings
    this.#listener = listener
    this.#urls = new UrlPool(urls, environment.random)
  }

  /** Starts to connect; gives up after `connectTimeoutMs` if that never succeeds. */
  start(): void {
    this.#startGiveUp(this.#settings.connectTimeoutMs)
    this.#dial()
  }

  /** Ends the connection in order. Nothing is reported afterwards; resolves when the socket is closed. */
  close(): Promise<void> {
    this.#isClosed = true
    this.#cancelRetry?.()
    this.#cancelGiveUp?.()
    const connection = this.#connection
    if (connection === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onceClosed = resolve
      connection.close(1000, 'client closed')
    })
  }

  onWelcome(connection: Connection, welcome: Welcome): void {
    this.#cancelGiveUp?.()
    this.#cancelGiveUp = undefined
    this.#isConnected = true
    this.#connectedAt = this.#environment.now()
    this.#urls.onConnected(connection.url)
    this.#urls.learn(welcome.urls, connection.url)
    if (!this.#isClosed) this.#listener.onConnected(connection, welcome)
  }

  onControl(message: Exclude<NodeControl, Welcome>): string | undefined {
    if (this.#isClosed) return undefined
    if (message.op !== 'closing') return this.#listener.onControl(message)
    const connection = this.#connection
    // The node is the last choice until another connection to it works.
    if (connection !== undefined) this.#urls.onFailed(connection.url)
    const leave = (): void => connection?.close(1000, 'moving to another node')
    if (this.#isConnected) this.#listener.onClosing(message.code, message.message, leave)
    else leave()
    return undefined
  }

  onOutcomes(outcomes: readonly PublishOutcome[]): void {
    if (!this.#isClosed) this.#listener.onOutcomes(outcomes)
  }

  onBatch(subscription: number, frame: Uint8Array): string | undefined {
    return this.#isClosed ? undefined : this.#listener.onBatch(subscription, frame)
  }

  onProgress(progress: Progress): string | undefined {
    return this.#isClosed ? undefined : this.#listener.onProgress(progress)
  }

  onDrain(): void {
    if (!this.#isClosed) this.#listener.onDrain()
  }

  onLost(connection: Connection, reason: string): void {
    this.#connection = undefined
    this.#lastReason = `${connection.url}: ${reason}`
    this.#onceClosed?.()
    if (this.#isClosed) return
    if (this.#isConnected) {
      this.#isConnected = false
      // A node that welcomes and then breaks is not hammered: only a connection that held resets the pauses.
      const heldMs = this.#environment.now() - this.#connectedAt
      if (heldMs >= this.#settings.reconnectMaxMs) this.#attempts = 0
      this.#startGiveUp(this.#settings.giveUpMs)
      this.#listener.onDisconnected(connection.url, reason)
    } else {
      this.#urls.onFailed(connection.url)
    }
    if (!this.#isClosed) this.#retry()
  }

  #dial(): void {
    this.#cancelRetry = undefined
    this.#attempts++
    const { connectTimeoutMs } = this.#settings
    const isFirstRound = this.#attempts <= this.#urls.size
    const shareMs = isFirstRound
      ? Math.max(firstAttemptTimeoutMs, connectTimeoutMs / this.#urls.size)
      : attemptTimeoutMs
    const timeoutMs = Math.round(Math.min(attemptTimeoutMs, connectTimeoutMs, shareMs))
    this.#connection = new Connection(this.#environment, this.#urls.next(), timeoutMs, this)
  }

  /**
   * Waits and dials again. The pause doubles once every address had its turn: the first round over a cluster is
   * quick, and clients of one dead node do not arrive at the next one in the same moment.
   */
  #retry(): void {
    const round = Math.floor(Math.max(0, this.#attempts - 1) / this.#urls.size)
    const ceilingMs = Math.min(this.#settings.reconnectMaxMs, this.#settings.reconnectMinMs * 2 ** round)
    const pauseMs = ceilingMs * (0.5 + this.#environment.random() / 2)
    this.#cancelRetry = this.#environment.startTimer(pauseMs, () => this.#dial())
  }

  #startGiveUp(afterMs: number): void {
    if (afterMs === Number.POSITIVE_INFINITY) return
    this.#cancelGiveUp = this.#environment.startTimer(afterMs, () => {
      this.#isClosed = true
      this.#cancelRetry?.()
      this.#connection?.close(1000, 'gave up')
      this.#listener.onGaveUp(`no connection within ${afterMs} ms; the last attempt: ${this.#lastReason}`)
    })
  }
}
