// Where messages of clients are gathered that come in several reads, in buffers that are used again. A batch of 64 KiB does so nearly
// always, and V8 counts fresh buffers as external memory and answers some tens of megabytes of it with a full collection.
//
// A header may announce what never comes: no more is taken for all connections together than is bounded here, and the rest left to the
// library, which takes memory for what has come.

/** Messages up to here; a full batch and its header fit. */
const messageBytesMax = 66_560
/** Smaller ones take little, and are seldom cut. */
const messageBytesMin = 8192
/**
 * More than twice what a message in it may have: whoever keeps bytes that are less than half of their buffer copies them, however large
 * they are (core/common/arena.ts).
 */
const bufferBytes = 2 * messageBytesMax + 1
/** About as many connections bring large messages at a time. */
const freeMax = 16
/** Of messages that are not whole: 256 full batches. */
const waitingBytesMax = 16_777_216

export class ReceiveBuffers {
  readonly #free: ArrayBuffer[] = []
  #waitingBytes = 0

  /** Bytes with any content, to be given back; undefined where the message is too large, or too much waits. */
  take(bytes: number): Uint8Array | undefined {
    if (bytes > messageBytesMax || this.#waitingBytes + bytes > waitingBytesMax) return undefined
    this.#waitingBytes += bytes
    if (bytes < messageBytesMin) return Buffer.allocUnsafe(bytes)
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(bufferBytes), 0, bytes)
  }

  /** Takes back, once, what nobody looks at any more. */
  giveBack({ buffer, length }: Uint8Array): void {
    this.#waitingBytes -= length
    if (buffer.byteLength !== bufferBytes || !(buffer instanceof ArrayBuffer)) return
    if (this.#free.length < freeMax) this.#free.push(buffer)
  }
}
