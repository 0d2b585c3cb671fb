// What a replica knows of each batch that it retains, as numbers side by side in chunks instead of an object each.
//
// A node at 10,000 messages/s retains a thousand batches a second. As objects (an entry, its view of the frame, its place in the
// delivery log) they survived every young collection, which had to copy them twice, and filled the old generation until
// everything was collected: pauses of 3 to 13 ms. The collector does not look into a typed array.
//
// An entry stands in the log of its origin, in the order in which retention drops, and in the delivery log; its slot is free
// when it stands in none of them any more. Retention is first in, first out, so the slots of a chunk become free together, and
// only whole chunks are filled again. Each origin fills chunks of its own: what waits for a hole is one origin's, and beside
// others it would keep chunks in which it is the least.

import { assert } from '../common/assert.ts'
import type { Boot } from '../common/ids.ts'
import { Chunk, type ChunkOwner, chunkSlots, Entry, type EntrySlot, type NewEntry } from './entry.ts'

const chunkShift = Math.log2(chunkSlots)
/** Chunks without entries that wait for the next ones: each origin's next one, nearly always. */
const sparesMax = 2

/** Takes the entries of one origin. */
export class EntryArena implements ChunkOwner {
  readonly boot: Boot
  readonly #table: EntryTable
  /** The slot that the next entry gets; equal to `#end` where another chunk is to be begun. */
  #next = 0
  /** End of the chunk that is being filled. */
  #end = 0

  constructor(table: EntryTable, boot: Boot) {
    this.#table = table
    this.boot = boot
  }

  /** A new entry, which stands in one place: its origin's log. */
  add(known: NewEntry): Entry {
    if (this.#next === this.#end) {
      this.#next = this.#table.takeChunk(this)
      this.#end = this.#next + chunkSlots
    }
    const slot = this.#next++ as EntrySlot
    const chunk = this.#table.chunkOf(slot)
    chunk.add(slot, known)
    return new Entry(slot, chunk)
  }

  onEmpty(firstSlot: number): void {
    if (firstSlot === this.#end - chunkSlots) this.#next = this.#end
  }
}

/** The entries of one replica, by slot. All but `at` trust that the slot stands somewhere. */
export class EntryTable {
  /** Undefined where a chunk became free and was left to the collector. */
  readonly #chunks: (Chunk | undefined)[] = []
  /** Indexes of chunks without entries. */
  readonly #spares: number[] = []
  /** Indexes without a chunk. */
  readonly #holes: number[] = []

  /** Entries that stand somewhere; for tests and the simulator, which can wait for the count. */
  get length(): number {
    return this.#chunks.reduce((sum, chunk) => sum + (chunk?.used ?? 0), 0)
  }

  /** Chunks that take memory; for tests. */
  get chunks(): number {
    return this.#chunks.length - this.#holes.length
  }

  at(slot: EntrySlot): Entry {
    const chunk = this.chunkOf(slot)
    assert(chunk.places(slot) > 0, 'an entry is read where it stands')
    return new Entry(slot, chunk)
  }

  from(slot: EntrySlot): number {
    return this.chunkOf(slot).from(slot)
  }

  to(slot: EntrySlot): number {
    return this.chunkOf(slot).to(slot)
  }

  /** When this node accepted it, milliseconds. */
  acceptedAt(slot: EntrySlot): number {
    return this.chunkOf(slot).acceptedAt(slot)
  }

  isHeld(slot: EntrySlot): boolean {
    return this.chunkOf(slot).isHeld(slot)
  }

  /** The entry stands in one more place. */
  enter(slot: EntrySlot): void {
    const chunk = this.chunkOf(slot)
    const places = chunk.places(slot)
    assert(places > 0, 'an entry enters while it stands somewhere')
    chunk.setPlaces(slot, places + 1)
  }

  /** The entry stands in one place less; in none, its slot is free. */
  leave(slot: EntrySlot): void {
    const chunk = this.chunkOf(slot)
    const places = chunk.places(slot)
    assert(places > 0, 'an entry leaves where it stands')
    if (places > 1) return chunk.setPlaces(slot, places - 1)
    assert(!chunk.isHeld(slot), 'an entry drops its frame before it leaves its last place')
    chunk.free(slot)
    if (chunk.used === 0) this.#onEmpty(chunk, slot >>> chunkShift)
  }

  /** First slot of a chunk without entries, for the arena to fill. */
  takeChunk(owner: EntryArena): number {
    const spare = this.#spares.pop()
    if (spare !== undefined) {
      this.chunkOf(spare << chunkShift).owner = owner
      return spare << chunkShift
    }
    const index = this.#holes.pop() ?? this.#chunks.length
    this.#chunks[index] = new Chunk(owner)
    return index << chunkShift
  }

  /** For an EntryArena. */
  chunkOf(slot: number): Chunk {
    const chunk = this.#chunks[slot >>> chunkShift]
    assert(chunk !== undefined, 'the chunk of an entry that stands somewhere is there')
    return chunk
  }

  #onEmpty({ owner }: Chunk, index: number): void {
    owner.onEmpty(index << chunkShift)
    if (this.#spares.length < sparesMax) this.#spares.push(index)
    else {
      this.#chunks[index] = undefined
      this.#holes.push(index)
    }
  }
}
