// Closes the holes of a filtered publish, so that what is left can be numbered without gaps. Only a publish whose topics
// belong to several streams needs this.

import { batchHeaderBytes, batchOffset } from './batch-header.ts'
import { BatchReader } from './batch-reader.ts'
import { readU32, writeU32 } from './bytes.ts'

/** The same batch without its holes. The frame must be one that `filterBatch` made. */
export function compactBatch(frame: Uint8Array, allocate: (bytes: number) => Uint8Array): Uint8Array {
  const compact = allocate(frame.length)
  compact.set(frame.subarray(0, batchHeaderBytes), 0)
  const reader = new BatchReader()
  reader.open(frame)
  let end = batchHeaderBytes
  let records = 0
  while (reader.next()) {
    compact.set(frame.subarray(reader.recordStart, reader.payloadEnd), end)
    end += reader.payloadEnd - reader.recordStart
    records++
  }
  const topicsStart = readU32(frame, batchOffset.topicsStart)
  compact.set(frame.subarray(topicsStart), end)
  writeU32(compact, batchOffset.recordCount, records)
  writeU32(compact, batchOffset.topicsStart, end)
  return compact.subarray(0, end + frame.length - topicsStart)
}
