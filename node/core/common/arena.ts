// Where the batches of one origin on one stream are kept: side by side in slabs of their own. Batches of another stream leave at
// another time; those of another origin go other ways: what waits for a slow link is of this node, what waits for a hole is of one
// origin, and each would keep slabs in which it is the least. Slabs grow with what the arena holds, so that one with little to
// hold costs little and a loud one few; one that holds nothing has none.

import { type Slab, SlabPool } from './slabs.ts'

/** The smallest slab, as a part of the pool's size. */
const smallestPart = 64
/** A slab is at most this part of what the arena has, where that is more than the smallest. */
const arenaPart = 8
/** Bytes up to this part of the largest slab stand in slabs, and their slab is so many times as large. */
const sharedPart = 4

export class Arena {
  readonly #pool: SlabPool
  readonly #onEmpty = (slab: Slab): void => this.#giveBack(slab)
  /** The slab that is written to; undefined while nothing in it is held. */
  #slab: Slab | undefined
  /** Sizes of the slabs in which something is held. */
  #slabBytes = 0

  constructor(pool: SlabPool = new SlabPool()) {
    this.#pool = pool
  }

  /**
   * The same bytes where keeping them costs about their own size, held once: in a slab, or where they are too large for
   * that the view itself or a copy. Retention lets go of them.
   */
  keep(bytes: Uint8Array): Uint8Array {
    this.#pool.onKept(bytes.length)
    if (bytes.length * sharedPart <= this.#pool.slabBytes) {
      const kept = this.#slab?.keep(bytes) ?? this.#open(bytes.length).keep(bytes)
      if (kept !== undefined) return kept
    }
    // Not `slice`, which on Node's Buffers makes another view.
    return bytes.length * 2 > bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
  }

  /** Begins a slab that has room for `bytes`. */
  #open(bytes: number): Slab {
    const { slabBytes } = this.#pool
    const wanted = Math.max(this.#slabBytes / arenaPart, bytes * sharedPart)
    let size = slabBytes / smallestPart
    while (size < wanted && size < slabBytes) size *= 2
    const slab = this.#pool.take(size, this.#onEmpty)
    this.#slab = slab
    this.#slabBytes += size
    return slab
  }

  #giveBack(slab: Slab): void {
    if (slab === this.#slab) this.#slab = undefined
    this.#slabBytes -= slab.sizeBytes
    this.#pool.giveBack(slab)
  }
}
