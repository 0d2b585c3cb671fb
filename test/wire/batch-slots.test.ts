// Slots of a batch: messages with one key fall into one, whatever batch they are in; and what is kept of a batch keeps its place.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot } from '../../node/core/common/ids.ts'
import { toStreamId } from '../../node/core/common/ids.ts'
import { BatchBuilder, type RecordOptions } from '../../node/wire/batch-builder.ts'
import { filterRecords } from '../../node/wire/batch-filter.ts'
import { numberBatch } from '../../node/wire/batch-header.ts'
import { BatchReader, readTopics } from '../../node/wire/batch-reader.ts'
import { noSlot, slotCount, slotOfText, slotsOf } from '../../node/wire/batch-slots.ts'
import { readText } from '../../node/wire/text.ts'

type Publication = readonly [topic: string, payload: string, options?: RecordOptions]

function batchOf(...publications: readonly Publication[]): Uint8Array {
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes).fill(0xab))
  for (const [topic, payload, options] of publications) builder.append(topic, payload, options, 1000)
  const frame = new Uint8Array(builder.finish(1, 'none'))
  numberBatch(frame, toStreamId('orders'), 1 as Boot, 100, 0)
  return frame
}

function slotsIn(frame: Uint8Array, header?: string): number[] {
  const read = readTopics(frame)
  assert.ok('topics' in read)
  return [...slotsOf(frame, read.topics, header)]
}

const headers = (customer: string): RecordOptions => ({ headers: { other: 'x', customer } })

test('the key is the topic, unless the message was published with one', () => {
  const frame = batchOf(['a.b', '1'], ['a.c', '2', { key: 'ä' }], ['a.b', '3', { key: '' }], ['a.b', '4'])
  const [first, second, third, fourth] = slotsIn(frame)
  assert.equal(first, slotOfText('a.b'))
  assert.equal(second, slotOfText('ä'))
  assert.equal(third, slotOfText(''))
  assert.equal(fourth, first)
})

test('with a header named, its value is the key, and a message without it has the key that it would have had', () => {
  const frame = batchOf(
    ['a.b', '1', headers('smith')],
    ['a.c', '2', { ...headers('smith'), key: 'k' }],
    ['a.d', '3', { key: 'k' }],
    ['a.e', '4', { headers: { customers: 'smith' } }],
  )
  const smith = slotOfText('smith')
  assert.deepEqual(slotsIn(frame, 'customer'), [smith, smith, slotOfText('k'), slotOfText('a.e')])
})

test('keys spread over all slots', () => {
  const slots = new Set(Array.from({ length: 1000 }, (_, number) => slotOfText(`orders.${number}`)))
  assert.equal(slots.size, slotCount)
})

function textsOf(frame: Uint8Array): [number, string][] {
  const reader = new BatchReader()
  const read: [number, string][] = []
  reader.open(frame)
  while (reader.next())
    read.push([reader.sequence, readText(frame.subarray(reader.payloadStart, reader.payloadEnd))])
  assert.equal(reader.problem, undefined)
  return read
}

test('records are kept by their place in the batch, holes counted, and keep their sequences', () => {
  const frame = batchOf(...Array.from({ length: 6 }, (_, at): Publication => ['a.b', `m${at}`]))
  const allocate = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0xab)
  const places: number[] = []
  const kept = filterRecords(frame, (_at, place) => places.push(place) > 0 && place % 2 === 1, allocate)
  assert.ok(kept)
  assert.deepEqual(places, [0, 1, 2, 3, 4, 5])
  assert.deepEqual(textsOf(kept), [
    [101, 'm1'],
    [103, 'm3'],
    [105, 'm5'],
  ])
  assert.deepEqual(
    slotsIn(kept).map((slot) => slot === noSlot),
    [true, false, true, false, true, false],
  )
  const again = filterRecords(kept, (_at, place) => place === 3, allocate)
  assert.ok(again)
  assert.deepEqual(textsOf(again), [[103, 'm3']])
  assert.equal(
    filterRecords(frame, () => false, allocate),
    undefined,
  )
})
