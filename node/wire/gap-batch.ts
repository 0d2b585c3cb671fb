// A batch that stands for messages that retention has dropped before they had a place: where a stream has one order, what follows them could
// not come without it. It is a void without a producer (docs/protocol.md section 1).

import type { Boot, StreamId } from '../core/common/ids.ts'
import { protocolLimits } from '../core/common/limits.ts'
import {
  batchBoot,
  batchCount,
  batchFlag,
  batchHeaderBytes,
  batchOffset,
  batchSequence,
  batchStream,
  numberBatch,
  recordFlag,
} from './batch-header.ts'
import { isNamed, isVoid } from './batch-producer.ts'
import { writeU16, writeU32 } from './bytes.ts'
import { writeText } from './text.ts'

export interface Gap {
  readonly stream: StreamId
  readonly boot: Boot
  /** First and last sequence, both gone. */
  readonly from: number
  readonly to: number
}

/** A batch names a topic. */
const topic = 'gap'

/** As batches that ask for a place, of up to 512 messages each. */
export function encodeGap({ stream, boot, from, to }: Gap): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let first = from; first <= to; first += protocolLimits.batchRecordsMax) {
    const count = Math.min(to - first + 1, protocolLimits.batchRecordsMax)
    const topicsStart = batchHeaderBytes + 4
    const frame = new Uint8Array(topicsStart + 1 + topic.length)
    numberBatch(frame, stream, boot, first, batchFlag.void | batchFlag.submitted)
    writeU16(frame, batchOffset.topicCount, 1)
    writeU32(frame, batchOffset.recordCount, count)
    writeU32(frame, batchOffset.topicsStart, topicsStart)
    writeU32(frame, batchHeaderBytes, count | (recordFlag.hole << 24))
    frame[topicsStart] = writeText(frame, topicsStart + 1, topic) - topicsStart - 1
    frames.push(frame)
  }
  return frames
}

/** What such a batch says of the sequences behind `last`; the batch itself where that is all of it, or nothing. */
export function gapBehind(frame: Uint8Array, last: number): Uint8Array {
  const from = last + 1
  const to = batchSequence(frame) + batchCount(frame) - 1
  if (batchSequence(frame) >= from || to < from) return frame
  const gap = { stream: batchStream(frame), boot: batchBoot(frame), from, to }
  return encodeGap(gap)[0] ?? frame
}

/** Whether a batch is one of those. */
export function isGap(frame: Uint8Array): boolean {
  return isVoid(frame) && !isNamed(frame)
}
