// Slabs of which is known how much is in use, as tests and invariants want to know it.

import { type Slab, SlabPool, type SlabPoolOptions } from '../node/core/common/slabs.ts'

/** Few frames share a slab, and what is used without being held does not stay as it was. */
export const smallWipedSlabs: SlabPoolOptions = { slabBytes: 4096, wipes: true }

export class CountedSlabs extends SlabPool {
  /** Every slab that was taken, in order. */
  readonly sizes: number[] = []
  /** Of slabs in which something is held. */
  bytesOut = 0

  override take(...[sizeBytes, onEmpty]: Parameters<SlabPool['take']>): Slab {
    this.sizes.push(sizeBytes)
    this.bytesOut += sizeBytes
    return super.take(sizeBytes, onEmpty)
  }

  override giveBack(slab: Slab): void {
    this.bytesOut -= slab.sizeBytes
    super.giveBack(slab)
  }
}
