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

test('whoever took a slab hears when the last that was held in it is let go, and not before', () => {
  let empty = 0
  const slab = new SlabPool({ slabBytes: 256 }).take(256, () => empty++)
  const [one, two] = [keep(slab, bytes(1)), keep(slab, bytes(2))]
  assert.equal(slab.keep(bytes(3)), undefined)
  hold(one)
  letGo(one)
  letGo(two)
  assert.equal(empty, 0)
  assert.deepEqual(one, bytes(1))
  letGo(one)
  assert.equal(empty, 1)
})

test('a slab that was given back is written from its beginning, and belongs to who takes it next', () => {
  const pool = new SlabPool({ slabBytes: 256 })
  const takers: number[] = []
  const slabs = [1, 2].map((taker) => {
    const slab = pool.take(256, (empty) => {
      takers.push(taker)
      pool.giveBack(empty)
    })
    const frame = keep(slab, bytes(taker))
    assert.equal(frame.byteOffset, 0)
    letGo(frame)
    return slab
  })
  assert.equal(slabs[0], slabs[1])
  assert.deepEqual(takers, [1, 2])
})

test('letting go more often than was held, and holding what is free, are faults of the program', () => {
  const kept = keep(
    new SlabPool().take(256, () => {}),
    bytes(1),
  )
  letGo(kept)
  assert.throws(() => letGo(kept), /what is let go was held/)
  assert.throws(() => hold(kept), /what is held was not let go before/)
})

test('bytes that stand elsewhere are held by whoever has them', () => {
  const frame = bytes(1)
  letGo(frame)
  hold(frame)
  letGo(frame.subarray(1))
})

test('a pool keeps as much as eight of its largest slabs, of whatever sizes', () => {
  const pool = new SlabPool({ slabBytes: 256 })
  const take = (size: number): Slab => pool.take(size, () => {})
  const slabs = [...Array<number>(7).fill(256), 64, 64, 64, 64, 64, 256].map(take)
  for (const slab of slabs) pool.giveBack(slab)
  const again = (size: number): number =>
    Array.from({ length: 13 }, () => take(size)).filter((slab) => slabs.includes(slab)).length
  assert.deepEqual([again(256), again(64)], [7, 4])
  for (const slab of slabs) pool.giveBack(slab)
  assert.deepEqual([again(256), again(64)], [7, 4])
})

test('a pool that wipes overwrites what nobody holds', () => {
  const slab = new SlabPool({ slabBytes: 256, wipes: true }).take(256, () => {})
  const [one, two] = [keep(slab, bytes(1)), keep(slab, bytes(2))]
  letGo(one)
  assert.deepEqual(one, bytes(1))
  letGo(two)
  assert.deepEqual([one, two], [bytes(0xdd), bytes(0xdd)])
})
