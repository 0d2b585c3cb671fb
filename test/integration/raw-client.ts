// A WebSocket connection under the hands of a test: what comes is recorded, what goes is up to the test.

import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { ClusterNode } from './cluster-node.ts'
import { untilDefined } from './until.ts'

/** How a connection ended. */
export interface Ending {
  readonly status: number
  readonly reason: string
}

/** A text message of the node. */
export type Told = Readonly<Record<string, unknown>>

export class RawClient implements Disposable {
  readonly webSocket: WebSocket
  /** Text messages in the order in which they came. */
  readonly told: Told[] = []
  readonly frames: Buffer[] = []
  readonly ending: Promise<Ending>

  constructor(url: string, subprotocol: string) {
    this.webSocket = new WebSocket(url, subprotocol, { perMessageDeflate: false })
    this.webSocket.on('error', () => {})
    this.webSocket.on('message', (data, isBinary) => {
      if (!Buffer.isBuffer(data)) return
      if (isBinary) this.frames.push(data)
      else this.told.push(JSON.parse(data.toString()))
    })
    this.ending = once(this.webSocket, 'close').then(([status, reason]) => ({
      status: Number(status),
      reason: String(reason),
    }))
  }

  /** Connects and waits for the welcome. */
  static async open(node: ClusterNode, subprotocol = 'herald.json.v1'): Promise<RawClient> {
    const client = new RawClient(node.url, subprotocol)
    await client.hear('welcome')
    return client
  }

  say(message: object): void {
    this.webSocket.send(JSON.stringify(message))
  }

  /** The first message of a kind that also has these fields, once it has come. */
  async hear(op: string, fields: Told = {}): Promise<Told> {
    return await untilDefined(`a message ${op} with ${JSON.stringify(fields)}`, () => this.#find(op, fields))
  }

  /** All messages of a kind so far. */
  heard(op: string): readonly Told[] {
    return this.told.filter((message) => message['op'] === op)
  }

  [Symbol.dispose](): void {
    this.webSocket.terminate()
  }

  #find(op: string, fields: Told): Told | undefined {
    return this.told.find(
      (message) =>
        message['op'] === op && Object.entries(fields).every(([name, value]) => message[name] === value),
    )
  }
}
