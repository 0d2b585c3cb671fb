// A scripted node for the tests of the client: a WebSocket server that speaks `herald.client.v1` far enough to be
// published to and subscribed from, remembers everything it was told, and misbehaves on request.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Boot, StreamId } from '../../node/core/common/ids.ts'
import { type NodeId, type Origin, toOrigin, toStreamId } from '../../node/core/common/ids.ts'
import { BatchBuilder, type RecordOptions } from '../../node/wire/batch-builder.ts'
import {
  batchCount,
  frameType,
  numberBatch,
  publishAckLevel,
  publishNumber,
} from '../../node/wire/batch-header.ts'
import {
  type ClientControl,
  type Credit,
  decodeClientControl,
  decodeCredit,
  encodeAcknowledgement,
  encodeNodeControl,
  encodeSelect,
  isRefusal,
  type NodeControl,
  type PublishOutcome,
} from '../../node/wire/control.ts'
import { encodeCursor } from '../../node/wire/cursor.ts'

export const boot: Boot = 4242 as Boot
export const origin: Origin = toOrigin('A' as NodeId, boot)
export const streamId: StreamId = toStreamId('default')
export const emptyCursor: string = encodeCursor(new Map())

export interface FakeRecord {
  readonly topic: string
  readonly payload: string | Uint8Array
  readonly options?: RecordOptions
}

/** A numbered batch as a node would send it. */
export function batchOf(records: readonly FakeRecord[], first: number): Uint8Array {
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  for (const { topic, payload, options } of records) builder.append(topic, payload, options, 1000)
  const frame = builder.finish(0, 'none')
  numberBatch(frame, streamId, boot, first, 0)
  return frame
}

/** `count` records `m<first>`, `m<first+1>` … on one topic. */
export function numbered(first: number, count: number, topic = 'a.b'): Uint8Array {
  const records = Array.from({ length: count }, (_, index) => ({ topic, payload: `m${first + index}` }))
  return batchOf(records, first)
}

/** One connection of a client. */
export class FakeConnection {
  readonly frames: Uint8Array[] = []
  readonly controls: ClientControl[] = []
  readonly credits: Credit[] = []
  /** How often the client asked for answers that are held back. */
  answerRequests = 0
  closedWith: { readonly status: number; readonly reason: string } | undefined
  readonly #socket: WebSocket
  readonly #changed: () => void
  nextSequence = 1

  constructor(socket: WebSocket, node: FakeNode, changed: () => void) {
    this.#socket = socket
    this.#changed = changed
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#onFrame(new Uint8Array(data as Buffer), node)
      else this.#onText(data.toString(), node)
      this.#changed()
    })
    socket.on('close', (status, reason) => {
      this.closedWith = { status, reason: reason.toString() }
      this.#changed()
    })
  }

  send(message: NodeControl): void {
    this.#socket.send(encodeNodeControl(message))
  }

  sendText(text: string): void {
    this.#socket.send(text)
  }

  sendFrame(frame: Uint8Array): void {
    this.#socket.send(frame)
  }

  acknowledge(outcomes: readonly PublishOutcome[]): void {
    this.sendFrame(encodeAcknowledgement(outcomes))
  }

  /** Announces the names, confirms the subscription and selects it. */
  confirm(id: number, cursor: string = emptyCursor): void {
    this.send({ op: 'stream', number: streamId, name: 'default' })
    this.send({ op: 'origin', boot, origin })
    this.send({ op: 'subscribed', id, cursor })
    this.sendFrame(encodeSelect(id))
  }

  /** Breaks the connection without a close. */
  cut(): void {
    this.#socket.terminate()
  }

  close(status: number): void {
    this.#socket.close(status)
  }

  #onFrame(frame: Uint8Array, node: FakeNode): void {
    if (frame[0] === frameType.credit) {
      const credit = decodeCredit(frame)
      if (!isRefusal(credit)) this.credits.push(credit)
      return
    }
    if (frame[0] === frameType.answerRequest) {
      this.answerRequests++
      return
    }
    this.frames.push(frame)
    if (!node.acknowledges || publishAckLevel(frame) === 'none') return
    const records = batchCount(frame)
    const run = { records, stream: streamId, boot, first: this.nextSequence, epoch: 0, offset: 0 }
    this.nextSequence += records
    this.acknowledge([{ status: 'stored', publish: publishNumber(frame), runs: [run] }])
  }

  #onText(text: string, node: FakeNode): void {
    const message = decodeClientControl(text)
    if (isRefusal(message)) throw new Error(`the client sent: ${text}`)
    this.controls.push(message)
    if (message.op === 'subscribe' && node.confirms) this.confirm(message.id)
    if (message.op === 'unsubscribe') this.send({ op: 'unsubscribed', id: message.id, cursor: emptyCursor })
  }
}

export class FakeNode implements AsyncDisposable {
  readonly url: string
  readonly connections: FakeConnection[] = []
  /** Whether publishes are acknowledged at once. */
  acknowledges = true
  /** Whether subscribes are confirmed at once. */
  confirms = true
  /** Whether a connection is welcomed. */
  welcomes = true
  urls: string[] = []
  inFlightBytesMax = 8_388_608
  readonly #server: WebSocketServer
  #waiters: (() => void)[] = []

  private constructor(server: WebSocketServer) {
    this.#server = server
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
    server.on('connection', (socket) => this.#onConnection(socket))
  }

  static async listen(): Promise<FakeNode> {
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      handleProtocols: () => 'herald.client.v1',
      maxPayload: 2_000_000,
    })
    await once(server, 'listening')
    return new FakeNode(server)
  }

  /** The connection made last. */
  get last(): FakeConnection {
    const connection = this.connections.at(-1)
    if (connection === undefined) throw new Error('no connection yet')
    return connection
  }

  /** Waits until something that clients do makes the condition true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #onConnection(socket: WebSocket): void {
    const changed = (): void => {
      const waiters = this.#waiters
      this.#waiters = []
      for (const resolve of waiters) resolve()
    }
    const connection = new FakeConnection(socket, this, changed)
    this.connections.push(connection)
    if (this.welcomes) this.welcome(connection)
    changed()
  }

  welcome(connection: FakeConnection): void {
    connection.send({
      op: 'welcome',
      cluster: 'test',
      node: 'A',
      boot: origin,
      urls: this.urls,
      limits: {
        payloadBytesMax: 1_048_576,
        batchRecordsMax: 512,
        batchBytesMax: 65_536,
        inFlightBytesMax: this.inFlightBytesMax,
        subscriptionsMax: 1000,
      },
    })
  }
}
