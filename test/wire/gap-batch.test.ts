// A batch that stands for messages that are gone: whole batches of numbers, which nothing else is taken for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot, StreamId } from '../../node/core/common/ids.ts'
import {
  batchBoot,
  batchCount,
  batchFlag,
  batchHeaderBytes,
  batchOffset,
  batchSequence,
  batchStream,
  numberedBatchProblem,
} from '../../node/wire/batch-header.ts'
import { voidBatch } from '../../node/wire/batch-producer.ts'
import { BatchReader } from '../../node/wire/batch-reader.ts'
import { encodeGap, gapBehind, isGap } from '../../node/wire/gap-batch.ts'
import { batchOf } from '../leader/leader-batches.ts'

const gap = { stream: 7 as StreamId, boot: 3 as Boot, from: 41, to: 1100 } as const

function rangeOf(frame: Uint8Array): string {
  return `${batchSequence(frame)}-${batchSequence(frame) + batchCount(frame) - 1}`
}

test('a gap is as many batches without records as its numbers need', () => {
  const frames = encodeGap(gap)
  assert.deepEqual(frames.map(rangeOf), ['41-552', '553-1064', '1065-1100'])
  for (const frame of frames) {
    assert.equal(numberedBatchProblem(frame), undefined)
    assert.deepEqual([batchStream(frame), batchBoot(frame)], [gap.stream, gap.boot])
    assert.equal(frame[batchOffset.flags], batchFlag.void | batchFlag.submitted)
    const reader = new BatchReader()
    reader.open(frame)
    assert.deepEqual([reader.next(), reader.problem], [false, undefined])
  }
})

test('nothing else is a gap', () => {
  const [frame = new Uint8Array(batchHeaderBytes)] = encodeGap(gap)
  assert.equal(isGap(frame), true)
  const named = batchOf({ from: 1, producer: { name: 'p', sequence: 1 } })
  assert.deepEqual(
    [isGap(batchOf({ from: 1 })), isGap(named), isGap(voidBatch(named))],
    [false, false, false],
  )
})

test('of a gap of which a part is passed the rest is left', () => {
  const [frame = new Uint8Array(0)] = encodeGap({ ...gap, to: 50 })
  const rest = gapBehind(frame, 44)
  assert.deepEqual([rangeOf(rest), isGap(rest)], ['45-50', true])
  for (const last of [0, 40, 50, 60]) assert.equal(gapBehind(frame, last), frame)
})
