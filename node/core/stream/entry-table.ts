// What a replica knows of each batch that it retains, as numbers side by side in chunks instead of an object each.
//
// A node at 10,000 messages/s retains a thousand batches a second. As objects (an entry, its view of the frame, its place in the
// delivery log) they survived every young collection, which had to copy them twice, and filled the old generation until
// everything was collected: pauses of 3 to 13 ms. Numbers in a typed array are nothing to the collector.
//
// A slot is free again when it stands in none of its places: the log of its origin, the order in which retention drops, the
// delivery log. Retention is first in, first out, so the slots of a chunk become free together, and only whole chunks are
// used again.

import { assert } from '../common/assert.ts'
import type { Boot } from '../common/ids.ts'

declare const slotBrand: unique symbol

/** Number of an entry in its table; another entry's after the last `leave`. */
export type EntrySlot = number & { readonly [slotBrand]: true }

/** What is known of a batch when it is taken. */
export interface NewEntry {
  readonly boot: Boot
  /** Sequences from..to, both included. */
  readonly from: number
  readonly to: number
  readonly bytes: number
  readonly at: number
  readonly offset: number
  readonly confirm: boolean
}

/** Entries a chunk; a power of two. 128 take 9 KiB: little for a stream at rest, and eight chunks a second at 1,000 batches. */
const chunkSlots = 128
const slotMask = chunkSlots - 1
const chunkShift = Math.log2(chunkSlots)
/** Chunks without entries that are kept for the next ones; more are left to the collector. */
const spareChunksMax = 8

/** Numbers of an entry, and which is where. */
const numbersPerEntry = 10
const bootAt = 0
const fromAt = 1
const toAt = 2
const bytesAt = 3
const acceptedAt = 4
const offsetAt = 5
const frameStartAt = 6
const frameLengthAt = 7
const flagsAt = 8
const placesAt = 9

const confirmFlag = 1
const heldBackFlag = 2
const queuedFlag = 4

class Chunk {
  readonly numbers: Float64Array = new Float64Array(chunkSlots * numbersPerEntry)
  /** Where the frames stand; undefined once retention has dropped one. */
  readonly buffers: (ArrayBufferLike | undefined)[] = new Array(chunkSlots).fill(undefined)
  /** Slots that stand somewhere. */
  used = 0
}

/** One retained batch, as it stands in the table. Good for the call that got it: its slot becomes another's. */
export class Entry {
  readonly slot: EntrySlot
  readonly #chunk: Chunk
  /** Index of the first of its numbers. */
  readonly #first: number

  constructor(slot: EntrySlot, chunk: Chunk) {
    this.slot = slot
    this.#chunk = chunk
    this.#first = (slot & slotMask) * numbersPerEntry
  }

  get boot(): Boot {
    return this.#number(bootAt) as Boot
  }

  /** Sequence of the first record. */
  get from(): number {
    return this.#number(fromAt)
  }

  /** Sequence of the last record. */
  get to(): number {
    return this.#number(toAt)
  }

  /** What the entry counts against retention. */
  get bytes(): number {
    return this.#number(bytesAt)
  }

  /** When this node accepted it, milliseconds. */
  get at(): number {
    return this.#number(acceptedAt)
  }

  /** Bytes that the replica had taken in before this entry, over its whole life. */
  get offset(): number {
    return this.#number(offsetAt)
  }

  /** Whether its origin wants to hear who holds it. */
  get confirm(): boolean {
    return this.#has(confirmFlag)
  }

  /** Whether its frame is here: until retention drops it. */
  get isHeld(): boolean {
    return this.#chunk.buffers[this.slot & slotMask] !== undefined
  }

  /** A new view of the batch frame; undefined once retention has dropped it. */
  get frame(): Uint8Array | undefined {
    const buffer = this.#chunk.buffers[this.slot & slotMask]
    if (buffer === undefined) return undefined
    return new Uint8Array(buffer, this.#number(frameStartAt), this.#number(frameLengthAt))
  }

  set frame(frame: Uint8Array | undefined) {
    this.#chunk.buffers[this.slot & slotMask] = frame?.buffer
    this.#set(frameStartAt, frame?.byteOffset ?? 0)
    this.#set(frameLengthAt, frame?.byteLength ?? 0)
  }

  /** Whether it waits for a hole before it and counts as held back. */
  get heldBack(): boolean {
    return this.#has(heldBackFlag)
  }

  set heldBack(value: boolean) {
    this.#mark(heldBackFlag, value)
  }

  /** Whether it stands in the order in which retention drops. */
  get isQueued(): boolean {
    return this.#has(queuedFlag)
  }

  set isQueued(value: boolean) {
    this.#mark(queuedFlag, value)
  }

  #has(flag: number): boolean {
    return (this.#number(flagsAt) & flag) !== 0
  }

  #mark(flag: number, value: boolean): void {
    const flags = this.#number(flagsAt)
    this.#set(flagsAt, value ? flags | flag : flags & ~flag)
  }

  #number(which: number): number {
    return this.#chunk.numbers[this.#first + which] as number
  }

  #set(which: number, value: number): void {
    this.#chunk.numbers[this.#first + which] = value
  }
}

/** The entries of one replica. */
export class EntryTable {
  /** By slot; undefined where a chunk has become free and was left to the collector. */
  readonly #chunks: (Chunk | undefined)[] = []
  /** Indexes of chunks that nobody uses. */
  readonly #free: number[] = []
  #spareChunks = 0
  /** The slot that the next entry gets; equal to `#end` where another chunk is to be begun. */
  #next = 0
  /** End of the chunk that is being filled. */
  #end = 0

  /** Entries that stand somewhere. */
  get length(): number {
    return this.#chunks.reduce((sum, chunk) => sum + (chunk?.used ?? 0), 0)
  }

  /** A new entry, without a frame, that stands nowhere yet. It must `enter` a place before the next one is added. */
  add({ boot, from, to, bytes, at, offset, confirm }: NewEntry): Entry {
    if (this.#next === this.#end) this.#beginChunk()
    const slot = this.#next as EntrySlot
    const chunk = this.#chunkOf(slot)
    const { numbers } = chunk
    const first = (slot & slotMask) * numbersPerEntry
    numbers[first + bootAt] = boot
    numbers[first + fromAt] = from
    numbers[first + toAt] = to
    numbers[first + bytesAt] = bytes
    numbers[first + acceptedAt] = at
    numbers[first + offsetAt] = offset
    numbers[first + flagsAt] = confirm ? confirmFlag : 0
    numbers[first + placesAt] = 0
    return new Entry(slot, chunk)
  }

  /** The entry of a slot that stands somewhere. */
  at(slot: EntrySlot): Entry {
    const chunk = this.#chunkOf(slot)
    const places = chunk.numbers[(slot & slotMask) * numbersPerEntry + placesAt] as number
    assert(places > 0, 'an entry is read where it stands')
    return new Entry(slot, chunk)
  }

  from(slot: EntrySlot): number {
    return this.#number(slot, fromAt)
  }

  to(slot: EntrySlot): number {
    return this.#number(slot, toAt)
  }

  /** When this node accepted it, milliseconds. */
  acceptedAt(slot: EntrySlot): number {
    return this.#number(slot, acceptedAt)
  }

  isHeld(slot: EntrySlot): boolean {
    return this.#chunkOf(slot).buffers[slot & slotMask] !== undefined
  }

  /** The entry stands in one more place. */
  enter(slot: EntrySlot): void {
    const chunk = this.#chunkOf(slot)
    const places = (slot & slotMask) * numbersPerEntry + placesAt
    const before = chunk.numbers[places] as number
    chunk.numbers[places] = before + 1
    if (before > 0) return
    chunk.used++
    if (slot === this.#next) this.#next++
  }

  /** The entry stands in one place less; in none, its slot is free. */
  leave(slot: EntrySlot): void {
    const chunk = this.#chunkOf(slot)
    const places = (slot & slotMask) * numbersPerEntry + placesAt
    const before = chunk.numbers[places] as number
    assert(before > 0, 'an entry leaves where it stands')
    chunk.numbers[places] = before - 1
    if (before > 1) return
    // Who still reads it shall not take it for the entry that it was.
    chunk.numbers.fill(Number.NaN, places - placesAt, places)
    chunk.buffers[slot & slotMask] = undefined
    chunk.used--
    if (chunk.used === 0) this.#onEmpty(slot >>> chunkShift)
  }

  #number(slot: EntrySlot, which: number): number {
    return this.#chunkOf(slot).numbers[(slot & slotMask) * numbersPerEntry + which] as number
  }

  #chunkOf(slot: EntrySlot): Chunk {
    const chunk = this.#chunks[slot >>> chunkShift]
    assert(chunk !== undefined, 'the chunk of an entry that stands somewhere is there')
    return chunk
  }

  #beginChunk(): void {
    let index = this.#free.pop()
    if (index === undefined) index = this.#chunks.push(new Chunk()) - 1
    else if (this.#chunks[index] === undefined) this.#chunks[index] = new Chunk()
    else this.#spareChunks--
    this.#next = index << chunkShift
    this.#end = this.#next + chunkSlots
  }

  #onEmpty(index: number): void {
    // It may be the one that is being filled.
    if (index << chunkShift === this.#end - chunkSlots) this.#next = this.#end
    if (this.#spareChunks < spareChunksMax) this.#spareChunks++
    else this.#chunks[index] = undefined
    this.#free.push(index)
  }
}
