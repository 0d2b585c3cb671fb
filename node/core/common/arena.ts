// Keeps small byte arrays in shared slabs. A frame that came off a socket is often a small view into a large read buffer, and
// retaining the view would pin the whole buffer; and a buffer of its own costs the collector more than copying a small
// frame. Retention is first in, first out, so a slab's tenants leave together and the slab with them.

const slabBytes = 65_536
/** Of so many bytes or fewer, several share a slab. */
const sharedBytesMax = slabBytes / 4

export class Arena {
  #slab: Uint8Array = new Uint8Array(0)
  #used = 0

  /** The same bytes where keeping them costs about their own size: in a slab, the view itself, or a copy. */
  keep(bytes: Uint8Array): Uint8Array {
    if (bytes.length > sharedBytesMax) {
      // Not `slice`, which on Node's Buffers makes another view.
      return bytes.length * 2 > bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
    }
    if (this.#used + bytes.length > this.#slab.length) {
      this.#slab = new Uint8Array(slabBytes)
      this.#used = 0
    }
    const kept = this.#slab.subarray(this.#used, this.#used + bytes.length)
    kept.set(bytes)
    this.#used += bytes.length
    return kept
  }
}
