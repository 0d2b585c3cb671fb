// What groups write into the log of their node: it reads back as it was, and other bytes are nothing.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyConfiguration } from '../../node/core/raft/configuration.ts'
import { noData } from '../../node/core/raft/entry.ts'
import { decodeEntries, encodeEntries } from '../../node/wire/log-entries.ts'
import { decodeRecords, encodeRecord, type LogRecord } from '../../node/wire/log-records.ts'
import { decodeSnapshot, encodeSnapshot } from '../../node/wire/snapshot-bytes.ts'
import {
  beginnings,
  damage,
  damaged,
  entries,
  hardState,
  join,
  plain,
  snapshot,
  u32,
} from './raft-arbitraries.ts'

const seed = 20261101

const record: fc.Arbitrary<LogRecord> = fc.oneof(
  fc.record({ kind: fc.constant('entries' as const), group: u32, entries }, plain),
  fc.record({ kind: fc.constant('hard-state' as const), group: u32, hardState }, plain),
  fc.record({ kind: fc.constant('floor' as const), group: u32, snapshot }, plain),
)
const records = fc.array(record, { maxLength: 5 })

const encodeAll = (list: readonly LogRecord[]): Uint8Array => join(list.flatMap(encodeRecord))

test('entries read back as they were written, with data, without, and with changes of members', () => {
  fc.assert(
    fc.property(entries, (list) => assert.deepEqual(decodeEntries(join(encodeEntries(list))), list)),
    { seed, numRuns: 500 },
  )
})

test('entries are not copied: what they carry is the parts that are written, and views of what is read', () => {
  const data = Uint8Array.of(1, 2, 3)
  const parts = encodeEntries([
    { term: 1, index: 5, data },
    { term: 1, index: 6, data: noData },
  ])
  assert.equal(parts.length, 2)
  assert.equal(parts[1], data)
  const bytes = join(parts)
  assert.equal(decodeEntries(bytes)?.[0]?.data.buffer, bytes.buffer)
})

test('entries that end early, go on too long, or have impossible places are none', () => {
  const place = (first: number, term: number): Uint8Array =>
    join(encodeEntries([{ term, index: first, data: Uint8Array.of(1, 2) }]))
  const whole = place(7, 3)
  for (const beginning of beginnings(whole)) assert.equal(decodeEntries(beginning), undefined)
  assert.equal(decodeEntries(join([whole, Uint8Array.of(0)])), undefined)
  for (const [first, term] of [
    [-1, 1],
    [0.5, 1],
    [2 ** 53, 1],
    [Number.NaN, 1],
    [7, -1],
    [7, 1.5],
    [7, Number.POSITIVE_INFINITY],
  ] as const) {
    assert.equal(decodeEntries(place(first, term)), undefined, `${first} ${term}`)
  }
})

test('a change of members that is no such change makes the entries none', () => {
  const encode = (change: unknown): Uint8Array =>
    join(encodeEntries([{ term: 1, index: 1, data: noData, change: change as never }]))
  assert.ok(decodeEntries(encode({ changes: [{ kind: 'voter', id: 4 }], transition: 'auto' })))
  for (const change of [
    null,
    1,
    {},
    { changes: [], transition: 'later' },
    { changes: 'none', transition: 'auto' },
    { changes: [null], transition: 'auto' },
    { changes: [{ kind: 'king', id: 1 }], transition: 'auto' },
    { changes: [{ kind: 'voter', id: '1' }], transition: 'auto' },
    { changes: [{ kind: 'voter', id: 0 }], transition: 'auto' },
    { changes: [{ kind: { toString: 1 }, id: 1 }], transition: 'auto' },
  ]) {
    assert.equal(decodeEntries(encode(change)), undefined, JSON.stringify(change))
  }
})

test('a snapshot reads back as it was written', () => {
  fc.assert(
    fc.property(snapshot, (each) => assert.deepEqual(decodeSnapshot(join(encodeSnapshot(each))), each)),
    { seed, numRuns: 300 },
  )
})

test('a snapshot keeps entries that ascend up to its own index, or is none', () => {
  const encode = (...kept: readonly (readonly [number, number])[]): Uint8Array => {
    const entries = kept.map(([index, term]) => ({ index, term, data: new Uint8Array(3) }))
    return join(
      encodeSnapshot({ index: 9, term: 2, configuration: emptyConfiguration, data: noData, kept: entries }),
    )
  }
  assert.equal(decodeSnapshot(encode([3, 1], [9, 2]))?.kept?.length, 2)
  // One is as long as its members say, the entries begin behind them, and the state is all that follows.
  for (const beginning of beginnings(encode([3, 1], [9, 2])))
    assert.equal(decodeSnapshot(beginning), undefined)
  for (const kept of [
    [
      [3, 1],
      [3, 1],
    ],
    [
      [4, 1],
      [3, 1],
    ],
    [[10, 1]],
    [[-1, 1]],
    [[1.5, 1]],
    [[1, -1]],
    [[1, Number.NaN]],
  ] as const)
    assert.equal(decodeSnapshot(encode(...kept)), undefined, JSON.stringify(kept))
})

test('a snapshot whose members or place are none is none', () => {
  const encode = (fields: object): Uint8Array =>
    join(encodeSnapshot({ index: 1, term: 1, configuration: emptyConfiguration, data: noData, ...fields }))
  assert.ok(decodeSnapshot(encode({})))
  for (const beginning of beginnings(encode({}))) assert.equal(decodeSnapshot(beginning), undefined)
  for (const fields of [
    { index: -1 },
    { index: 1.5 },
    { term: -1 },
    { term: Number.NaN },
    { configuration: null },
    { configuration: { ...emptyConfiguration, voters: [0] } },
    { configuration: { ...emptyConfiguration, learners: ['1'] } },
    { configuration: { ...emptyConfiguration, outgoing: 1 } },
    { configuration: { ...emptyConfiguration, autoLeave: 1 } },
  ]) {
    assert.equal(decodeSnapshot(encode(fields)), undefined, JSON.stringify(fields))
  }
})

test('the records of a write read back as they were written, in their order', () => {
  fc.assert(
    fc.property(records, (list) => assert.deepEqual(decodeRecords(encodeAll(list)), list)),
    { seed, numRuns: 500 },
  )
})

test('records that end inside one are none, and those that end behind one are those up to there', () => {
  fc.assert(
    fc.property(records, (list) => {
      const ends = new Map(list.map((_, at) => [encodeAll(list.slice(0, at)).length, at]))
      for (const beginning of beginnings(encodeAll(list))) {
        const whole = ends.get(beginning.length)
        assert.deepEqual(decodeRecords(beginning), whole === undefined ? undefined : list.slice(0, whole))
      }
    }),
    { seed, numRuns: 50 },
  )
})

test('damaged records are something else or nothing, and never throw', () => {
  fc.assert(
    fc.property(records, damage, (list, how) => {
      const read = decodeRecords(damaged(encodeAll(list), how))
      // Whatever is read can be written again.
      if (read !== undefined) assert.deepEqual(decodeRecords(encodeAll(read)), read)
    }),
    { seed, numRuns: 5000 },
  )
})

test('a record of an unknown kind, and a hard state that is too long or below zero, are none', () => {
  const state = { term: 4, vote: 2, commit: 9 }
  const bytes = join(encodeRecord({ kind: 'hard-state', group: 3, hardState: state }))
  assert.deepEqual(decodeRecords(bytes), [{ kind: 'hard-state', group: 3, hardState: state }])
  for (const kind of [0, 4, 255])
    assert.equal(decodeRecords(Uint8Array.of(kind, ...bytes.subarray(1))), undefined)
  const longer = Uint8Array.from([...bytes, 0])
  longer[8] = 25
  assert.equal(decodeRecords(longer), undefined)
  const below = { ...state, vote: -1 }
  assert.equal(
    decodeRecords(join(encodeRecord({ kind: 'hard-state', group: 3, hardState: below }))),
    undefined,
  )
})
