// The numbers of retained batches: what is read back, when a slot is another entry's, and what memory that takes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Boot } from '../../../node/core/common/ids.ts'
import type { Entry, EntrySlot, NewEntry } from '../../../node/core/stream/entry.ts'
import { EntryArena, EntryTable } from '../../../node/core/stream/entry-table.ts'

const chunkSlots = 64

function numbered(number: number): NewEntry {
  const frame = Uint8Array.of(number)
  return { from: number, to: number + 1, frame, bytes: 100, at: number, offset: 100 * number, confirm: false }
}

function makeTable(): { table: EntryTable; arena: EntryArena } {
  const table = new EntryTable()
  return { table, arena: new EntryArena(table, 7 as Boot) }
}

/** A new entry that stands in so many places. */
function addTo(table: EntryTable, arena: EntryArena, number: number, places = 1): Entry {
  const entry = arena.add(numbered(number))
  for (let place = 1; place < places; place++) table.enter(entry.slot)
  return entry
}

/** It leaves all places. */
function end(table: EntryTable, slot: EntrySlot, places = 1): void {
  table.at(slot).dropFrame()
  for (let place = 0; place < places; place++) table.leave(slot)
}

/** What passes through, oldest out first; every entry that stands is read back after each step. */
class Passage {
  readonly table = new EntryTable()
  readonly #arena = new EntryArena(this.table, 7 as Boot)
  readonly #standing: EntrySlot[] = []
  #number = 0
  /** Chunks that were seen to be made. */
  made = 0

  /** Fills or drains to so many that stand. */
  to(count: number): void {
    while (this.#standing.length < count) {
      const { chunks } = this.table
      this.#standing.push(addTo(this.table, this.#arena, ++this.#number).slot)
      this.made += Math.max(0, this.table.chunks - chunks)
    }
    while (this.#standing.length > count) end(this.table, this.#standing.shift() as EntrySlot)
    assert.equal(this.table.length, count)
    this.#standing.forEach((slot, index) => {
      assert.equal(this.table.from(slot), this.#number - count + 1 + index)
    })
  }
}

test('an entry reads back what was known of its batch, up to the largest numbers', () => {
  const table = new EntryTable()
  const largest = Number.MAX_SAFE_INTEGER
  const arena = new EntryArena(table, largest as Boot)
  const known: NewEntry = {
    from: largest - 511,
    to: largest,
    frame: Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 4),
    bytes: 1_048_704,
    at: 1_795_425_063_468.7725,
    offset: 2 ** 52,
    confirm: true,
  }
  const first = addTo(table, arena, 1)
  const { slot } = arena.add(known)
  const { boot, from, to, frame, bytes, at, offset, confirm, heldBack, isQueued } = table.at(slot)
  assert.deepEqual({ from, to, frame, bytes, at, offset, confirm }, known)
  assert.deepEqual({ boot, heldBack, isQueued }, { boot: largest, heldBack: false, isQueued: false })
  assert.deepEqual([table.from(slot), table.to(slot), table.acceptedAt(slot)], [from, to, at])
  assert.equal(first.from, 1)
})

test('an entry has its frame as a view of the same bytes, until it is dropped', () => {
  const { table, arena } = makeTable()
  const memory = Uint8Array.of(1, 2, 3, 4, 5)
  const entry = arena.add({ ...numbered(1), frame: memory.subarray(1, 4) })
  memory[2] = 9
  assert.deepEqual([entry.isHeld, table.at(entry.slot).frame], [true, Uint8Array.of(2, 9, 4)])
  entry.dropFrame()
  assert.deepEqual([entry.isHeld, table.isHeld(entry.slot), entry.frame], [false, false, undefined])
})

test('the marks of an entry are its own, each for itself', () => {
  const { table, arena } = makeTable()
  const first = addTo(table, arena, 1)
  const second = addTo(table, arena, 2)
  first.heldBack = true
  second.isQueued = true
  assert.deepEqual(
    [first.heldBack, first.isQueued, second.heldBack, second.isQueued],
    [true, false, false, true],
  )
  first.heldBack = false
  assert.deepEqual([first.heldBack, first.isQueued, first.confirm], [false, false, false])
})

test('entries stay what they are while others come and go in waves', () => {
  const passage = new Passage()
  for (const count of [1, 0, 200, 0, 3000, 10, 300, 0, 2500, 0, 1, 0, 130]) passage.to(count)
})

test('what passes through first in, first out takes the chunks that stand in it, and no new ones, also after a flood', () => {
  const passage = new Passage()
  passage.to(50 * chunkSlots)
  passage.to(300)
  // Those that stand in it, the one being filled, the one being left, and two spares.
  const atRest = Math.ceil(300 / chunkSlots) + 4
  assert.ok(passage.table.chunks <= atRest, `${passage.table.chunks} chunks`)
  const { made } = passage
  for (let step = 0; step < 100; step++) {
    passage.to(300 + chunkSlots)
    passage.to(300)
  }
  // A spare or two may have been missing at first.
  assert.ok(passage.made - made <= 2, `${passage.made - made} new chunks`)
  passage.to(0)
  assert.ok(passage.table.chunks <= 2)
})

test('entries of an origin that stay keep no chunks of others', () => {
  const table = new EntryTable()
  const stuck = new EntryArena(table, 1 as Boot)
  const loud = new EntryArena(table, 2 as Boot)
  for (let number = 1; number <= 40 * chunkSlots; number++) {
    if (number % 50 === 0) addTo(table, stuck, number)
    end(table, addTo(table, loud, number).slot)
  }
  assert.equal(table.length, Math.floor((40 * chunkSlots) / 50))
  assert.ok(table.chunks <= 1 + 3, `${table.chunks} chunks`)
})

test('keeps entries apart, whatever the order in which they leave', () => {
  const leave = fc.nat({ max: 399 })
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant('add' as const), leave), { maxLength: 2000 }), (steps) => {
      const table = new EntryTable()
      const arenas = [1, 2, 3].map((boot) => new EntryArena(table, boot as Boot))
      const standing: { readonly slot: EntrySlot; readonly number: number; places: number }[] = []
      let number = 0
      for (const step of steps) {
        if (step === 'add' || standing.length === 0) {
          for (let more = 0; more < 5; more++) {
            const places = 1 + (++number % 3)
            const { slot } = addTo(table, arenas[number % 3] as EntryArena, number, places)
            standing.push({ slot, number, places })
          }
          continue
        }
        const entry = standing[step % standing.length] as (typeof standing)[number]
        table.at(entry.slot).dropFrame()
        table.leave(entry.slot)
        if (--entry.places === 0) standing.splice(standing.indexOf(entry), 1)
      }
      assert.equal(table.length, standing.length)
      for (const { slot, number } of standing) {
        const { boot, from, to, at, offset } = table.at(slot)
        assert.deepEqual(
          [boot, from, to, at, offset],
          [1 + (number % 3), number, number + 1, number, 100 * number],
        )
      }
    }),
    { numRuns: 50 },
  )
})

test('an entry that stands nowhere can be neither read nor entered nor left', () => {
  const { table, arena } = makeTable()
  const entry = addTo(table, arena, 1)
  addTo(table, arena, 2)
  end(table, entry.slot)
  assert.deepEqual([entry.from, entry.frame], [Number.NaN, undefined])
  assert.throws(() => table.at(entry.slot), /an entry is read where it stands/)
  assert.throws(() => table.enter(entry.slot), /an entry enters while it stands somewhere/)
  assert.throws(() => table.leave(entry.slot), /an entry leaves where it stands/)
})

test('an entry cannot end while its frame is kept', () => {
  const { table, arena } = makeTable()
  assert.throws(
    () => table.leave(addTo(table, arena, 1).slot),
    /drops its frame before it leaves its last place/,
  )
})
