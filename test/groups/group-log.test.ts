// The log of one group in memory: it is what was put into it, and each piece of memory is let go once, when nobody reads it any more.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyConfiguration } from '../../node/core/raft/configuration.ts'
import { initialHardState, type LogEntry, noData, type Snapshot } from '../../node/core/raft/entry.ts'
import { EntryMemory } from '../../node/groups/entry-memory.ts'
import { GroupLog } from '../../node/groups/group-log.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'

const configuration = { ...emptyConfiguration, voters: [1, 2, 3] }
const everything = Number.MAX_SAFE_INTEGER

function floorAt(index: number, term: number): Snapshot {
  return { index, term, configuration, data: Buffer.from(`state of ${index}`) }
}

/** Entries from an index on, one for each term. */
function entriesAt(first: number, ...terms: readonly number[]): LogEntry[] {
  return terms.map((term, nth) => ({ term, index: first + nth, data: Buffer.from(`${term}/${first + nth}`) }))
}

function entriesOf(log: GroupLog): readonly LogEntry[] {
  return log.firstIndex > log.lastIndex ? [] : log.entries(log.firstIndex, log.lastIndex, everything)
}

function textOf({ data }: LogEntry): string {
  return Buffer.from(data).toString()
}

function textsOf(log: GroupLog): string[] {
  return entriesOf(log).map(textOf)
}

function createLog(): { readonly log: GroupLog; readonly slabs: CountedSlabs } {
  const slabs = new CountedSlabs(smallWipedSlabs)
  return { log: new GroupLog(floorAt(0, 0), new EntryMemory(slabs)), slabs }
}

test('a log that begins is empty behind its floor', () => {
  const { log, slabs } = createLog()
  assert.deepEqual([log.firstIndex, log.lastIndex, log.termAt(0), log.termAt(1)], [1, 0, 0, undefined])
  assert.deepEqual(log.initialState(), { hardState: initialHardState, configuration })
  assert.deepEqual(log.snapshot(), floorAt(0, 0))
  assert.equal(slabs.bytesOut, 0)
})

test('appending goes on behind the end, and knows terms and entries by their index', () => {
  const { log } = createLog()
  log.append(entriesAt(1, 1, 1))
  log.append([])
  log.append(entriesAt(3, 2))
  assert.deepEqual(textsOf(log), ['1/1', '1/2', '2/3'])
  assert.deepEqual(
    [0, 1, 3, 4].map((index) => log.termAt(index)),
    [0, 1, 2, undefined],
  )
  assert.deepEqual([log.at(0), log.at(4), log.at(2)?.index], [undefined, undefined, 2])
})

test('as many entries are given as some bytes allow, and one where none would fit', () => {
  const { log } = createLog()
  log.append(entriesAt(1, 1, 1, 1))
  const count = (bytesMax: number): number => log.entries(1, 3, bytesMax).length
  const one = 64 + 3
  assert.deepEqual([0, one, 2 * one - 1, 2 * one, everything].map(count), [1, 1, 1, 2, 3])
  assert.deepEqual(
    log.entries(2, 2, everything).map(({ index }) => index),
    [2],
  )
})

test('what an entry carries stands in memory of the log from then on, and who has the entry sees that', () => {
  const { log } = createLog()
  const source = new Uint8Array(100).fill(7)
  const entry = { term: 1, index: 1, data: source.subarray(10, 20) }
  log.append([entry])
  source.fill(0)
  assert.notEqual(entry.data.buffer, source.buffer)
  assert.deepEqual(entry.data, new Uint8Array(10).fill(7))
  assert.equal(log.at(1), entry)
})

test('what is too large for a slab is copied as well', () => {
  const { log, slabs } = createLog()
  const source = new Uint8Array(slabs.slabBytes).fill(7)
  log.append([{ term: 1, index: 1, data: source }])
  source.fill(0)
  assert.deepEqual(log.at(1)?.data, new Uint8Array(slabs.slabBytes).fill(7))
})

test('what is replaced is gone from the log, and read until everything handed before is written', () => {
  const { log, slabs } = createLog()
  const old = entriesAt(1, 1, 1)
  log.append(old)
  const held = slabs.bytesOut
  // Nothing else stands in their slab: letting go would overwrite them.
  log.restore(floorAt(0, 0))
  const source = entriesAt(1, 2)
  log.append(source)
  assert.deepEqual(textsOf(log), ['2/1'])
  assert.deepEqual(
    old.map(({ data }) => Buffer.from(data).toString()),
    ['1/1', '1/2'],
  )
  log.append(entriesAt(1, 3))
  assert.deepEqual(
    source.map(({ data }) => Buffer.from(data).toString()),
    ['2/1'],
  )
  log.letGoOfReplaced()
  log.letGoOfReplaced()
  assert.deepEqual(textsOf(log), ['3/1'])
  assert.ok(slabs.bytesOut <= held)
})

test('the floor takes the place of entries, which are let go when nobody is sent them any more', () => {
  const { log, slabs } = createLog()
  log.append(entriesAt(1, 1, 1, 2))
  log.compact(floorAt(2, 1))
  assert.deepEqual([log.firstIndex, log.lastIndex, log.termAt(2), log.at(2)], [3, 3, 1, undefined])
  assert.deepEqual(textsOf(log), ['2/3'])
  assert.ok(slabs.bytesOut > 0)
  const last = log.at(3)
  log.compact(floorAt(3, 2))
  assert.deepEqual([log.firstIndex, log.lastIndex], [4, 3])
  assert.deepEqual(last?.data, new Uint8Array(Buffer.from('2/3')))
  log.letGoOfDropped()
  log.letGoOfDropped()
  assert.equal(slabs.bytesOut, 0)
  log.append(entriesAt(4, 2))
  assert.deepEqual(textsOf(log), ['2/4'])
})

test('a snapshot takes the place of everything', () => {
  const { log, slabs } = createLog()
  log.append(entriesAt(1, 1, 1))
  log.restore(floorAt(9, 3))
  assert.deepEqual([log.firstIndex, log.lastIndex, log.termAt(9), log.termAt(1)], [10, 9, 3, undefined])
  assert.deepEqual(log.snapshot(), floorAt(9, 3))
  assert.ok(slabs.bytesOut > 0)
  log.letGoOfReplaced()
  assert.equal(slabs.bytesOut, 0)
  log.append(entriesAt(10, 3))
  assert.deepEqual(textsOf(log), ['3/10'])
})

test('a hole, and a floor that is no entry of the log, are faults of the program', () => {
  const { log } = createLog()
  log.append(entriesAt(1, 1, 1))
  assert.throws(() => log.append(entriesAt(4, 1)), /a log has no holes/)
  assert.throws(() => log.compact(floorAt(2, 2)), /the floor is an entry of the log/)
  assert.throws(() => log.compact(floorAt(3, 1)), /the floor is an entry of the log/)
  assert.throws(() => log.entries(1, 3, everything), /only what is here is asked for/)
})

/** What may happen to a log, with numbers that are brought into range when it happens. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 400 }) }),
  fc.record({
    kind: fc.constant('replace' as const),
    back: fc.nat(30),
    count: fc.integer({ min: 1, max: 30 }),
  }),
  fc.record({
    kind: fc.constant('compact' as const),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    keepsNth: fc.nat(9),
  }),
  fc.record({
    kind: fc.constant('restore' as const),
    ahead: fc.integer({ min: 1, max: 9 }),
    keeps: fc.nat(3),
  }),
  fc.record({ kind: fc.constantFrom('written' as const, 'sent' as const) }),
)

/** The naive log: a list. */
interface Model {
  floor: number
  kept: string[]
  texts: string[]
  term: number
}

function take(
  log: GroupLog,
  model: Model,
  each: typeof step extends fc.Arbitrary<infer Step> ? Step : never,
): void {
  const append = (first: number, count: number): void => {
    const entries = entriesAt(first, ...Array<number>(count).fill(model.term))
    model.texts.length = first - 1 - model.floor
    model.texts.push(...entries.map(({ data }) => data.toString()))
    log.append(entries)
  }
  const end = model.floor + model.texts.length
  if (each.kind === 'append') append(end + 1, each.count)
  else if (each.kind === 'replace') {
    model.term++
    append(Math.max(model.floor, end - each.back) + 1, each.count)
  } else if (each.kind === 'compact') {
    const index = model.floor + Math.floor(each.share * model.texts.length)
    const isKept = (_: unknown, nth: number): boolean => each.keepsNth > 0 && nth % each.keepsNth === 0
    const passed = [...(log.floor.kept ?? []), ...entriesOf(log).slice(0, index - model.floor)]
    log.compact({ ...floorAt(index, log.termAt(index) ?? -1), kept: passed.filter(isKept) })
    model.kept = [...model.kept, ...model.texts.splice(0, index - model.floor)].filter(isKept)
    model.floor = index
  } else if (each.kind === 'restore') {
    const kept = entriesAt(end + each.ahead - each.keeps, ...Array<number>(each.keeps).fill(model.term))
    model.floor = end + each.ahead
    model.texts = []
    model.kept = kept.map(textOf)
    log.restore({ ...floorAt(model.floor, model.term), kept })
    for (const { data } of kept) data.fill(0)
  } else if (each.kind === 'written') log.letGoOfReplaced()
  else log.letGoOfDropped()
}

test('a log is what a list would be, after whatever steps, and at the end has no memory', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { log, slabs } = createLog()
      const model: Model = { floor: 0, kept: [], texts: [], term: 1 }
      for (const each of steps) {
        take(log, model, each)
        assert.deepEqual(textsOf(log), model.texts)
        assert.deepEqual(log.floor.kept?.map(textOf) ?? [], model.kept)
        const bytes = [...model.kept, ...model.texts].reduce((sum, text) => sum + text.length, 0)
        assert.deepEqual([log.dataBytes, log.count], [bytes, model.kept.length + model.texts.length])
        assert.equal(log.firstIndex, model.floor + 1)
      }
      log.letGoOfReplaced()
      log.compact(floorAt(log.lastIndex, log.termAt(log.lastIndex) ?? -1))
      log.letGoOfDropped()
      assert.equal(slabs.bytesOut, 0)
    }),
    { seed: 20261106, numRuns: 200 },
  )
})

test('entries without data take no memory', () => {
  const { log, slabs } = createLog()
  const change = { changes: [{ kind: 'voter', id: 4 }], transition: 'auto' } as const
  log.append([
    { term: 1, index: 1, data: noData },
    { term: 1, index: 2, data: noData, change },
  ])
  log.restore(floorAt(5, 1))
  log.letGoOfReplaced()
  assert.equal(slabs.bytesOut, 0)
})

test('the oldest write is the one with the first entry that is here, also after a part was replaced', () => {
  const log = new GroupLog(floorAt(0, 0))
  const put = (write: number, ...indices: readonly number[]): void => {
    const entries = indices.flatMap((index) => entriesAt(index, write))
    log.append(entries)
    log.onWritten({ kind: 'entries', group: 7, entries }, write)
  }
  put(1, 1, 2)
  put(2, 3, 4)
  put(3, 5)
  assert.equal(log.oldestWrite, 1)
  put(4, 2)
  assert.equal(log.oldestWrite, 1)
  put(5, 1)
  assert.equal(log.oldestWrite, 5)
})
