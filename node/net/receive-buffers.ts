// Buffers that messages off a socket are gathered in where they come in several reads, for the next ones. A batch of 64 KiB does so nearly
// always, and V8 counts fresh buffers as external memory and answers some tens of megabytes of it with a full collection.

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

export class ReceiveBuffers {
  readonly #free: ArrayBuffer[] = []

  /** Bytes with any content. */
  take(bytes: number): Uint8Array {
    if (bytes < messageBytesMin || bytes > messageBytesMax) return Buffer.allocUnsafe(bytes)
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(bufferBytes), 0, bytes)
  }

  /** Takes back what nobody looks at any more; from `take` or not. */
  giveBack({ buffer }: Uint8Array): void {
    if (buffer.byteLength !== bufferBytes || !(buffer instanceof ArrayBuffer)) return
    if (this.#free.length < freeMax) this.#free.push(buffer)
  }
}
