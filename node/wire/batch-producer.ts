// The named producer of a batch (docs/protocol.md section 1): it stands between the header and the records, and says which of the producer's
// own sequences the records have. A retry carries the same ones, so that whoever keeps a stream's order can tell it from something new.

import {
  batchCount,
  batchFlag,
  batchHeaderBytes,
  batchOffset,
  batchSequence,
  hasFlag,
  producerHeadBytes,
  recordFlag,
  recordsStart,
} from './batch-header.ts'
import { readU32, readU64, writeU32, writeU64 } from './bytes.ts'
import { recordEnd } from './record.ts'
import { readText, writeText } from './text.ts'

/** Who published a batch, and the first of the consecutive sequences that its producer gave the records. */
export interface ProducerTag {
  readonly name: string
  readonly sequence: number
}

const namePattern = /^[A-Za-z0-9_.-]{1,64}$/

/** What a name must be, for messages. */
export const producerNameRule = '1 to 64 letters, digits, "_", "." and "-"'
/** Bytes that a producer takes in a batch at the most. */
export const producerBytesMax: number = producerHeadBytes + 64

export function isProducerName(name: unknown): name is string {
  return typeof name === 'string' && namePattern.test(name)
}

/** A producer's sequences are 1 and above, and need only rise. */
export function isProducerSequence(sequence: unknown): sequence is number {
  return Number.isSafeInteger(sequence) && (sequence as number) >= 1
}

/** Writes the producer behind the header; returns where the records begin. */
export function writeProducer(frame: Uint8Array, { name, sequence }: ProducerTag): number {
  writeU64(frame, batchHeaderBytes, sequence)
  const start = batchHeaderBytes + producerHeadBytes
  const end = writeText(frame, start, name)
  frame[start - 1] = end - start
  return end
}

export function isNamed(frame: Uint8Array): boolean {
  return hasFlag(frame, batchFlag.producer)
}

/** The producer of a batch whose header has passed; undefined where none is named. */
export function batchProducer(frame: Uint8Array): ProducerTag | undefined {
  if (!isNamed(frame)) return undefined
  const name = readText(frame.subarray(batchHeaderBytes + producerHeadBytes, recordsStart(frame)))
  return { name, sequence: readU64(frame, batchHeaderBytes) }
}

/** Why the producer of a batch whose header has passed cannot be right; undefined if it can, or none is named. */
export function producerProblem(frame: Uint8Array): string | undefined {
  const producer = batchProducer(frame)
  if (producer === undefined) return undefined
  const { name, sequence } = producer
  if (!isProducerName(name)) return `names the producer ${JSON.stringify(name)}`
  const isSound = isProducerSequence(sequence) && Number.isSafeInteger(sequence + batchCount(frame))
  return isSound ? undefined : `has the producer sequence ${sequence}`
}

/** Whether a numbered batch stands for nothing but sequences of its origin: its messages are stored under earlier ones, or gone (gap-batch.ts). */
export function isVoid(frame: Uint8Array): boolean {
  return hasFlag(frame, batchFlag.void)
}

/** Leaves a batch without its messages, in place: one hole, and no offset. The result is the beginning of the same bytes. */
export function voidBatch(frame: Uint8Array): Uint8Array {
  const start = recordsStart(frame)
  const topicsStart = readU32(frame, batchOffset.topicsStart)
  frame[batchOffset.flags] = (frame[batchOffset.flags] as number) | batchFlag.void
  writeU64(frame, batchOffset.offset, 0)
  writeU32(frame, start, batchCount(frame) | (recordFlag.hole << 24))
  writeU32(frame, batchOffset.topicsStart, start + 4)
  frame.copyWithin(start + 4, topicsStart)
  return frame.subarray(0, start + 4 + frame.length - topicsStart)
}

/**
 * The records from..from + count - 1 of a batch without holes, counted from 0, as a batch of its own with their sequences: its origin's, and its
 * producer's where one is named. `allocate` returns fresh bytes that need not be zeroed.
 */
export function sliceBatch(
  frame: Uint8Array,
  from: number,
  count: number,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array {
  const start = recordsStart(frame)
  const topicsStart = readU32(frame, batchOffset.topicsStart)
  const first = skipRecords(frame, start, from)
  const end = skipRecords(frame, first, count)
  const topics = start + end - first
  const slice = allocate(topics + frame.length - topicsStart)
  slice.set(frame.subarray(0, start), 0)
  slice.set(frame.subarray(first, end), start)
  slice.set(frame.subarray(topicsStart), topics)
  writeU32(slice, batchOffset.recordCount, count)
  writeU32(slice, batchOffset.topicsStart, topics)
  writeU64(slice, batchOffset.sequence, batchSequence(frame) + from)
  if (isNamed(frame)) writeU64(slice, batchHeaderBytes, readU64(frame, batchHeaderBytes) + from)
  return slice
}

/** What a batch has from a sequence of its origin on; the batch itself where that is all of it, or nothing. */
export function batchFrom(
  frame: Uint8Array,
  sequence: number,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array {
  const passed = sequence - batchSequence(frame)
  const count = batchCount(frame)
  return passed <= 0 || passed >= count ? frame : sliceBatch(frame, passed, count - passed, allocate)
}

function skipRecords(frame: Uint8Array, start: number, count: number): number {
  let at = start
  for (let nth = 0; nth < count; nth++) at = recordEnd(frame, at)
  return at
}
