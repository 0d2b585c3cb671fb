// Takes the records out of a batch that a subscriber did not ask for. What is left keeps its position: holes stand for
// what was taken out, neighbouring holes are one. The topic table is copied whole, since its bytes are compared
// and cached by the client, and since reducing it would mean rewriting every record.

import { batchOffset, recordFlag, recordsStart } from './batch-header.ts'
import { readU16, readU32, writeU32 } from './bytes.ts'
import { recordEnd } from './record.ts'

/**
 * A new batch with the records whose topic is kept; undefined if none is. The frame must be a batch whose records have
 * been walked once by a BatchReader without a problem. `allocate` returns fresh bytes that need not be zeroed.
 */
export function filterBatch(
  frame: Uint8Array,
  keep: (topicIndex: number) => boolean,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array | undefined {
  const kept = keptTopics(frame, keep)
  return filterRecords(frame, (at) => kept[readU16(frame, at + 4)] === 1, allocate)
}

/** The same with the records that are kept by where they stand: their first byte, and their place in the batch from 0 on, holes counted. */
export function filterRecords(
  frame: Uint8Array,
  keeps: (at: number, place: number) => boolean,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array | undefined {
  const topicsStart = readU32(frame, batchOffset.topicsStart)
  // A record is never shorter than the hole that replaces it, so the result fits into the length of the original.
  const filtered = allocate(frame.length)
  const start = recordsStart(frame)
  let end = start
  let hole = 0
  let runStart = start
  let runEnd = start
  let any = false
  let place = 0
  const flushRun = (): void => {
    if (runEnd === runStart) return
    if (hole > 0) end = writeHole(filtered, end, hole)
    hole = 0
    filtered.set(frame.subarray(runStart, runEnd), end)
    end += runEnd - runStart
    any = true
  }
  for (let at = start; at < topicsStart; ) {
    const word = readU32(frame, at)
    const isHole = word >>> 24 === recordFlag.hole
    const next = recordEnd(frame, at)
    const records = isHole ? word & 0xffffff : 1
    if (!isHole && keeps(at, place)) {
      runEnd = next
    } else {
      flushRun()
      runStart = runEnd = next
      hole += records
    }
    place += records
    at = next
  }
  flushRun()
  if (!any) return undefined
  if (hole > 0) end = writeHole(filtered, end, hole)
  return complete(frame, filtered, end, topicsStart)
}

function keptTopics(frame: Uint8Array, keep: (topicIndex: number) => boolean): Uint8Array {
  const kept = new Uint8Array(readU16(frame, batchOffset.topicCount))
  for (let index = 0; index < kept.length; index++) kept[index] = keep(index) ? 1 : 0
  return kept
}

function writeHole(bytes: Uint8Array, at: number, records: number): number {
  writeU32(bytes, at, records | (recordFlag.hole << 24))
  return at + 4
}

function complete(frame: Uint8Array, filtered: Uint8Array, end: number, topicsStart: number): Uint8Array {
  filtered.set(frame.subarray(0, recordsStart(frame)), 0)
  writeU32(filtered, batchOffset.topicsStart, end)
  filtered.set(frame.subarray(topicsStart), end)
  return filtered.subarray(0, end + frame.length - topicsStart)
}
