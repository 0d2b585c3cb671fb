// The fixed header of a batch (docs/protocol.md section 1): read and patched in place, records untouched.
// A node turns a publish into a batch by overwriting these fields; the bytes behind them are never rewritten.

import type { Boot, StreamId } from '../core/common/ids.ts'
import { protocolLimits } from '../core/common/limits.ts'
import { readF64, readU16, readU32, readU64, writeU32, writeU64 } from './bytes.ts'

export const frameType = {
  publish: 1,
  batch: 2,
  acknowledgement: 3,
  credit: 4,
  select: 5,
  progress: 6,
  answerRequest: 8,
} as const

/** Acknowledgement levels of a publish, by their number on the wire. */
export const ackLevels = ['none', 'local', 'copies'] as const
/** How far a publication must have come before it counts as acknowledged. */
export type AckLevel = (typeof ackLevels)[number]

export const batchHeaderBytes = 56
/** Of a producer, what stands before its name: the sequence of the first record, and the length of the name. */
export const producerHeadBytes = 9
/**
 * Bits of the flags byte. The lowest two are the acknowledgement level of a publish; `patient`, also of a publish, says that
 * nobody waits for its acknowledgement yet; `submitted`, between nodes, that a batch has no place in its stream's order yet;
 * `producer` that its producer stands between header and records; `void` that it has no messages: they are stored already, or, without a producer, gone.
 */
export const batchFlag = {
  level: 3,
  confirm: 4,
  times: 8,
  patient: 16,
  submitted: 32,
  producer: 64,
  void: 128,
} as const
export const recordFlag = { timeDelta: 1, headers: 2, key: 4, hole: 8 } as const

export const batchOffset = {
  type: 0,
  flags: 1,
  topicCount: 2,
  recordCount: 4,
  topicsStart: 8,
  publishNumber: 12,
  epoch: 12,
  stream: 16,
  boot: 24,
  sequence: 32,
  baseTime: 40,
  offset: 48,
} as const

/** Number of records of a batch, holes counted. */
export function batchCount(frame: Uint8Array): number {
  return readU32(frame, batchOffset.recordCount)
}

export function batchStream(frame: Uint8Array): StreamId {
  return readU64(frame, batchOffset.stream) as StreamId
}

export function batchBoot(frame: Uint8Array): Boot {
  return readU64(frame, batchOffset.boot) as Boot
}

/** Where the records begin: behind the header, and behind the producer where one is named. */
export function recordsStart(frame: Uint8Array): number {
  if (!hasFlag(frame, batchFlag.producer)) return batchHeaderBytes
  const namedFrom = batchHeaderBytes + producerHeadBytes
  // Too short for a name is too short for any records.
  return namedFrom + (frame[namedFrom - 1] ?? 255)
}

export function hasFlag(frame: Uint8Array, flag: number): boolean {
  return ((frame[batchOffset.flags] as number) & flag) !== 0
}

/** Flags that say what the records are like, and stay however often a batch is numbered. */
export function lastingFlags(frame: Uint8Array): number {
  return (frame[batchOffset.flags] as number) & (batchFlag.times | batchFlag.producer)
}

/** Sequence of the first record. */
export function batchSequence(frame: Uint8Array): number {
  return readU64(frame, batchOffset.sequence)
}

/** Intended send time of the first record, milliseconds since 1970. */
export function batchBaseTime(frame: Uint8Array): number {
  return readF64(frame, batchOffset.baseTime)
}

/** The epoch of the stream in which the batch was numbered; 0 where the stream has only had one, in gossip mode. */
export function batchEpoch(frame: Uint8Array): number {
  return readU32(frame, batchOffset.epoch)
}

/** Place of the first record in the order of its stream, 1, 2, 3 …; 0 where the stream has no order. */
export function batchPlace(frame: Uint8Array): number {
  return readU64(frame, batchOffset.offset)
}

/** Gives a numbered batch its place in the order of its stream. */
export function placeBatch(frame: Uint8Array, epoch: number, offset: number): void {
  frame[batchOffset.flags] = (frame[batchOffset.flags] as number) & ~batchFlag.submitted
  writeU32(frame, batchOffset.epoch, epoch)
  writeU64(frame, batchOffset.offset, offset)
}

export function publishNumber(frame: Uint8Array): number {
  return readU32(frame, batchOffset.publishNumber)
}

export function publishAckLevel(frame: Uint8Array): AckLevel | undefined {
  return ackLevels[(frame[batchOffset.flags] as number) & batchFlag.level]
}

/** Whether the acknowledgement of a publish may come a little later, together with others. */
export function isPatientPublish(frame: Uint8Array): boolean {
  return hasFlag(frame, batchFlag.patient)
}

/** Turns a publish into a numbered batch without a place, in place. `flags` of batchFlag: confirm, times, submitted and producer. */
export function numberBatch(
  frame: Uint8Array,
  stream: StreamId,
  boot: Boot,
  sequence: number,
  flags: number,
): void {
  frame[batchOffset.type] = frameType.batch
  frame[batchOffset.flags] = flags
  writeU32(frame, batchOffset.publishNumber, 0)
  writeU64(frame, batchOffset.stream, stream)
  writeU64(frame, batchOffset.boot, boot)
  writeU64(frame, batchOffset.sequence, sequence)
  writeU64(frame, batchOffset.offset, 0)
}

/** Why the header of a publish or batch cannot be right; undefined if it can. Records are not looked at. */
export function batchHeaderProblem(frame: Uint8Array): string | undefined {
  if (frame.length < batchHeaderBytes) return `has ${frame.length} bytes, a header has ${batchHeaderBytes}`
  const topics = readU16(frame, batchOffset.topicCount)
  const records = batchCount(frame)
  const start = readU32(frame, batchOffset.topicsStart)
  if (topics < 1 || topics > protocolLimits.batchRecordsMax)
    return `names ${topics} topics, 1..512 are allowed`
  if (records < 1 || records > protocolLimits.batchRecordsMax)
    return `has ${records} records, 1..512 are allowed`
  if (start < recordsStart(frame) || start + 2 * topics > frame.length)
    return `has its topic table at ${start}`
  if (!Number.isFinite(batchBaseTime(frame))) return 'has a base time that is not a number'
  return undefined
}

/** The same for a numbered batch, whose stream, boot and sequence must be in range as well. */
export function numberedBatchProblem(frame: Uint8Array): string | undefined {
  const problem = batchHeaderProblem(frame)
  if (problem !== undefined) return problem
  const sequence = batchSequence(frame)
  if (!Number.isSafeInteger(sequence + batchCount(frame)) || sequence < 1)
    return `has the sequence ${sequence}`
  if (!Number.isSafeInteger(batchPlace(frame) + batchCount(frame))) return 'has no valid offset'
  if (!Number.isSafeInteger(batchBoot(frame)) || batchBoot(frame) < 1) return 'has no valid boot'
  if (!Number.isSafeInteger(batchStream(frame))) return 'has no valid stream number'
  return undefined
}
