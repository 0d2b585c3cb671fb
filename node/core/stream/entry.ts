// One retained batch, as numbers in a chunk that holds many, and the handle to look at it with (entry-table.ts says why).

import type { Boot } from '../common/ids.ts'

declare const slotBrand: unique symbol

/** Number of an entry in its table; another entry's after the last `leave`. */
export type EntrySlot = number & { readonly [slotBrand]: true }

/** What is known of a batch when it is taken. */
export interface NewEntry {
  /** Sequences from..to, both included. */
  readonly from: number
  readonly to: number
  /** The batch frame, which stays as it is until the entry drops it. */
  readonly frame: Uint8Array
  readonly bytes: number
  readonly at: number
  readonly offset: number
  readonly confirm: boolean
}

/** Sequences from..to of an origin that nobody can deliver any more. */
export interface GapMark {
  readonly boot: Boot
  readonly from: number
  readonly to: number
}

/** An entry of the replica's table, or what will not come. */
export type LogItem = EntrySlot | GapMark

/** A batch as its origin numbered it. */
export interface NumberedBatch {
  readonly frame: Uint8Array
  /** Sequence of the first record. */
  readonly from: number
  /** Records, 1..512. */
  readonly count: number
  /** Whether the origin wants to hear who holds it. */
  readonly confirm: boolean
  /** Whether the frame stands in somebody's slab already: then it is held there, not copied. */
  readonly isKept?: boolean
}

/** Entries a chunk; a power of two. 64 take 5 KiB, which is little beside an origin's smallest slab. */
export const chunkSlots = 64
/** Numbers of an entry, and which is where. */
const numbersPerEntry = 9
const fromAt = 0
const toAt = 1
const bytesAt = 2
const acceptedAt = 3
const offsetAt = 4
const frameStartAt = 5
const frameLengthAt = 6
const flagsAt = 7
const placesAt = 8

const confirmFlag = 1
const heldBackFlag = 2
const queuedFlag = 4
type Flag = typeof confirmFlag | typeof heldBackFlag | typeof queuedFlag

/** Whose entries are in a chunk. */
export interface ChunkOwner {
  readonly boot: Boot
  /** Nothing in the chunk stands anywhere any more: it is the owner's no longer. */
  onEmpty(firstSlot: number): void
}

/** Entries of one origin, each in as many places as its last number says. */
export class Chunk {
  readonly #numbers = new Float64Array(chunkSlots * numbersPerEntry)
  /** Where the frames stand; undefined once retention has dropped one. */
  readonly #buffers: (ArrayBufferLike | undefined)[] = new Array(chunkSlots).fill(undefined)
  owner: ChunkOwner
  /** Slots that stand somewhere. */
  used = 0

  constructor(owner: ChunkOwner) {
    this.owner = owner
  }

  /** Fills a slot with an entry that stands in one place. */
  add(slot: EntrySlot, { from, to, frame, bytes, at, offset, confirm }: NewEntry): void {
    const first = this.#firstOf(slot)
    this.#numbers[first + fromAt] = from
    this.#numbers[first + toAt] = to
    this.#numbers[first + bytesAt] = bytes
    this.#numbers[first + acceptedAt] = at
    this.#numbers[first + offsetAt] = offset
    this.#numbers[first + frameStartAt] = frame.byteOffset
    this.#numbers[first + frameLengthAt] = frame.byteLength
    this.#numbers[first + flagsAt] = confirm ? confirmFlag : 0
    this.#numbers[first + placesAt] = 1
    this.#buffers[slot % chunkSlots] = frame.buffer
    this.used++
  }

  from(slot: EntrySlot): number {
    return this.#numbers[this.#firstOf(slot) + fromAt] as number
  }

  to(slot: EntrySlot): number {
    return this.#numbers[this.#firstOf(slot) + toAt] as number
  }

  bytes(slot: EntrySlot): number {
    return this.#numbers[this.#firstOf(slot) + bytesAt] as number
  }

  acceptedAt(slot: EntrySlot): number {
    return this.#numbers[this.#firstOf(slot) + acceptedAt] as number
  }

  offset(slot: EntrySlot): number {
    return this.#numbers[this.#firstOf(slot) + offsetAt] as number
  }

  /** A new view. */
  frame(slot: EntrySlot): Uint8Array | undefined {
    const buffer = this.#buffers[slot % chunkSlots]
    if (buffer === undefined) return undefined
    const first = this.#firstOf(slot)
    const start = this.#numbers[first + frameStartAt]
    return new Uint8Array(buffer, start, this.#numbers[first + frameLengthAt])
  }

  isHeld(slot: EntrySlot): boolean {
    return this.#buffers[slot % chunkSlots] !== undefined
  }

  dropFrame(slot: EntrySlot): void {
    this.#buffers[slot % chunkSlots] = undefined
  }

  has(slot: EntrySlot, flag: Flag): boolean {
    return ((this.#numbers[this.#firstOf(slot) + flagsAt] as number) & flag) !== 0
  }

  mark(slot: EntrySlot, flag: Flag, value: boolean): void {
    const at = this.#firstOf(slot) + flagsAt
    const flags = this.#numbers[at] as number
    this.#numbers[at] = value ? flags | flag : flags & ~flag
  }

  /** In how many places the entry stands; none if the slot is free. */
  places(slot: EntrySlot): number {
    return this.#numbers[this.#firstOf(slot) + placesAt] as number
  }

  setPlaces(slot: EntrySlot, places: number): void {
    this.#numbers[this.#firstOf(slot) + placesAt] = places
  }

  /** The slot is nobody's. Who still reads it shall not take it for the entry that it was. */
  free(slot: EntrySlot): void {
    const first = this.#firstOf(slot)
    this.#numbers.fill(Number.NaN, first, first + placesAt)
    this.#numbers[first + placesAt] = 0
    this.used--
  }

  #firstOf(slot: EntrySlot): number {
    return (slot % chunkSlots) * numbersPerEntry
  }
}

/** One retained batch, as it stands in the table. Good for the call that got it: its slot becomes another's. */
export class Entry {
  readonly slot: EntrySlot
  readonly #chunk: Chunk

  constructor(slot: EntrySlot, chunk: Chunk) {
    this.slot = slot
    this.#chunk = chunk
  }

  get boot(): Boot {
    return this.#chunk.owner.boot
  }

  /** Sequence of the first record. */
  get from(): number {
    return this.#chunk.from(this.slot)
  }

  /** Sequence of the last record. */
  get to(): number {
    return this.#chunk.to(this.slot)
  }

  /** What the entry counts against retention. */
  get bytes(): number {
    return this.#chunk.bytes(this.slot)
  }

  /** When this node accepted it, milliseconds. */
  get at(): number {
    return this.#chunk.acceptedAt(this.slot)
  }

  /** Bytes that the replica had taken in before this entry, over its whole life. */
  get offset(): number {
    return this.#chunk.offset(this.slot)
  }

  /** Whether its origin wants to hear who holds it. */
  get confirm(): boolean {
    return this.#chunk.has(this.slot, confirmFlag)
  }

  /** Whether its frame is here: until retention drops it. */
  get isHeld(): boolean {
    return this.#chunk.isHeld(this.slot)
  }

  /** A new view of the batch frame; undefined once retention has dropped it. */
  get frame(): Uint8Array | undefined {
    return this.#chunk.frame(this.slot)
  }

  /** From now on only its numbers are known. */
  dropFrame(): void {
    this.#chunk.dropFrame(this.slot)
  }

  /** Whether it waits for a hole before it and counts as held back. */
  get heldBack(): boolean {
    return this.#chunk.has(this.slot, heldBackFlag)
  }

  set heldBack(value: boolean) {
    this.#chunk.mark(this.slot, heldBackFlag, value)
  }

  /** Whether it stands in the order in which retention drops. */
  get isQueued(): boolean {
    return this.#chunk.has(this.slot, queuedFlag)
  }

  set isQueued(value: boolean) {
    this.#chunk.mark(this.slot, queuedFlag, value)
  }
}
