// Where the entries of a group's log stand. Retention drops what is oldest of a stream, and a group has many: those of one stand side by
// side, so that what a quiet one retains does not keep the slabs of a loud one.

import { Arena } from '../core/common/arena.ts'
import type { StreamId } from '../core/common/ids.ts'
import type { SlabPool } from '../core/common/slabs.ts'
import { batchHeaderBytes, batchStream, frameType } from '../wire/batch-header.ts'

export class EntryMemory {
  readonly #slabs: SlabPool | undefined
  readonly #arenas = new Map<StreamId, Arena>()
  /** For what is of no stream. */
  readonly #other: Arena

  constructor(slabs?: SlabPool) {
    this.#slabs = slabs
    this.#other = new Arena(slabs)
  }

  /** The same bytes, or a copy of them, held once. */
  keep(data: Uint8Array): Uint8Array {
    const isBatch = data[0] === frameType.batch && data.length >= batchHeaderBytes
    return (isBatch ? this.#arenaOf(batchStream(data)) : this.#other).keep(data)
  }

  #arenaOf(stream: StreamId): Arena {
    const known = this.#arenas.get(stream)
    if (known !== undefined) return known
    const arena = new Arena(this.#slabs)
    this.#arenas.set(stream, arena)
    return arena
  }
}
