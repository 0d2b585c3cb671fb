// Buffers of batches that were written out, for the next ones. A busy publisher fills a 64 KiB batch every few hundred
// microseconds; V8 counts fresh buffers as external memory and answers some tens of megabytes of it with a full
// garbage collection, several a second.

import { protocolLimits } from '../node/core/common/limits.ts'

/** Buffers kept; at 65 KiB each this is 4 MiB, about what is under way between a busy client and the kernel. */
const pooledMax = 64
/** What the builder asks for when batches fill up; smaller buffers are cheap and not worth keeping. */
const pooledBytesMin = protocolLimits.batchBytesMax

export class FramePool {
  readonly #free: Buffer[] = []

  /** Bytes with any content. */
  allocate(bytes: number): Uint8Array {
    const last = this.#free[this.#free.length - 1]
    if (last === undefined || bytes < pooledBytesMin || last.length < bytes)
      return Buffer.allocUnsafeSlow(bytes)
    this.#free.length--
    return last
  }

  /** Takes back the buffer behind a frame that was written out and that nobody looks at any more. */
  recycle(frame: Uint8Array): void {
    const { buffer } = frame
    if (buffer.byteLength < pooledBytesMin || buffer.byteLength > 2 * pooledBytesMin) return
    if (this.#free.length < pooledMax && buffer instanceof ArrayBuffer) this.#free.push(Buffer.from(buffer))
  }
}
