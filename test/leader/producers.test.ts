// What a stream knows of its named producers: compared with a plain set of sequences, and where it forgets.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Boot } from '../../node/core/common/ids.ts'
import { protocolLimits } from '../../node/core/common/limits.ts'
import {
  allStretchesMax,
  type Part,
  Producers,
  producersMax,
  type StoredPlace,
  stretchesMax,
} from '../../node/leader/producers.ts'

const placeAt = (offset: number, first = offset): StoredPlace => {
  return { boot: 1 as Boot, first, epoch: 1, offset }
}

/** What is stored of what comes, at the next offsets. */
function storeNew(producers: Producers, name: string, sequence: number, count: number, offset = 1): number {
  let next = offset
  for (const { kind, skip, count: records } of producers.judge(name, sequence, count)) {
    if (kind !== 'new') continue
    producers.store(name, sequence + skip, records, placeAt(next))
    next += records
  }
  return next
}

const kindsOf = (parts: readonly Part[]): string =>
  parts.map(({ kind, skip, count }) => `${kind} ${skip}+${count}`).join(', ')

test('a sequence is new once, in whatever order and batches they come', () => {
  const batch = fc.record({
    sequence: fc.integer({ min: 1, max: 60 }),
    count: fc.integer({ min: 1, max: 8 }),
  })
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 30 }), (batches) => {
      const producers = new Producers()
      const stored = new Set<number>()
      for (const { sequence, count } of batches) {
        const parts = producers.judge('p', sequence, count)
        const judged = parts.flatMap(({ kind, count: records }) =>
          Array.from({ length: records }, () => kind),
        )
        const expected = Array.from({ length: count }, (_, at) =>
          stored.has(sequence + at) ? 'copy' : 'new',
        )
        assert.deepEqual(judged, expected)
        storeNew(producers, 'p', sequence, count)
        for (let at = 0; at < count; at++) stored.add(sequence + at)
      }
    }),
  )
})

test('a retry of what lies below later sequences is told from what is stored there', () => {
  const producers = new Producers()
  storeNew(producers, 'p', 1, 3)
  storeNew(producers, 'p', 10, 5)
  assert.equal(kindsOf(producers.judge('p', 2, 2)), 'copy 0+2')
  assert.equal(kindsOf(producers.judge('p', 5, 2)), 'new 0+2')
  assert.equal(kindsOf(producers.judge('p', 2, 10)), 'copy 0+2, new 2+6, copy 8+2')
  assert.equal(kindsOf(producers.judge('p', 14, 3)), 'copy 0+1, new 1+2')
})

test('producers do not know of one another', () => {
  const producers = new Producers()
  storeNew(producers, 'p', 1, 3)
  assert.equal(kindsOf(producers.judge('q', 1, 3)), 'new 0+3')
})

test('below the stretches that are kept nobody knows any more what is stored', () => {
  const producers = new Producers()
  for (let nth = 1; nth <= stretchesMax; nth++) storeNew(producers, 'p', 10 * nth, 2)
  assert.equal(kindsOf(producers.judge('p', 10, 2)), 'copy 0+2')
  storeNew(producers, 'p', 10 * (stretchesMax + 1), 2)
  assert.equal(kindsOf(producers.judge('p', 10, 2)), 'old 0+2')
  assert.equal(kindsOf(producers.judge('p', 11, 20)), 'old 0+20')
  assert.equal(kindsOf(producers.judge('p', 12, 2)), 'new 0+2')
  assert.equal(kindsOf(producers.judge('p', 20, 2)), 'copy 0+2')
})

test('of too many producers the one is forgotten that came longest ago, also if it came with copies', () => {
  const producers = new Producers()
  for (let nth = 0; nth < producersMax; nth++) storeNew(producers, `p${nth}`, 1, 1)
  producers.pass('p0')
  storeNew(producers, 'another', 1, 1)
  assert.equal(kindsOf(producers.judge('p0', 1, 1)), 'copy 0+1')
  assert.equal(kindsOf(producers.judge('p1', 1, 1)), 'new 0+1')
  assert.equal(kindsOf(producers.judge('p2', 1, 1)), 'copy 0+1')
})

test('of too many stretches in all, whole producers are forgotten, longest ago first', () => {
  const producers = new Producers()
  const count = allStretchesMax / stretchesMax
  for (let nth = 0; nth < count; nth++)
    for (let at = 1; at <= stretchesMax; at++) storeNew(producers, `p${nth}`, 2 * at, 1)
  assert.equal(kindsOf(producers.judge('p0', 2, 1)), 'copy 0+1')
  storeNew(producers, 'another', 1, 1)
  assert.equal(kindsOf(producers.judge('p0', 2, 1)), 'new 0+1')
  assert.equal(kindsOf(producers.judge('p1', 2, 1)), 'copy 0+1')
  // What was forgotten makes room.
  for (let at = 1; at < stretchesMax; at++) storeNew(producers, 'another', 2 * at, 1)
  assert.equal(kindsOf(producers.judge('p1', 2, 1)), 'copy 0+1')
})

test('a table that is full in every way fits into a message between nodes', () => {
  const producers = new Producers()
  const big = Number.MAX_SAFE_INTEGER
  for (let nth = 0; nth < producersMax; nth++) {
    const name = `${big} ${String(nth).padStart(64, 'x')}`
    for (let at = allStretchesMax / producersMax; at > 0; at--) {
      const place = { boot: big as Boot, first: big - 1, epoch: 2 ** 32, offset: big - 1 }
      producers.store(name, big - 3 * at, 2, place)
    }
  }
  const bytes = JSON.stringify(producers.encode()).length
  assert.equal(Producers.decode(producers.encode())?.encode().length, producersMax)
  assert.ok(bytes < 800_000 && bytes < protocolLimits.frameBytesMax, `${bytes}`)
})

test('copies of what came last are found, over all batches that followed one another', () => {
  const producers = new Producers()
  producers.store('p', 1, 2, placeAt(5, 1))
  producers.store('p', 3, 2, placeAt(7, 3))
  assert.deepEqual(producers.find('p', 1, 4), [{ count: 4, place: placeAt(5, 1) }])
  assert.deepEqual(producers.find('p', 2, 1), [{ count: 1, place: placeAt(6, 2) }])
  // Somebody else's message came between.
  producers.store('p', 5, 2, placeAt(20, 5))
  assert.deepEqual(producers.find('p', 3, 4), [
    { count: 2, place: undefined },
    { count: 2, place: placeAt(20, 5) },
  ])
  assert.deepEqual(producers.find('p', 1, 1), [{ count: 1, place: undefined }])
  assert.deepEqual(producers.find('q', 1, 1), [{ count: 1, place: undefined }])
})

test('what is read back judges, finds and forgets as what was written', () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    sequence: fc.integer({ min: 1, max: 40 }),
    count: fc.integer({ min: 1, max: 4 }),
  })
  fc.assert(
    fc.property(fc.array(step), fc.array(step), (before, after) => {
      const original = new Producers()
      let offset = 1
      for (const { name, sequence, count } of before)
        offset = storeNew(original, name, sequence, count, offset)
      const read = Producers.decode(JSON.parse(JSON.stringify(original.encode())))
      assert.ok(read)
      const clone = original.clone()
      for (const { name, sequence, count } of after) {
        for (const each of [read, clone]) {
          assert.deepEqual(each.judge(name, sequence, count), original.judge(name, sequence, count))
          assert.deepEqual(each.find(name, sequence, count), original.find(name, sequence, count))
        }
        const end = storeNew(original, name, sequence, count, offset)
        for (const each of [read, clone]) storeNew(each, name, sequence, count, offset)
        offset = end
      }
      assert.deepEqual(read.encode(), original.encode())
      assert.deepEqual(clone.encode(), original.encode())
    }),
  )
})

test('a hole that is filled joins what lies on both sides of it', () => {
  const producers = new Producers()
  for (const sequence of [1, 5, 3, 2, 4]) storeNew(producers, 'p', sequence, 1)
  const [[, , stretches] = []] = producers.encode() as [unknown, unknown, unknown][]
  assert.deepEqual(stretches, [1, 5])
})

test('what went over another origin, or in another epoch, is not found through what follows it', () => {
  for (const other of [{ boot: 2 as Boot }, { epoch: 2 }]) {
    const producers = new Producers()
    producers.store('p', 1, 2, placeAt(1))
    producers.store('p', 3, 1, { ...placeAt(3), ...other })
    assert.deepEqual(producers.find('p', 2, 1), [{ count: 1, place: undefined }])
    assert.deepEqual(producers.find('p', 3, 1), [{ count: 1, place: { ...placeAt(3), ...other } }])
  }
})

test('a table that was read, or copied, forgets the same as the one that it was taken from', () => {
  const original = new Producers()
  for (let nth = 0; nth < producersMax; nth++) storeNew(original, `p${nth}`, 1, 1)
  storeNew(original, 'p0', 2, 1)
  const full = new Producers()
  for (let nth = 0; nth < allStretchesMax / stretchesMax; nth++)
    for (let at = 1; at <= stretchesMax; at++) storeNew(full, `p${nth}`, 2 * at, 1)
  for (const table of [original, full]) {
    const read = Producers.decode(table.encode())
    assert.ok(read)
    for (const each of [read, table.clone(), table]) {
      storeNew(each, 'another', 1, 1)
      const kept = (name: string): string => kindsOf(each.judge(name, 2, 1))
      const isFull = table === full
      assert.equal(kept('p0'), isFull ? 'new 0+1' : 'copy 0+1')
      assert.equal(kindsOf(each.judge('p1', isFull ? 2 : 1, 1)), isFull ? 'copy 0+1' : 'new 0+1')
    }
  }
})

test('what is no table of producers is refused', () => {
  const bad = [
    7,
    [7],
    [['p']],
    [['p', 0, [1], [1, 'x']]],
    [['p', -1, [], []]],
    [['p', 0, [0.5], []]],
    [[7, 0, [], []]],
  ]
  for (const value of bad) assert.equal(Producers.decode(value), undefined, JSON.stringify(value))
  assert.ok(Producers.decode([['p', 0, [1, 2], []]]))
})
