// Appends that a leader has sent to one follower and that are not acknowledged, bounded by messages and by bytes.

import { Deque } from '../common/deque.ts'

/** Flow control towards one follower. */
export interface FlowLimits {
  /** Append messages under way at most. */
  readonly messages: number
  /** Bytes of entries under way at most. One message may go beyond it, so that a large entry is sent at all. */
  readonly bytes: number
}

/** One append message. */
interface Sent {
  readonly lastIndex: number
  readonly bytes: number
}

export class Inflights {
  readonly #limits: FlowLimits
  #sent = new Deque<Sent>()
  #bytes = 0

  constructor(limits: FlowLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#sent.length
  }

  get isFull(): boolean {
    return this.count >= this.#limits.messages || this.#bytes >= this.#limits.bytes
  }

  /** A message was sent whose last entry is this. Indexes ascend. */
  add(lastIndex: number, bytes: number): void {
    this.#sent.push({ lastIndex, bytes })
    this.#bytes += bytes
  }

  /** Everything up to an index has arrived. */
  freeUpTo(index: number): void {
    for (let oldest = this.#sent.peek(); oldest !== undefined; oldest = this.#sent.peek()) {
      if (oldest.lastIndex > index) return
      this.#bytes -= oldest.bytes
      this.#sent.shift()
    }
  }

  clear(): void {
    this.#sent = new Deque()
    this.#bytes = 0
  }
}
