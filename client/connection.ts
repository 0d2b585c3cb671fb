// One socket to one node, from the dial to its end: waits for the welcome, takes frames and control messages apart
// and hands them on. Whatever the protocol does not allow closes it with 1002.

import type { Refusal } from '../node/core/common/errors.ts'
import { frameType } from '../node/wire/batch-header.ts'
import {
  type ClientControl,
  decodeAcknowledgement,
  decodeNodeControl,
  decodeProgress,
  decodeSelect,
  encodeClientControl,
  isRefusal,
  type NodeControl,
  type Progress,
  type PublishOutcome,
  type Welcome,
} from '../node/wire/control.ts'
import type { Environment, Transport } from './transport.ts'

/** Hears from one connection. A method that returns a text found the protocol broken, and how. */
export interface ConnectionListener {
  onWelcome(connection: Connection, welcome: Welcome): void
  onControl(message: Exclude<NodeControl, Welcome>): string | undefined
  onOutcomes(outcomes: readonly PublishOutcome[]): void
  /** A batch for the subscription that was selected. */
  onBatch(subscription: number, frame: Uint8Array): string | undefined
  onProgress(progress: Progress): string | undefined
  onDrain(): void
  /** The connection is over, whether it was ever welcomed or not. Comes once. */
  onLost(connection: Connection, reason: string): void
}

/** After an orderly close, the socket is cut if the other end has not answered by then. */
const closeTimeoutMs = 1000

export class Connection {
  readonly url: string
  readonly #environment: Environment
  readonly #listener: ConnectionListener
  readonly #transport: Transport
  #cancelTimeout: (() => void) | undefined
  #isWelcomed = false
  #isOver = false
  /** Why we closed it ourselves, if we did. */
  #ownReason: string | undefined
  /** The subscription that batches belong to; 0 before the first select. */
  #selected = 0

  constructor(environment: Environment, url: string, timeoutMs: number, listener: ConnectionListener) {
    this.url = url
    this.#environment = environment
    this.#listener = listener
    this.#cancelTimeout = environment.startTimer(timeoutMs, () => {
      this.#ownReason = `no welcome within ${timeoutMs} ms`
      this.#transport.terminate()
    })
    this.#transport = environment.dial(
      url,
      {
        onOpen: () => {},
        onFrame: (frame) => this.#onFrame(frame),
        onText: (text) => this.#onText(text),
        onDrain: () => listener.onDrain(),
        onClose: (status, reason) => this.#onClose(status, reason),
      },
      timeoutMs,
    )
  }

  get bufferedBytes(): number {
    return this.#transport.bufferedBytes
  }

  send(frame: Uint8Array): void {
    if (!this.#isOver) this.#transport.send(frame)
  }

  sendControl(message: ClientControl): void {
    if (!this.#isOver) this.#transport.sendText(encodeClientControl(message))
  }

  /** Closes in order. `onLost` follows. */
  close(status: number, reason: string): void {
    if (this.#isOver || this.#ownReason !== undefined) return
    this.#ownReason = reason
    this.#cancelTimeout?.()
    this.#cancelTimeout = this.#environment.startTimer(closeTimeoutMs, () => this.#transport.terminate())
    this.#transport.close(status, reason)
  }

  #onText(text: string): void {
    if (this.#isOver || this.#ownReason !== undefined) return
    const message = decodeNodeControl(text)
    if (isRefusal(message)) return this.#break(message.reason)
    if (message.op === 'welcome') {
      if (this.#isWelcomed) return this.#break('a second welcome')
      this.#isWelcomed = true
      this.#cancelTimeout?.()
      this.#cancelTimeout = undefined
      return this.#listener.onWelcome(this, message)
    }
    if (!this.#isWelcomed && message.op !== 'closing') return this.#break(`${message.op} before the welcome`)
    this.#check(this.#listener.onControl(message))
  }

  #onFrame(frame: Uint8Array): void {
    if (this.#isOver || this.#ownReason !== undefined) return
    if (!this.#isWelcomed) return this.#break('a binary message before the welcome')
    switch (frame[0]) {
      case frameType.batch:
        if (this.#selected === 0) return this.#break('a batch before the first select')
        return this.#check(this.#listener.onBatch(this.#selected, frame))
      case frameType.select: {
        const selected = decodeSelect(frame)
        if (typeof selected === 'object') return this.#break(selected.reason)
        this.#selected = selected
        return
      }
      case frameType.acknowledgement: {
        const outcomes = decodeAcknowledgement(frame)
        if (isRefusal(outcomes)) return this.#break(outcomes.reason)
        return this.#listener.onOutcomes(outcomes)
      }
      case frameType.progress: {
        const progress: Progress | Refusal = decodeProgress(frame)
        if (isRefusal(progress)) return this.#break(progress.reason)
        return this.#check(this.#listener.onProgress(progress))
      }
      default:
        return this.#break(`a binary message of type ${frame[0] ?? 'nothing'}`)
    }
  }

  #check(problem: string | undefined): void {
    if (problem !== undefined) this.#break(problem)
  }

  #break(problem: string): void {
    this.close(1002, `PROTOCOL_BROKEN: ${problem}`)
  }

  #onClose(status: number, reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelTimeout?.()
    const text =
      this.#ownReason ?? (reason === '' ? `closed with ${status}` : `closed with ${status}: ${reason}`)
    this.#listener.onLost(this, text)
  }
}
