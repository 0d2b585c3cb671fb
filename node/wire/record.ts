// One record of a batch, read at its position without checks: for bytes that a BatchReader has walked once without a
// problem. Subscribers keep only where a record starts and read the rest when somebody asks.

import { recordFlag } from './batch-header.ts'
import { readU16, readU32 } from './bytes.ts'

/** Where the parts of a record are; equal positions mean that there is none. */
export interface RecordParts {
  readonly headersStart: number
  readonly headersEnd: number
  readonly keyStart: number
  readonly keyEnd: number
  readonly hasKey: boolean
  /** Milliseconds since the base time of the batch. */
  readonly timeDeltaMs: number
  readonly payloadStart: number
  readonly payloadEnd: number
}

export function readRecordParts(frame: Uint8Array, start: number): RecordParts {
  const word = readU32(frame, start)
  const flags = word >>> 24
  let at = start + 6
  let timeDeltaMs = 0
  if ((flags & recordFlag.timeDelta) !== 0) {
    timeDeltaMs = readU32(frame, at) / 1000
    at += 4
  }
  let headersStart = at
  if ((flags & recordFlag.headers) !== 0) {
    headersStart = at + 2
    at = headersStart + readU16(frame, at)
  }
  const headersEnd = at
  let keyStart = at
  const hasKey = (flags & recordFlag.key) !== 0
  if (hasKey) {
    keyStart = at + 1
    at = keyStart + (frame[at] as number)
  }
  const payloadEnd = at + (word & 0xffffff)
  return {
    headersStart,
    headersEnd,
    keyStart,
    keyEnd: at,
    hasKey,
    timeDeltaMs,
    payloadStart: at,
    payloadEnd,
  }
}

/** First byte behind the record that starts at `start`. */
export function recordEnd(frame: Uint8Array, start: number): number {
  const word = readU32(frame, start)
  const flags = word >>> 24
  if (flags === recordFlag.hole) return start + 4
  let at = start + 6
  if ((flags & recordFlag.timeDelta) !== 0) at += 4
  if ((flags & recordFlag.headers) !== 0) at += 2 + readU16(frame, at)
  if ((flags & recordFlag.key) !== 0) at += 1 + (frame[at] as number)
  return at + (word & 0xffffff)
}
