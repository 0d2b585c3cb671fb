// One node's part of one stream: what it holds of every origin, and the order in which it delivers it.
//
// Two structures over the entries of one table. The origin logs answer "which batch holds sequence s", for repair and
// replay. The delivery log is the local order that all subscribers of this node read, each at its own position;
// it takes an origin's batches strictly in sequence (the delivery rule), so a reader of the log never sees
// a duplicate, a reordering or a silent gap, and a gap that cannot be filled stands in it as a mark.

import { Arena } from '../common/arena.ts'
import { assert } from '../common/assert.ts'
import { Deque } from '../common/deque.ts'
import { type Boot, type NodeId, type StreamId, toStreamId } from '../common/ids.ts'
import { hold, letGo, SlabPool } from '../common/slabs.ts'
import type { StreamDefinition } from './definition.ts'
import type { Entry, EntrySlot, GapMark, LogItem, NumberedBatch } from './entry.ts'
import { EntryTable } from './entry-table.ts'
import { OriginState } from './origin-state.ts'
import type { SequenceRange } from './sequence-ranges.ts'

export type { GapReason, OriginState } from './origin-state.ts'

/** What an entry costs besides its frame. Measured, with frames of 64 bytes: 113 to 130 for 30,000 to 250,000 entries. */
export const entryOverheadBytes = 128
/** Batches that wait for a hole before them; beyond it they are dropped and pulled again after the hole is filled. */
const heldBackBytesLimit = 16_777_216

export class Replica {
  readonly name: string
  /** Number of the stream. */
  readonly stream: StreamId
  /** Number that its batches carry: another one where the stream comes back to gossip mode, so that no two epochs are mixed up. */
  readonly id: StreamId
  definition: StreamDefinition
  /** Whether the stream was removed and has not come back: then nothing of it is taken, nor counts as gone. */
  isRemoved = false
  readonly origins: Map<Boot, OriginState> = new Map()
  /** Where this node stood on origins that it has forgotten: others may forget them later, and still tell of them. */
  readonly forgotten: Map<Boot, number> = new Map()
  readonly entries: EntryTable = new EntryTable()
  /** Set while its epoch ends: the last sequence of every origin that belongs to it, as far as that is known; of others nothing more comes. */
  fence: ReadonlyMap<Boot, number> | undefined = undefined
  /** When the next epoch began, milliseconds since 1970, by the clock of who led the stream then; undefined in the present one. */
  endedAt: number | undefined = undefined
  /** What this node delivers, in order; read by position. */
  readonly delivered: Deque<LogItem> = new Deque()
  /** Entries in the order of their arrival, or release: the order in which retention drops them. */
  readonly #arrivals = new Deque<EntrySlot>()
  readonly #slabs: SlabPool
  /** Since when local subscribers want the stream, milliseconds; undefined while none does. */
  interestedSince: number | undefined = undefined
  /** Bytes held, overhead included. */
  bytes = 0
  /** Bytes taken in over the replica's life; with `Entry.offset` it tells how far behind a reader is. */
  insertedBytes = 0
  /** Bytes of entries that are held but wait for a hole before them. */
  heldBackBytes = 0
  /** Messages held. */
  messages = 0

  /** `id`: the number that its batches carry. */
  constructor(
    definition: StreamDefinition,
    slabs: SlabPool = new SlabPool(),
    id: StreamId = toStreamId(definition.name),
  ) {
    this.name = definition.name
    this.stream = toStreamId(definition.name)
    this.id = id
    this.definition = definition
    this.#slabs = slabs
  }

  /** Batches that wait for a hole take no more than this, besides what retention allows. */
  get heldBackBytesMax(): number {
    return Math.min(this.definition.retention.bytes, heldBackBytesLimit)
  }

  /** The state of an origin, created when it is new. */
  originState(node: NodeId, boot: Boot, now: number): OriginState {
    let state = this.origins.get(boot)
    if (state === undefined) {
      state = new OriginState(node, boot, now, this.entries, new Arena(this.#slabs))
      if (this.fence !== undefined) state.limit = this.fence.get(boot) ?? 0
      this.origins.set(boot, state)
    }
    return state
  }

  /** Takes a batch; refuses a copy, and one that would wait for a hole when too many wait already. */
  insert(state: OriginState, batch: NumberedBatch, now: number): Entry | 'copy' | 'full' {
    const { frame, from, count, confirm } = batch
    const to = from + count - 1
    const ahead = state.position !== undefined && (from > state.position + 1 || from > state.limit)
    const bytes = frame.length + entryOverheadBytes
    // What was dropped or given up comes back only where it is still to be delivered.
    if (to <= (state.position ?? state.goneTo) && state.isGivenUp(from)) return 'copy'
    if (ahead && this.heldBackBytes + bytes > this.heldBackBytesMax) return 'full'
    if (state.log.overlaps(from, to)) return 'copy'
    const kept = batch.isKept === true ? frame : state.arena.keep(frame)
    if (batch.isKept === true) hold(frame)
    const offset = this.insertedBytes
    const entry = state.log.insert({ from, to, frame: kept, bytes, at: now, offset, confirm })
    state.heldTo = Math.max(state.heldTo, to)
    state.last = Math.max(state.last, to)
    state.lastHeard = now
    this.bytes += bytes
    this.insertedBytes += bytes
    this.messages += count
    if (ahead) this.#holdBack(entry)
    else this.#queue(entry)
    return entry
  }

  /** Moves what is next in sequence into the delivery log; true if there was anything. */
  advance(state: OriginState): boolean {
    if (state.position === undefined) return false
    let moved = false
    for (;;) {
      const entry = state.log.atOrAfter(state.position + 1)
      if (entry === undefined || entry.from > state.position + 1 || entry.from > state.limit) return moved
      // A base may lie inside a batch; readers skip what lies at or below their own position.
      if (entry.heldBack) this.#release(entry)
      state.position = entry.to
      this.delivered.push(entry.slot)
      this.entries.enter(entry.slot)
      moved = true
    }
  }

  /** Gives up on everything up to `to`: puts a mark into the delivery log and goes on behind it. */
  skip(state: OriginState, to: number): void {
    if (state.position === undefined || to <= state.position || to > state.limit) return
    this.delivered.push({ boot: state.boot, from: state.position + 1, to })
    state.position = to
    this.advance(state)
  }

  /** Of an epoch in leader mode: what is not delivered here up to `to`, nobody has. */
  pass(state: OriginState, to: number): void {
    if (state.position === undefined) this.setBase(state, 0)
    if ((state.position ?? 0) < to) state.gone.add((state.position ?? 0) + 1, to)
    this.skip(state, to)
  }

  /** Sets where this node's interest in an origin begins, and delivers what it already holds behind that. */
  setBase(state: OriginState, base: number): void {
    state.base = base
    state.position = base
    this.advance(state)
    for (let entry = state.log.atOrAfter(state.position + 1); entry !== undefined; ) {
      this.#holdBack(entry)
      entry = state.log.atOrAfter(entry.to + 1)
    }
  }

  /** Delivers nothing more until it is known where the epoch ends. */
  freeze(): void {
    const fence = new Map<Boot, number>()
    for (const [boot, { position = 0 }] of this.origins) fence.set(boot, position)
    this.endAt(fence)
  }

  /** The epoch of this replica ends here: what belongs to it is delivered, and nothing else. True if there was anything. */
  endAt(fence: ReadonlyMap<Boot, number>): boolean {
    this.fence = fence
    let moved = false
    for (const state of this.origins.values()) {
      state.limit = fence.get(state.boot) ?? 0
      moved = this.advance(state) || moved
    }
    return moved
  }

  /** Forgets positions and the delivery log, when the last local subscriber has left. */
  loseInterest(): void {
    this.interestedSince = undefined
    this.forgotten.clear()
    for (const state of this.origins.values()) {
      state.position = undefined
      state.base = 0
      for (let entry = state.log.first; entry !== undefined; entry = state.log.atOrAfter(entry.to + 1)) {
        if (entry.heldBack) this.#release(entry)
      }
    }
    while (this.delivered.length > 0) this.#shiftDelivered()
  }

  /**
   * Drops what retention no longer covers, oldest arrival first. What is held back is not dropped: it has a bound of its
   * own, and it leaves when the hole before it is filled or given up.
   */
  trim(now: number): void {
    const { bytes, ageMs } = this.definition.retention
    this.#dropWhile(({ at }) => this.bytes - this.heldBackBytes > bytes || at <= now - ageMs)
  }

  /** Drops what arrived first, as long as it is not of this stream but of one that had its name before: who comes is not told of that. */
  dropBefore(isBefore: (frame: Uint8Array) => boolean): void {
    this.#dropWhile(({ boot, to, frame }) => {
      const state = this.origins.get(boot)
      const isOver = frame === undefined || isBefore(frame)
      if (isOver && state !== undefined) state.base = Math.max(state.base, to)
      return isOver
    })
  }

  #dropWhile(isOver: (oldest: Entry) => boolean): void {
    for (let slot = this.#arrivals.peek(); slot !== undefined; slot = this.#arrivals.peek()) {
      const oldest = this.entries.at(slot)
      if (!isOver(oldest)) break
      this.#arrivals.shift()
      oldest.isQueued = false
      if (!oldest.heldBack) this.#drop(oldest)
      this.entries.leave(slot)
    }
    for (let item = this.delivered.peek(); item !== undefined; item = this.delivered.peek()) {
      if (typeof item === 'number' ? this.entries.isHeld(item) : !this.#isOldMark(item)) break
      this.#shiftDelivered()
    }
  }

  /** The first hole before something that is held back; undefined if nothing of the origin is. */
  holeBefore(state: OriginState): SequenceRange | undefined {
    if (state.position === undefined) return undefined
    const entry = state.log.atOrAfter(state.position + 1)
    if (entry === undefined || entry.from <= state.position + 1) return undefined
    return { from: state.position + 1, to: entry.from - 1 }
  }

  /** Forgets an origin of which nothing is held any more. */
  forget(boot: Boot): void {
    const state = this.origins.get(boot)
    if (state === undefined || state.log.length > 0) return
    this.origins.delete(boot)
    if (state.position === undefined) return
    this.forgotten.set(boot, state.position)
    const [oldest] = this.forgotten.keys()
    if (this.forgotten.size > forgottenMax && oldest !== undefined) this.forgotten.delete(oldest)
  }

  #drop(entry: Entry): void {
    const state = this.origins.get(entry.boot)
    assert(state !== undefined, 'an entry has an origin')
    // It still stands in the order of arrivals.
    state.log.remove(entry)
    state.onDropped(entry)
    const { frame } = entry
    if (frame !== undefined) letGo(frame)
    entry.dropFrame()
    this.bytes -= entry.bytes
    this.messages -= entry.to - entry.from + 1
  }

  #shiftDelivered(): void {
    const item = this.delivered.shift()
    if (typeof item === 'number') this.entries.leave(item)
  }

  /** A mark at the head of the log stays until something behind it has left or arrived, so that readers see it. */
  #isOldMark(mark: GapMark): boolean {
    const state = this.origins.get(mark.boot)
    return state === undefined || state.goneTo > mark.to || this.delivered.length > marksKept
  }

  /** The entry waits for a hole; until it is released retention does not touch it. */
  #holdBack(entry: Entry): void {
    if (entry.heldBack) return
    entry.heldBack = true
    this.heldBackBytes += entry.bytes
  }

  #release(entry: Entry): void {
    entry.heldBack = false
    this.heldBackBytes -= entry.bytes
    this.#queue(entry)
  }

  #queue(entry: Entry): void {
    if (entry.isQueued) return
    entry.isQueued = true
    this.#arrivals.push(entry.slot)
    this.entries.enter(entry.slot)
  }
}

/** Forgotten origins of which the position is remembered, the latest ones. */
const forgottenMax = 1024

/** Gap marks that may stand at the head of an idle delivery log. */
const marksKept = 1024
