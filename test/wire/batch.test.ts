// Batches: what a builder writes a reader reads, filters keep positions, and changed bytes never lead outside.

import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Boot, StreamId } from '../../node/core/common/ids.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { filterBatch } from '../../node/wire/batch-filter.ts'
import {
  batchCount,
  batchEpoch,
  batchFlag,
  batchHeaderBytes,
  batchOffset,
  batchPlace,
  batchSequence,
  numberBatch,
  numberedBatchProblem,
  placeBatch,
} from '../../node/wire/batch-header.ts'
import { BatchReader, readHeaders, readTopics } from '../../node/wire/batch-reader.ts'
import { readRecordParts, recordEnd } from '../../node/wire/record.ts'
import { readText } from '../../node/wire/text.ts'

const seed = 20260102
/** Fresh bytes that are not zero, so that nothing relies on zeroed memory. */
const allocate = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0xab)

interface Publication {
  readonly topic: string
  readonly payload: string | Uint8Array
  readonly headers?: Record<string, string> | undefined
  readonly key?: string | undefined
  readonly time?: number | undefined
}

interface Read {
  readonly sequence: number
  readonly topic: string
  readonly payload: number[]
  readonly headers: [string, string][]
  readonly key: string | undefined
  readonly time: number
}

const topic = fc.stringMatching(/^[a-z€]{1,6}(\.[a-z0-9]{1,6}){0,2}$/)
const text = fc.string({ unit: 'grapheme', maxLength: 300 })
const publication: fc.Arbitrary<Publication> = fc.record(
  {
    topic,
    payload: fc.oneof(text, fc.uint8Array({ maxLength: 300 })),
    headers: fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 40 }), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
    key: fc.string({ unit: 'grapheme', maxLength: 40 }),
    time: fc.integer({ min: 0, max: 4_000_000 }).map((micros) => 1000 + micros / 1000),
  },
  { requiredKeys: ['topic', 'payload'] },
)
const publications = fc.array(publication, { minLength: 1, maxLength: 40 })

function build(list: readonly Publication[], builder = new BatchBuilder(allocate)): Uint8Array {
  for (const { topic, payload, ...options } of list) {
    builder.append(topic, payload, Object.keys(options).length === 0 ? undefined : options, 1000)
  }
  const frame = builder.finish(9, 'copies')
  numberBatch(frame, 5 as StreamId, 6 as Boot, 100, 0)
  return frame
}

function readAll(frame: Uint8Array): Read[] {
  assert.equal(numberedBatchProblem(frame), undefined)
  const read = readTopics(frame)
  assert.ok('topics' in read)
  const reader = new BatchReader()
  const records: Read[] = []
  reader.open(frame)
  while (reader.next()) {
    const parts = readRecordParts(frame, reader.recordStart)
    assert.equal(parts.payloadStart, reader.payloadStart)
    assert.equal(parts.payloadEnd, reader.payloadEnd)
    assert.equal(recordEnd(frame, reader.recordStart), reader.payloadEnd)
    records.push({
      sequence: reader.sequence,
      topic: read.topics[reader.topicIndex] ?? '',
      payload: [...frame.subarray(reader.payloadStart, reader.payloadEnd)],
      headers: Object.entries(readHeaders(frame, parts.headersStart, parts.headersEnd)),
      key: parts.hasKey ? readText(frame.subarray(parts.keyStart, parts.keyEnd)) : undefined,
      time: reader.time,
    })
  }
  assert.equal(reader.problem, undefined)
  return records
}

/** The naive model of what must be read. */
function expected(list: readonly Publication[]): Read[] {
  const base = list[0]?.time ?? 1000
  return list.map(({ topic, payload, headers, key, time }, index) => ({
    sequence: 100 + index,
    topic,
    payload: [...(typeof payload === 'string' ? new TextEncoder().encode(payload) : payload)],
    headers: Object.entries(headers ?? {}),
    key,
    time: Math.max(base, time ?? base),
  }))
}

function assertReads(actual: readonly Read[], wanted: readonly Read[]): void {
  assert.equal(actual.length, wanted.length)
  for (const [index, record] of actual.entries()) {
    const other = wanted[index] as Read
    assert.ok(Math.abs(record.time - other.time) < 0.001)
    assert.deepEqual({ ...record, time: 0 }, { ...other, time: 0 })
  }
}

test('a reader reads what a builder wrote', () => {
  fc.assert(
    fc.property(publications, (list) => assertReads(readAll(build(list)), expected(list))),
    { seed, numRuns: 500 },
  )
})

test('one builder writes batch after batch', () => {
  fc.assert(
    fc.property(fc.array(publications, { maxLength: 4 }), (lists) => {
      const builder = new BatchBuilder(allocate)
      const frames = lists.map((list) => build(list, builder))
      for (const [index, frame] of frames.entries()) {
        assertReads(readAll(frame), expected(lists[index] as Publication[]))
      }
    }),
    { seed, numRuns: 100 },
  )
})

test('a filter keeps what is kept, at its sequence, also when filtered again', () => {
  const choice = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 })
  fc.assert(
    fc.property(publications, choice, choice, (list, first, second) => {
      const frame = build(list)
      const before = frame.slice()
      const topics = [...new Set(list.map((one) => one.topic))]
      const kept = (topic: string, chosen: boolean[]): boolean => chosen[topics.indexOf(topic)] === true
      const once = filterBatch(frame, (index) => first[index] === true, allocate)
      assert.deepEqual(frame, before)
      const wanted = expected(list).filter((record) => kept(record.topic, first))
      if (wanted.length === 0) return assert.equal(once, undefined)
      assert.ok(once !== undefined)
      assertReads(readAll(once), wanted)
      assert.equal(batchCount(once), list.length)
      assert.equal(batchSequence(once), 100)
      const twice = filterBatch(once, (index) => second[index] === true, allocate)
      const both = wanted.filter((record) => kept(record.topic, second))
      if (both.length === 0) return assert.equal(twice, undefined)
      assert.ok(twice !== undefined)
      assertReads(readAll(twice), both)
      const direct = filterBatch(frame, (index) => first[index] === true && second[index] === true, allocate)
      assert.deepEqual(twice, direct)
    }),
    { seed, numRuns: 500 },
  )
})

test('a filter merges neighbouring holes', () => {
  const list = ['a', 'b', 'b', 'a', 'b'].map((topic) => ({ topic, payload: '' }))
  const filtered = filterBatch(build(list), (index) => index === 0, allocate)
  assert.ok(filtered !== undefined)
  const holes = 4 + 4
  const records = 6 + 6
  const table = 2 + 2
  assert.equal(filtered.length, batchHeaderBytes + holes + records + table)
})

test('a batch that gets its place is as it was but for its epoch and offset, and a filter leaves them', () => {
  const place = fc.record({ epoch: fc.integer({ min: 1, max: 0xffff_ffff }), offset: fc.nat(2 ** 52) })
  fc.assert(
    fc.property(publications, place, (list, { epoch, offset }) => {
      const frame = build(list)
      assert.deepEqual([batchEpoch(frame), batchPlace(frame)], [0, 0])
      const flags = frame[batchOffset.flags] ?? 0
      frame[batchOffset.flags] = flags | batchFlag.submitted
      placeBatch(frame, epoch, offset)
      assertReads(readAll(frame), expected(list))
      assert.deepEqual([batchEpoch(frame), batchPlace(frame)], [epoch, offset])
      assert.equal(frame[batchOffset.flags], flags)
      const filtered = filterBatch(frame, (index) => index === 0, allocate)
      assert.ok(filtered !== undefined)
      assert.deepEqual([batchEpoch(filtered), batchPlace(filtered)], [epoch, offset])
    }),
    { seed, numRuns: 200 },
  )
})

test('a batch whose offset is no number that can be counted on is none', () => {
  const frame = build([{ topic: 'a', payload: '' }])
  frame.fill(0xff, batchOffset.offset, batchOffset.offset + 8)
  assert.equal(numberedBatchProblem(frame), 'has no valid offset')
})

test('a filter that keeps everything gives the same bytes, and one that keeps nothing gives none', () => {
  const frame = build([
    { topic: 'a', payload: 'x' },
    { topic: 'b', payload: 'y', key: 'k' },
  ])
  assert.deepEqual(
    filterBatch(frame, () => true, allocate),
    frame,
  )
  assert.equal(
    filterBatch(frame, () => false, allocate),
    undefined,
  )
})

test('changed bytes end the walk with a problem or inside the frame, and never throw', () => {
  const change = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) })
  fc.assert(
    fc.property(
      publications,
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      (list, changes, cut) => {
        const whole = build(list)
        for (const { at, value } of changes) whole[at % whole.length] = value
        const frame = whole.subarray(0, cut % 4 === 0 ? cut % whole.length : whole.length)
        if (numberedBatchProblem(frame) !== undefined) return
        readTopics(frame)
        const reader = new BatchReader()
        reader.open(frame)
        let records = 0
        let last = batchSequence(frame) - 1
        while (reader.next()) {
          records++
          assert.ok(reader.recordStart < reader.payloadStart && reader.payloadEnd <= frame.length)
          assert.ok(reader.headersEnd <= reader.payloadStart && reader.keyEnd <= reader.payloadStart)
          assert.ok(reader.sequence > last)
          last = reader.sequence
          readHeaders(frame, reader.headersStart, reader.headersEnd)
        }
        assert.ok(records <= batchCount(frame))
        if (reader.problem === undefined) {
          const filtered = filterBatch(frame, (index) => index % 2 === 0, allocate)
          if (filtered !== undefined) assert.ok(filtered.length <= frame.length)
        }
      },
    ),
    { seed, numRuns: 3000 },
  )
})

test('random bytes behind a batch type never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      if (numberedBatchProblem(bytes) !== undefined) return
      const reader = new BatchReader()
      reader.open(bytes)
      while (reader.next()) assert.ok(reader.payloadEnd <= bytes.length)
    }),
    { seed, numRuns: 2000 },
  )
})
