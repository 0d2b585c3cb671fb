// Batches and streams for the tests of leader mode.

import assert from 'node:assert/strict'
import { type Boot, type StreamId, toStreamId } from '../../node/core/common/ids.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { lastingFlags, numberBatch, placeBatch } from '../../node/wire/batch-header.ts'
import type { ProducerTag } from '../../node/wire/batch-producer.ts'
import { BatchReader } from '../../node/wire/batch-reader.ts'
import { readText } from '../../node/wire/text.ts'

export const orders: StreamDefinition = {
  name: 'orders',
  topics: ['orders.>'],
  mode: 'leader',
  retention: { bytes: 1_000_000, ageMs: 60_000 },
  copies: 0,
  replicas: 3,
}
export const ordersId: StreamId = toStreamId(orders.name)

export interface BatchFields {
  readonly stream?: StreamId
  readonly boot?: number
  readonly from: number
  /** Payloads of its records. */
  readonly texts?: readonly string[]
  readonly topic?: string
  /** Intended send time, milliseconds. */
  readonly time?: number
  readonly epoch?: number
  /** Named, with the sequence of the first record. */
  readonly producer?: ProducerTag
  /** Its place; none if left out. */
  readonly offset?: number
}

/** A numbered batch, in memory of its own. */
export function batchOf(fields: BatchFields): Uint8Array {
  const { stream = ordersId, boot = 1, from, texts = ['x'], topic = 'orders.new', time = 1000 } = fields
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  if (fields.producer !== undefined) builder.begin(fields.producer)
  for (const text of texts) builder.append(topic, text, undefined, time)
  const frame = new Uint8Array(builder.finish(1, 'local'))
  numberBatch(frame, stream, boot as Boot, from, lastingFlags(frame))
  if (fields.offset !== undefined) placeBatch(frame, fields.epoch ?? 1, fields.offset)
  return frame
}

/** The payloads of a batch, as texts. */
export function textsOf(frame: Uint8Array): string[] {
  const reader = new BatchReader()
  const texts: string[] = []
  reader.open(frame)
  while (reader.next()) texts.push(readText(frame.subarray(reader.payloadStart, reader.payloadEnd)))
  assert.equal(reader.problem, undefined)
  return texts
}
