// Appends that a leader has sent to one follower and that are not acknowledged, bounded by messages and by bytes.

/** Flow control towards one follower. */
export interface FlowLimits {
  /** Append messages under way at most. */
  readonly messages: number
  /** Bytes of entries under way at most. One message may go beyond it, so that a large entry is sent at all. */
  readonly bytes: number
}

export class Inflights {
  readonly #limits: FlowLimits
  /** Last index of each message, and its bytes; what lies before `#first` is acknowledged. */
  readonly #sent: { readonly lastIndex: number; readonly bytes: number }[] = []
  #first = 0
  #bytes = 0

  constructor(limits: FlowLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#sent.length - this.#first
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
    for (let oldest = this.#sent[this.#first]; oldest !== undefined; oldest = this.#sent[this.#first]) {
      if (oldest.lastIndex > index) break
      this.#bytes -= oldest.bytes
      this.#first++
    }
    if (this.#first * 2 < this.#sent.length) return
    this.#sent.splice(0, this.#first)
    this.#first = 0
  }

  clear(): void {
    this.#sent.length = 0
    this.#first = 0
    this.#bytes = 0
  }
}
