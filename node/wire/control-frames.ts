// The small binary frames around batches (docs/protocol.md section 2): acknowledgement, credit, select, progress.
// Decoding never throws: bytes that are not such a frame come back as a refusal.

import type { Refusal } from '../core/common/errors.ts'
import type { Boot, StreamId } from '../core/common/ids.ts'
import { frameType } from './batch-header.ts'
import { readU16, readU32, readU64, writeU16, writeU32, writeU64 } from './bytes.ts'
import { tryReadText, writeText } from './text.ts'

/** Consecutive records of a publish that were numbered on one stream. */
export interface AcknowledgedRun {
  readonly records: number
  readonly stream: StreamId
  readonly boot: Boot
  /** Sequence of the first record of the run. */
  readonly first: number
  /** Epoch of the stream, and place of the first record in its order, 1, 2, 3 …; both 0 where the stream has no order. */
  readonly epoch: number
  readonly offset: number
  /** They were stored before: boot, sequence and place are those of the first time, 0 where they are not known. */
  readonly isDuplicate?: boolean
}

/** What became of one publish frame. */
export type PublishOutcome =
  | {
      readonly status: 'stored' | 'unknown'
      /** Number of the publish frame on its connection. */
      readonly publish: number
      /** Runs in the order of the records; empty if the positions are not told. */
      readonly runs: readonly AcknowledgedRun[]
    }
  | {
      readonly status: 'refused'
      readonly publish: number
      /** `CODE: reason`. */
      readonly reason: string
    }

/** Everything of a subscription up to these totals is consumed. */
export interface Credit {
  readonly subscription: number
  readonly messages: number
  readonly bytes: number
}

/** Everything of this origin up to `sequence` is behind the subscriber. */
export interface Progress {
  readonly subscription: number
  readonly stream: StreamId
  readonly boot: Boot
  readonly sequence: number
}

const runBytes = 2 + 8 + 8 + 8 + 4 + 8
const runsMax = 255
/** Of the number of records: they were stored before. */
const duplicateBit = 0x8000
/** A reason is cut here, so that an answer stays small whatever was refused. */
const reasonUnitsMax = 1024
const status = { stored: 0, refused: 1, unknown: 2 } as const

/** Packs outcomes into one acknowledgement frame. More than 255 runs of one publish are left out. */
export function encodeAcknowledgement(outcomes: readonly PublishOutcome[]): Uint8Array {
  let size = 1
  for (const outcome of outcomes) {
    size += 6 + (outcome.status === 'refused' ? 2 + reasonUnitsMax * 3 : outcome.runs.length * runBytes)
  }
  const frame = new Uint8Array(size)
  frame[0] = frameType.acknowledgement
  let at = 1
  for (const outcome of outcomes) {
    writeU32(frame, at, outcome.publish)
    frame[at + 4] = status[outcome.status]
    if (outcome.status === 'refused') {
      const end = writeText(frame, at + 8, outcome.reason.slice(0, reasonUnitsMax))
      writeU16(frame, at + 6, end - at - 8)
      at = end
      continue
    }
    const runs = outcome.runs.length > runsMax ? [] : outcome.runs
    frame[at + 5] = runs.length
    at += 6
    for (const run of runs) {
      writeU16(frame, at, run.isDuplicate === true ? run.records | duplicateBit : run.records)
      writeU64(frame, at + 2, run.stream)
      writeU64(frame, at + 10, run.boot)
      writeU64(frame, at + 18, run.first)
      writeU32(frame, at + 26, run.epoch)
      writeU64(frame, at + 30, run.offset)
      at += runBytes
    }
  }
  return frame.subarray(0, at)
}

/** The outcomes of an acknowledgement frame, in their order. */
export function decodeAcknowledgement(frame: Uint8Array): readonly PublishOutcome[] | Refusal {
  if (frame[0] !== frameType.acknowledgement) return broken('acknowledgement', frame)
  const outcomes: PublishOutcome[] = []
  let at = 1
  while (at < frame.length) {
    if (at + 6 > frame.length) return broken('acknowledgement', frame)
    const publish = readU32(frame, at)
    const kind = frame[at + 4]
    const count = frame[at + 5] as number
    at += 6
    if (kind === status.refused) {
      const end = at + 2 <= frame.length ? at + 2 + readU16(frame, at) : Number.POSITIVE_INFINITY
      const reason = end <= frame.length ? tryReadText(frame.subarray(at + 2, end)) : undefined
      if (reason === undefined) return broken('acknowledgement', frame)
      outcomes.push({ status: 'refused', publish, reason })
      at = end
      continue
    }
    if (kind !== status.stored && kind !== status.unknown) return broken('acknowledgement', frame)
    if (at + count * runBytes > frame.length) return broken('acknowledgement', frame)
    const runs: AcknowledgedRun[] = []
    for (let index = 0; index < count; index++, at += runBytes) runs.push(readRun(frame, at))
    outcomes.push({ status: kind === status.stored ? 'stored' : 'unknown', publish, runs })
  }
  return outcomes
}

function readRun(frame: Uint8Array, at: number): AcknowledgedRun {
  const records = readU16(frame, at)
  return {
    records: records & ~duplicateBit,
    ...((records & duplicateBit) === 0 ? {} : { isDuplicate: true }),
    stream: readU64(frame, at + 2) as StreamId,
    boot: readU64(frame, at + 10) as Boot,
    first: readU64(frame, at + 18),
    epoch: readU32(frame, at + 26),
    offset: readU64(frame, at + 30),
  }
}

export function encodeCredit(credit: Credit): Uint8Array {
  const frame = new Uint8Array(24)
  frame[0] = frameType.credit
  writeU32(frame, 4, credit.subscription)
  writeU64(frame, 8, credit.messages)
  writeU64(frame, 16, credit.bytes)
  return frame
}

export function decodeCredit(frame: Uint8Array): Credit | Refusal {
  if (frame.length !== 24 || frame[0] !== frameType.credit) return broken('credit', frame)
  const messages = readU64(frame, 8)
  const bytes = readU64(frame, 16)
  if (!Number.isSafeInteger(messages) || !Number.isSafeInteger(bytes)) return broken('credit', frame)
  return { subscription: readU32(frame, 4), messages, bytes }
}

/** Asks a node for the acknowledgements that it holds back. */
export function encodeAnswerRequest(): Uint8Array {
  const frame = new Uint8Array(8)
  frame[0] = frameType.answerRequest
  return frame
}

/** Why a frame of this type is not one; undefined if it is. */
export function answerRequestProblem(frame: Uint8Array): Refusal | undefined {
  return frame.length === 8 ? undefined : broken('answer request', frame)
}

export function encodeSelect(subscription: number): Uint8Array {
  const frame = new Uint8Array(8)
  frame[0] = frameType.select
  writeU32(frame, 4, subscription)
  return frame
}

/** The subscription that following batches belong to. */
export function decodeSelect(frame: Uint8Array): number | Refusal {
  if (frame.length !== 8 || frame[0] !== frameType.select) return broken('select', frame)
  return readU32(frame, 4)
}

export function encodeProgress(progress: Progress): Uint8Array {
  const frame = new Uint8Array(32)
  frame[0] = frameType.progress
  writeU32(frame, 4, progress.subscription)
  writeU64(frame, 8, progress.stream)
  writeU64(frame, 16, progress.boot)
  writeU64(frame, 24, progress.sequence)
  return frame
}

export function decodeProgress(frame: Uint8Array): Progress | Refusal {
  if (frame.length !== 32 || frame[0] !== frameType.progress) return broken('progress', frame)
  const stream = readU64(frame, 8)
  const boot = readU64(frame, 16)
  const sequence = readU64(frame, 24)
  if (!Number.isSafeInteger(stream) || !Number.isSafeInteger(boot) || !Number.isSafeInteger(sequence)) {
    return broken('progress', frame)
  }
  return { subscription: readU32(frame, 4), stream: stream as StreamId, boot: boot as Boot, sequence }
}

function broken(what: string, frame: Uint8Array): Refusal {
  return { refused: 'PROTOCOL_BROKEN', reason: `${frame.length} bytes are not a valid ${what} frame` }
}
