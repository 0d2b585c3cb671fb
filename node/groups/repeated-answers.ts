// Answers that their leader has had. A leader tells the commit index with an append that has no entries, and the answer to that repeats
// the one to the entries; most are overtaken by the next entries before they are sent, which saves two of eight frames to a write.

import type { AppendAnswer, Message } from '../core/raft/messages.ts'

export class RepeatedAnswers {
  #last: AppendAnswer | undefined
  #held: AppendAnswer | undefined

  /** Whether a message waits for the next tick: it repeats the last answer, which may be lost, and so it is sent in the end. */
  holds(message: Message): boolean {
    if (message.kind !== 'append-answer') return false
    const last = this.#last
    this.#last = message
    const isRepeated =
      message.hint === undefined &&
      last?.hint === undefined &&
      last?.to === message.to &&
      last.term === message.term &&
      last.index === message.index
    this.#held = isRepeated ? message : undefined
    return isRepeated
  }

  /** The answer that waits. */
  take(): AppendAnswer | undefined {
    const held = this.#held
    this.#held = undefined
    return held
  }

  /** A link is new, and whoever answers on it has had nothing. */
  forget(): void {
    this.#last = undefined
  }
}
