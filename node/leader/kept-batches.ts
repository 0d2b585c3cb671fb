// Old batches that retention still covers, while most of what came behind them is dropped. A group has one log for all of its streams: a
// floor could never pass what a quiet stream retains, and the log would keep everything that the loud ones have dropped since. So a floor
// may pass such batches and keep them as they are, which is worth it where that frees more than they are.

import { Deque } from '../core/common/deque.ts'
import type { Boot, StreamId } from '../core/common/ids.ts'
import type { LogEntry } from '../core/raft/entry.ts'
import { entryOverheadBytes } from '../core/stream/replica.ts'
import { batchBoot, batchSequence, batchStream } from '../wire/batch-header.ts'
import { toTextBytes, tryReadText } from '../wire/text.ts'
import { Ledger, LedgerDamaged } from './ledger.ts'

/**
 * A batch that is kept, of the epoch that its stream is in at the floor: none goes behind the end of it. `placedBy`: by when it had its place,
 * milliseconds since 1970; undefined where no leader has told the time.
 */
export interface KeptBatch {
  readonly entry: LogEntry
  readonly placedBy: number | undefined
}

/** What the state of a floor says beside its kept entries. */
export interface DataState {
  readonly ledger: Ledger
  readonly kept: readonly KeptBatch[]
}

/** The first sequence of every origin among batches of one stream, which are in their order. */
export function firstsOf(kept: readonly KeptBatch[]): Map<Boot, number> {
  const firsts = new Map<Boot, number>()
  for (const { entry } of kept) {
    const boot = batchBoot(entry.data)
    if (!firsts.has(boot)) firsts.set(boot, batchSequence(entry.data))
  }
  return firsts
}

/** What a batch counts for, as its replica counts it. */
export function weightOf({ data }: LogEntry): number {
  return data.length + entryOverheadBytes
}

/** Says what retention does not cover any more. */
interface Dropping {
  isDropped(frame: Uint8Array): boolean
}

/** The batches that a floor keeps. */
export class KeptBatches {
  /** By stream, in their order: retention drops the oldest first. */
  readonly #streams = new Map<StreamId, Deque<KeptBatch>>()
  #weight = 0

  constructor(batches: readonly KeptBatch[] = []) {
    for (const batch of batches) this.add(batch)
  }

  get weight(): number {
    return this.#weight
  }

  has(stream: StreamId): boolean {
    return this.#streams.has(stream)
  }

  add(batch: KeptBatch): void {
    const stream = batchStream(batch.entry.data)
    const batches = this.#streams.get(stream) ?? new Deque()
    this.#streams.set(stream, batches)
    batches.push(batch)
    this.#weight += weightOf(batch.entry)
  }

  /** Forgets what is dropped by now; returns its weight. */
  drop(streams: Dropping): number {
    const before = this.#weight
    for (const [stream, batches] of this.#streams) {
      for (let oldest = batches.peek(); oldest !== undefined; oldest = batches.peek()) {
        if (!streams.isDropped(oldest.entry.data)) break
        batches.shift()
        this.#weight -= weightOf(oldest.entry)
      }
      if (batches.length === 0) this.#streams.delete(stream)
    }
    return before - this.#weight
  }

  /** All of them, in the order of the log. */
  toList(): KeptBatch[] {
    const all: KeptBatch[] = []
    for (const batches of this.#streams.values())
      for (let at = batches.first; at < batches.end; at++) all.push(batches.at(at) as KeptBatch)
    return all.sort((left, right) => left.entry.index - right.entry.index)
  }
}

/** The state of a floor: the ledger, the same on every member; and in a line of its own from which kept batch on which time holds. */
export function encodeState({ ledger, kept }: DataState): Uint8Array {
  const state = ledger.encode()
  const times: [number, number][] = []
  for (const { entry, placedBy = 0 } of kept)
    if (placedBy !== (times.at(-1)?.[1] ?? 0)) times.push([entry.index, placedBy])
  if (times.length === 0) return state
  const line = toTextBytes(`\n${JSON.stringify(times)}`)
  const both = new Uint8Array(state.length + line.length)
  both.set(state)
  both.set(line, state.length)
  return both
}

const newline = 0x0a

/** Throws LedgerDamaged. */
export function decodeState(state: Uint8Array, entries: readonly LogEntry[]): DataState {
  const end = state.indexOf(newline)
  const ledger = Ledger.decode(end < 0 ? state : state.subarray(0, end))
  const times = end < 0 ? [] : readTimes(state.subarray(end))
  let at = 0
  let placedBy: number | undefined
  const kept = entries.map((entry) => {
    for (; (times[at]?.[0] ?? Number.POSITIVE_INFINITY) <= entry.index; at++) {
      const time = times[at]?.[1] ?? 0
      placedBy = time === 0 ? undefined : time
    }
    return { entry, placedBy }
  })
  return { ledger, kept }
}

function readTimes(line: Uint8Array): readonly (readonly [number, number])[] {
  let times: unknown
  try {
    times = JSON.parse(tryReadText(line) ?? '')
  } catch {
    // Said below.
  }
  if (!Array.isArray(times) || !times.every(isTime)) throw new LedgerDamaged('the times are none')
  return times
}

function isTime(pair: unknown): pair is readonly [number, number] {
  return (
    Array.isArray(pair) && pair.length === 2 && pair.every((value) => Number.isFinite(value) && value >= 0)
  )
}
