// Every message that a node of the switching world has numbered, by stream and origin.

import type { Message } from './messages.ts'

export class MessageBook {
  /** By stream and origin; the message of sequence s stands at s - 1. */
  readonly #messages = new Map<string, Message[]>()

  /** The messages of an origin, to which the next one may be added. */
  of(stream: string, origin: string): Message[] {
    const key = `${stream} ${origin}`
    const sent = this.#messages.get(key) ?? []
    this.#messages.set(key, sent)
    return sent
  }

  find(stream: string, origin: string, sequence: number): Message | undefined {
    return this.of(stream, origin)[sequence - 1]
  }

  /** The messages of every origin of a stream. */
  *origins(stream: string): Generator<readonly Message[]> {
    for (const messages of this.#messages.values()) if (messages[0]?.stream === stream) yield messages
  }
}
