// What really happened: every message with its number, and which boot of which node ever held it. The invariants compare
// with this, never with what the nodes say about themselves.

import type { Boot, NodeId, Origin, StreamId } from '../node/core/common/ids.ts'

/** A message that is to be published. */
export interface Draft {
  readonly id: string
  readonly topic: string
  readonly payloadBytes: number
}

export interface Message {
  /** The payload, unique in the run. */
  readonly id: string
  readonly topic: string
  readonly stream: string
  readonly streamId: StreamId
  readonly node: NodeId
  readonly boot: Boot
  readonly origin: Origin
  readonly sequence: number
  readonly at: number
  /** The stream's incarnation: grows whenever somebody deletes it. */
  readonly life: number
  /** Boots other than the origin that ever held it. */
  readonly holders: Set<Boot>
}

/** Messages of one origin on one stream; the message of sequence s stands at s - 1. */
type Sent = Message[]

export class Truth {
  readonly #sent = new Map<string, Map<Origin, Sent>>()
  readonly #byId = new Map<string, Message>()
  readonly #lives = new Map<string, number>()

  get messages(): IterableIterator<Message> {
    return this.#byId.values()
  }

  get count(): number {
    return this.#byId.size
  }

  add(message: Message): void {
    const sent = this.sentOf(message.stream, message.origin)
    if (sent.length + 1 !== message.sequence) {
      throw new Error(
        `${message.origin} numbered ${message.sequence} after ${sent.length} on ${message.stream}`,
      )
    }
    sent.push(message)
    this.#byId.set(message.id, message)
  }

  find(stream: string, origin: Origin, sequence: number): Message | undefined {
    return this.#sent.get(stream)?.get(origin)?.[sequence - 1]
  }

  byId(id: string): Message | undefined {
    return this.#byId.get(id)
  }

  sentOf(stream: string, origin: Origin): Message[] {
    let origins = this.#sent.get(stream)
    if (origins === undefined) {
      origins = new Map()
      this.#sent.set(stream, origins)
    }
    let sent = origins.get(origin)
    if (sent === undefined) {
      sent = []
      origins.set(origin, sent)
    }
    return sent
  }

  /** How often a stream was deleted. */
  lifeOf(stream: string): number {
    return this.#lives.get(stream) ?? 0
  }

  onDelete(stream: string): void {
    this.#lives.set(stream, this.lifeOf(stream) + 1)
  }
}
