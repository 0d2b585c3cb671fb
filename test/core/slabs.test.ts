// Memory that is written again: only where nobody holds anything, and in few pieces.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hold, letGo, type Slab, SlabPool } from '../../node/core/common/slabs.ts'

const bytes = (value: number, length = 100): Uint8Array => new Uint8Array(length).fill(value)

/** Keeps what is known to fit. */
function keep(slab: Slab, frame: Uint8Array): Uint8Array {
  const kept = slab.keep(frame)
  assert(kept !== undefined)
  return kept
}

test('a full slab is used again when the last that was held in it is let go, and not before', () => {
  const pool = new SlabPool({ slabBytes: 256 })
  const slab = pool.take(256)
  const [one, two] = [keep(slab, bytes(1)), keep(slab, bytes(2))]
  assert.equal(slab.keep(bytes(3)), undefined)
  slab.close(() => pool.giveBack(slab))
  hold(one)
  letGo(one)
  letGo(two)
  assert.notEqual(pool.take(256), slab)
  assert.deepEqual(one, bytes(1))
  letGo(one)
  assert.equal(pool.take(256), slab)
  assert.equal(keep(slab, bytes(4)).byteOffset, 0)
  assert.deepEqual(one, bytes(4))
})

test('a slab that is still written to begins again when everything in it was let go', () => {
  const slab = new SlabPool({ slabBytes: 256 }).take(256)
  letGo(keep(slab, bytes(1)))
  const held = keep(slab, bytes(2))
  letGo(keep(slab, bytes(3)))
  assert.equal(held.byteOffset, 0)
  assert.equal(slab.keep(bytes(4)), undefined)
})

test('a slab in which nothing is held is free as soon as it is closed', () => {
  let freed = 0
  new SlabPool().take(256).close(() => freed++)
  assert.equal(freed, 1)
})

test('letting go more often than was held is a fault of the program', () => {
  const kept = keep(new SlabPool().take(256), bytes(1))
  letGo(kept)
  assert.throws(() => letGo(kept), /what is let go was held/)
})

test('bytes that stand elsewhere are held by whoever has them', () => {
  const frame = bytes(1)
  letGo(frame)
  hold(frame)
  letGo(frame.subarray(1))
})

test('a pool keeps eight slabs of its own size, and tells of everything it hands out', () => {
  const taken: number[] = []
  const pool = new SlabPool({ slabBytes: 256, onTake: (size) => taken.push(size) })
  const slabs = Array.from({ length: 12 }, () => pool.take(256))
  for (const slab of [pool.take(128), ...slabs]) pool.giveBack(slab)
  const again = Array.from({ length: 12 }, () => pool.take(256))
  assert.equal(again.filter((slab) => slabs.includes(slab)).length, 8)
  assert.deepEqual(taken, [...Array(12).fill(256), 128, ...Array(12).fill(256)])
})

test('a pool that wipes overwrites what nobody holds', () => {
  const slab = new SlabPool({ slabBytes: 256, wipes: true }).take(256)
  const [one, two] = [keep(slab, bytes(1)), keep(slab, bytes(2))]
  letGo(one)
  assert.deepEqual(one, bytes(1))
  letGo(two)
  assert.deepEqual([one, two], [bytes(0xdd), bytes(0xdd)])
})
