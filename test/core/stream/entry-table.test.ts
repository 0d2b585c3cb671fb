// The numbers of retained batches: what is read back, and when a slot is another entry's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Boot } from '../../../node/core/common/ids.ts'
import {
  type Entry,
  type EntrySlot,
  EntryTable,
  type NewEntry,
} from '../../../node/core/stream/entry-table.ts'

function numbered(number: number): NewEntry {
  const boot = (7 + (number % 3)) as Boot
  return { boot, from: number, to: number + 1, bytes: 100, at: number, offset: 100 * number, confirm: false }
}

/** A new entry that stands in so many places. */
function addTo(table: EntryTable, number: number, places = 1): Entry {
  const entry = table.add(numbered(number))
  for (let place = 0; place < places; place++) table.enter(entry.slot)
  return entry
}

test('an entry reads back what was known of its batch, up to the largest numbers', () => {
  const table = new EntryTable()
  const known: NewEntry = {
    boot: Number.MAX_SAFE_INTEGER as Boot,
    from: Number.MAX_SAFE_INTEGER - 511,
    to: Number.MAX_SAFE_INTEGER,
    bytes: 1_048_704,
    at: 1_795_425_063_468.7725,
    offset: 2 ** 52,
    confirm: true,
  }
  const { slot } = addTo(table, 1)
  const added = table.add(known)
  table.enter(added.slot)
  const { boot, from, to, bytes, at, offset, confirm, heldBack, isQueued } = table.at(added.slot)
  assert.deepEqual({ boot, from, to, bytes, at, offset, confirm }, known)
  assert.deepEqual({ heldBack, isQueued }, { heldBack: false, isQueued: false })
  assert.equal(table.at(slot).from, 1)
})

test('an entry has its frame as a view of the same bytes, until it is dropped', () => {
  const table = new EntryTable()
  const entry = addTo(table, 1)
  const memory = Uint8Array.of(1, 2, 3, 4, 5)
  assert.deepEqual([entry.isHeld, entry.frame], [false, undefined])
  entry.frame = memory.subarray(1, 4)
  memory[2] = 9
  assert.deepEqual([entry.isHeld, table.at(entry.slot).frame], [true, Uint8Array.of(2, 9, 4)])
  entry.frame = undefined
  assert.deepEqual([entry.isHeld, table.isHeld(entry.slot), entry.frame], [false, false, undefined])
})

test('the marks of an entry are its own, each for itself', () => {
  const table = new EntryTable()
  const entries = [addTo(table, 1), addTo(table, 2)]
  const [first, second] = entries as [Entry, Entry]
  first.heldBack = true
  second.isQueued = true
  const marks = entries.map(({ heldBack, isQueued }) => [heldBack, isQueued])
  assert.deepEqual(marks, [
    [true, false],
    [false, true],
  ])
  first.heldBack = false
  assert.deepEqual([first.heldBack, first.isQueued, first.confirm], [false, false, false])
})

test('what passes through first in, first out takes no more slots than stand in it', () => {
  const table = new EntryTable()
  const standing: EntrySlot[] = []
  let highest = 0
  for (let number = 1; number <= 50_000; number++) {
    const { slot } = addTo(table, number, 2)
    standing.push(slot)
    highest = Math.max(highest, slot)
    if (standing.length <= 300) continue
    const oldest = standing.shift() as EntrySlot
    assert.equal(table.from(oldest), number - 300)
    table.leave(oldest)
    table.leave(oldest)
  }
  assert.equal(table.length, 300)
  // 300 in three or four chunks of 128, and the one in which the oldest leave.
  assert.ok(highest < 5 * 128, `slot ${highest}`)
})

test('keeps entries apart, whatever the order in which they leave', () => {
  const leave = fc.nat({ max: 399 })
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant('add' as const), leave), { maxLength: 3000 }), (steps) => {
      const table = new EntryTable()
      const standing: { readonly slot: EntrySlot; readonly number: number; places: number }[] = []
      let number = 0
      for (const step of steps) {
        if (step === 'add' || standing.length === 0) {
          for (let more = 0; more < 40; more++) {
            const places = 1 + (++number % 3)
            standing.push({ slot: addTo(table, number, places).slot, number, places })
          }
          continue
        }
        const entry = standing[step % standing.length] as (typeof standing)[number]
        table.leave(entry.slot)
        if (--entry.places === 0) standing.splice(standing.indexOf(entry), 1)
      }
      assert.equal(table.length, standing.length)
      for (const { slot, number } of standing) {
        const { boot, from, to, at, offset } = table.at(slot)
        const known = numbered(number)
        assert.deepEqual([boot, from, to, at, offset], [known.boot, number, number + 1, number, known.offset])
        assert.deepEqual([table.from(slot), table.to(slot), table.acceptedAt(slot)], [from, to, at])
      }
    }),
    { numRuns: 50 },
  )
})

test('an entry that was added and entered no place leaves its slot to the next', () => {
  const table = new EntryTable()
  const { slot } = table.add(numbered(1))
  assert.equal(table.add(numbered(2)).slot, slot)
  assert.equal(table.length, 0)
})

test('an entry that stands nowhere can neither be read nor leave', () => {
  const table = new EntryTable()
  const entry = addTo(table, 1)
  addTo(table, 2)
  table.leave(entry.slot)
  assert.deepEqual([entry.from, entry.frame], [Number.NaN, undefined])
  assert.throws(() => table.at(entry.slot), /an entry is read where it stands/)
  assert.throws(() => table.leave(entry.slot), /an entry leaves where it stands/)
})
