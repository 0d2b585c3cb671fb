// The named producer in a batch: written, read, kept through everything that is done to a batch, and refused where it is broken.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Boot, StreamId } from '../../node/core/common/ids.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { filterBatch } from '../../node/wire/batch-filter.ts'
import {
  batchCount,
  batchFlag,
  batchHeaderBytes,
  batchHeaderProblem,
  batchOffset,
  batchPlace,
  batchSequence,
  lastingFlags,
  numberBatch,
  placeBatch,
} from '../../node/wire/batch-header.ts'
import {
  batchFrom,
  batchProducer,
  isNamed,
  isProducerName,
  isVoid,
  type ProducerTag,
  producerProblem,
  sliceBatch,
  voidBatch,
} from '../../node/wire/batch-producer.ts'
import { BatchReader, readTopics } from '../../node/wire/batch-reader.ts'
import { readText } from '../../node/wire/text.ts'

const allocate = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0xab)

interface FakeRecord {
  readonly topic: string
  readonly text: string
  readonly key: string | undefined
}

const producer: fc.Arbitrary<ProducerTag> = fc.record(
  {
    name: fc.stringMatching(/^[A-Za-z0-9_.-]{1,64}$/),
    sequence: fc.integer({ min: 1, max: 2 ** 52 }),
  },
  { noNullPrototype: true },
)
const record: fc.Arbitrary<FakeRecord> = fc.record({
  topic: fc.constantFrom('a', 'b', 'c.d'),
  text: fc.string({ maxLength: 20 }),
  key: fc.option(fc.string({ maxLength: 5 }), { nil: undefined }),
})
const records = fc.array(record, { minLength: 1, maxLength: 12 })

/** A numbered batch, whose first record has the sequence 41. */
function batchOf(tag: ProducerTag | undefined, list: readonly FakeRecord[]): Uint8Array {
  const builder = new BatchBuilder(allocate)
  if (tag !== undefined) builder.begin(tag)
  for (const { topic, text, key } of list) builder.append(topic, text, { key }, 1000)
  const frame = builder.finish(1, 'local', true)
  numberBatch(frame, 7 as StreamId, 9 as Boot, 41, lastingFlags(frame))
  return frame
}

/** Sequences and texts of a batch. */
function read(frame: Uint8Array): string[] {
  assert.equal(batchHeaderProblem(frame) ?? producerProblem(frame), undefined)
  const reader = new BatchReader()
  reader.open(frame)
  const found: string[] = []
  const table = readTopics(frame)
  assert.ok('topics' in table)
  while (reader.next()) {
    const text = readText(frame.subarray(reader.payloadStart, reader.payloadEnd))
    found.push(`${reader.sequence} ${table.topics[reader.topicIndex]} ${text}`)
  }
  assert.equal(reader.problem, undefined)
  return found
}

const expected = (list: readonly FakeRecord[], from = 0): string[] =>
  list.map(({ topic, text }, at) => `${41 + from + at} ${topic} ${text.toWellFormed()}`)

test('a batch tells its producer and its records, and a batch without one is as it was', () => {
  fc.assert(
    fc.property(producer, records, (tag, list) => {
      const frame = batchOf(tag, list)
      assert.deepEqual([batchProducer(frame), isNamed(frame), isVoid(frame)], [tag, true, false])
      assert.deepEqual(read(frame), expected(list))
      const plain = batchOf(undefined, list)
      assert.deepEqual([batchProducer(plain), isNamed(plain)], [undefined, false])
      assert.deepEqual(read(plain), expected(list))
      assert.equal(plain.length + 9 + tag.name.length, frame.length)
    }),
  )
})

test('a builder goes on without a producer behind a batch with one', () => {
  const builder = new BatchBuilder(allocate)
  builder.begin({ name: 'p', sequence: 3 })
  builder.append('a', 'x', undefined, 0)
  assert.equal(isNamed(builder.finish(1, 'local')), true)
  builder.append('a', 'y', undefined, 0)
  assert.equal(isNamed(builder.finish(2, 'local')), false)
})

test('the producer is kept where records are filtered, a batch is numbered again and gets its place', () => {
  fc.assert(
    fc.property(producer, records, (tag, list) => {
      const frame = batchOf(tag, list)
      numberBatch(frame, 7 as StreamId, 9 as Boot, 41, lastingFlags(frame) | batchFlag.submitted)
      placeBatch(frame, 2, 5)
      const table = readTopics(frame)
      assert.ok('topics' in table)
      const filtered = filterBatch(frame, (index) => table.topics[index] === 'a', allocate)
      const wanted = expected(list).filter((_, at) => list[at]?.topic === 'a')
      if (wanted.length === 0) return assert.equal(filtered, undefined)
      assert.ok(filtered)
      assert.deepEqual([batchProducer(filtered), read(filtered)], [tag, wanted])
    }),
  )
})

test('a part of a batch has the sequences that its records had, of its origin and of its producer', () => {
  fc.assert(
    fc.property(fc.option(producer, { nil: undefined }), records, fc.nat(), fc.nat(), (tag, list, a, b) => {
      const from = a % list.length
      const count = 1 + (b % (list.length - from))
      const slice = sliceBatch(batchOf(tag, list), from, count, allocate)
      assert.deepEqual(read(slice), expected(list.slice(from, from + count), from))
      assert.deepEqual(batchProducer(slice), tag && { ...tag, sequence: tag.sequence + from })
      const rest = batchFrom(batchOf(tag, list), 41 + from, allocate)
      assert.deepEqual(read(rest), expected(list.slice(from), from))
    }),
  )
})

test('nothing is cut off a batch that lies behind a sequence, or before it', () => {
  const frame = batchOf({ name: 'p', sequence: 1 }, [{ topic: 'a', text: 'x', key: undefined }])
  assert.equal(batchFrom(frame, 40, allocate), frame)
  assert.equal(batchFrom(frame, 42, allocate), frame)
})

test('a void has the sequences of its batch, its producer and its topics, and no message and no offset', () => {
  fc.assert(
    fc.property(producer, records, (tag, list) => {
      const frame = batchOf(tag, list)
      placeBatch(frame, 2, 5)
      const topics = readTopics(frame)
      const before = frame.length
      const empty = voidBatch(frame)
      assert.ok(empty.length < before)
      assert.deepEqual([isVoid(empty), batchPlace(empty), read(empty)], [true, 0, []])
      assert.deepEqual([batchSequence(empty), batchCount(empty)], [41, list.length])
      assert.deepEqual([batchProducer(empty), readTopics(empty)], [tag, topics])
    }),
  )
})

test('names that cannot be and sequences out of range are refused', () => {
  const frame = batchOf({ name: 'billing', sequence: 5 }, [{ topic: 'a', text: 'x', key: undefined }])
  assert.equal(producerProblem(frame), undefined)
  const changed = (at: number, byte: number): Uint8Array => {
    const copy = new Uint8Array(frame)
    copy[at] = byte
    return copy
  }
  assert.match(producerProblem(changed(batchHeaderBytes + 9, 0x20)) ?? '', /names the producer " illing"/)
  assert.match(producerProblem(changed(batchHeaderBytes, 0)) ?? '', /the producer sequence 0/)
  assert.match(producerProblem(changed(batchHeaderBytes + 7, 0xff)) ?? '', /the producer sequence/)
  assert.match(batchHeaderProblem(changed(batchHeaderBytes + 8, 255)) ?? '', /topic table/)
  assert.deepEqual(['a', 'A-1_x.y', 'x'.repeat(64), '', 'a b', 'ü', 'x'.repeat(65), 7].map(isProducerName), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ])
})

test('bytes that are no batch never make its readers throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 150 }), fc.boolean(), (bytes, isFlagged) => {
      if (isFlagged && bytes.length > 1) bytes[batchOffset.flags] = batchFlag.producer
      if (batchHeaderProblem(bytes) !== undefined || producerProblem(bytes) !== undefined) return
      const reader = new BatchReader()
      reader.open(bytes)
      while (reader.next());
    }),
  )
})

test('a frame that ends inside its producer is refused', () => {
  const frame = batchOf({ name: 'billing', sequence: 5 }, [{ topic: 'a', text: 'x', key: undefined }])
  for (let length = 0; length < frame.length - 2; length++)
    assert.ok(batchHeaderProblem(frame.subarray(0, length)), `${length} bytes`)
})

test('a header that says that a producer follows, and is the end of the frame, is refused', () => {
  for (let length = batchHeaderBytes + 3; length < batchHeaderBytes + 9; length++) {
    const frame = new Uint8Array(length)
    frame[batchOffset.flags] = batchFlag.producer
    frame[batchOffset.topicCount] = 1
    frame[batchOffset.recordCount] = 1
    frame[batchOffset.topicsStart] = batchHeaderBytes
    assert.ok(batchHeaderProblem(frame), `${length} bytes`)
    frame[batchOffset.flags] = 0
    assert.equal(batchHeaderProblem(frame), undefined)
  }
})
