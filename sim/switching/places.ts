// Which message has which place, whoever says so: one message a place, and one place a message, for good.

import { Violation } from '../run.ts'
import type { Message } from './messages.ts'

export class Places {
  /** By stream and offset. */
  readonly #messages = new Map<string, Message>()

  /** Somebody says that a message has a place. */
  give(message: Message, offset: number): void {
    const { stream, origin, sequence } = message
    const there = this.at(stream, offset) ?? message
    if (there !== message || (message.offset ?? offset) !== offset) {
      const what = `${stream} ${origin} ${sequence} has place ${message.offset} and ${offset}`
      throw new Violation('places', `${what}, where ${there.origin} ${there.sequence} is`)
    }
    this.#messages.set(`${stream} ${offset}`, message)
    message.offset = offset
  }

  at(stream: string, offset: number): Message | undefined {
    return this.#messages.get(`${stream} ${offset}`)
  }

  /** Everything on a stream that has one. */
  *of(stream: string): Generator<Message> {
    for (const message of this.#messages.values()) if (message.stream === stream) yield message
  }
}
