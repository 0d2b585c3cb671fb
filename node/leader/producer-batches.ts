// Batches of named producers between the leader and the order of their stream: the leader cuts out what is stored already, every member sees
// whether it was right to, and the publisher hears where its messages are.

import {
  batchBoot,
  batchCount,
  batchEpoch,
  batchPlace,
  batchSequence,
  batchStream,
  placeBatch,
} from '../wire/batch-header.ts'
import { batchProducer, isVoid, type ProducerTag, sliceBatch, voidBatch } from '../wire/batch-producer.ts'
import type { Producers } from './producers.ts'
import type { PlacedPart } from './submissions.ts'

/**
 * The leader's part: gives a batch, which is the next one of its origin, its places behind `last`, and leaves nothing of what is stored already:
 * a sequence of its origin must pass by, or those behind it would wait for ever, and so a copy is kept as a batch without messages. Where only
 * some of its records are copies it becomes several batches. The frame is written to. `producers` counts the result in.
 */
export function placeNamed(
  frame: Uint8Array,
  producers: Producers,
  epoch: number,
  last: number,
): readonly Uint8Array[] {
  const producer = batchProducer(frame)
  if (producer === undefined) return []
  const { sequence } = producer
  const key = keyOf(frame, producer)
  const parts = producers.judge(key, sequence, batchCount(frame))
  let offset = last + 1
  return parts.map(({ kind, skip, count }) => {
    const part = parts.length === 1 ? frame : sliceBatch(frame, skip, count, (bytes) => new Uint8Array(bytes))
    placeBatch(part, epoch, kind === 'new' ? offset : 0)
    const placed = kind === 'new' ? part : voidBatch(part)
    if (kind === 'new') offset += count
    takeProducer(producers, placed)
    return placed
  })
}

/**
 * Every member's part: counts a batch in, whatever leader has put it into the log. False where it would store a copy, or stands for something
 * that is not stored: such a batch means nothing.
 */
export function takeProducer(producers: Producers, frame: Uint8Array): boolean {
  const producer = batchProducer(frame)
  if (producer === undefined) return true
  const { sequence } = producer
  const key = keyOf(frame, producer)
  const count = batchCount(frame)
  const parts = producers.judge(key, sequence, count)
  const isNew = parts.some(({ kind }) => kind === 'new')
  if (isVoid(frame) === isNew || (isNew && parts.length > 1)) return false
  if (!isNew) producers.pass(key)
  else {
    const place = { boot: batchBoot(frame), first: batchSequence(frame) }
    producers.store(key, sequence, count, { ...place, epoch: batchEpoch(frame), offset: batchPlace(frame) })
  }
  return true
}

/** What the publisher of a batch hears that was just applied. */
export function partsOf(frame: Uint8Array, producers: Producers): readonly PlacedPart[] {
  const producer = batchProducer(frame)
  const records = batchCount(frame)
  if (producer === undefined || !isVoid(frame))
    return [{ kind: 'new', records, epoch: batchEpoch(frame), offset: batchPlace(frame) }]
  const { sequence } = producer
  const key = keyOf(frame, producer)
  if (producers.judge(key, sequence, records).some(({ kind }) => kind === 'old'))
    return [{ kind: 'old', records, epoch: 0, offset: 0 }]
  return producers.find(key, sequence, records).map(({ count, place }) => {
    const { epoch = 0, offset = 0, ...original } = place ?? {}
    return { kind: 'copy', records: count, epoch, offset, original }
  })
}

/** A name means something else on every stream. */
function keyOf(frame: Uint8Array, { name }: ProducerTag): string {
  return `${batchStream(frame)} ${name}`
}
