// Into which slot of a queue each message of a batch falls: by a hash of its key, so that messages with one key always fall into one. The key
// is the value of a header that the queue names, or else the key that the message was published with, or else its topic.

import { protocolLimits } from '../core/common/limits.ts'
import { batchCount, batchSequence, recordFlag } from './batch-header.ts'
import { BatchReader } from './batch-reader.ts'
import { readU16 } from './bytes.ts'
import { toTextBytes } from './text.ts'

export const slotCount: number = protocolLimits.queueSlots
/** Stands for a record that a filter took out. */
export const noSlot = 255

const reader = new BatchReader()

/** The slot of every record of a batch, by its place in it. The frame must be one that a BatchReader has walked without a problem. */
export function slotsOf(
  frame: Uint8Array,
  topics: readonly string[],
  header: string | undefined,
): Uint8Array {
  const slots = new Uint8Array(batchCount(frame)).fill(noSlot)
  const headerName = header === undefined ? undefined : toTextBytes(header)
  const topicSlots = topics.map((topic) => slotOfText(topic))
  reader.open(frame)
  const first = batchSequence(frame)
  while (reader.next()) {
    const { headersStart, headersEnd, flags, keyStart, keyEnd, topicIndex, sequence } = reader
    const value =
      headerName === undefined ? undefined : findHeader(frame, headersStart, headersEnd, headerName)
    if (value !== undefined) slots[sequence - first] = slotOfBytes(frame, value.start, value.end)
    else if ((flags & recordFlag.key) !== 0) slots[sequence - first] = slotOfBytes(frame, keyStart, keyEnd)
    else slots[sequence - first] = topicSlots[topicIndex] ?? 0
  }
  return slots
}

/** The slot of a key. */
export function slotOfText(key: string): number {
  const bytes = toTextBytes(key)
  return slotOfBytes(bytes, 0, bytes.length)
}

/** FNV-1a with a final mix, 32 bits. */
function slotOfBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return ((hash ^ (hash >>> 13)) >>> 0) % slotCount
}

/** Where the value of a header stands in a block that a BatchReader found. */
function findHeader(
  frame: Uint8Array,
  start: number,
  end: number,
  name: Uint8Array,
): { readonly start: number; readonly end: number } | undefined {
  for (let at = start; at < end; ) {
    const nameEnd = at + 1 + (frame[at] as number)
    if (nameEnd + 2 > end) return undefined
    const value = { start: nameEnd + 2, end: nameEnd + 2 + readU16(frame, nameEnd) }
    if (value.end > end) return undefined
    if (isEqual(frame, at + 1, nameEnd, name)) return value
    at = value.end
  }
  return undefined
}

function isEqual(frame: Uint8Array, start: number, end: number, bytes: Uint8Array): boolean {
  if (end - start !== bytes.length) return false
  for (let index = 0; index < bytes.length; index++) if (frame[start + index] !== bytes[index]) return false
  return true
}
