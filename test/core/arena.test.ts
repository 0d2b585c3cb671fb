// What keeping bytes costs: about their own size, whatever they are a part of and however they come.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arena } from '../../node/core/common/arena.ts'
import { letGo, SlabPool } from '../../node/core/common/slabs.ts'
import { CountedSlabs } from '../../sim/counted-slabs.ts'

const mebibyte = 2 ** 20

test('copies what is up to a quarter of a slab side by side, also where it fills its own buffer', () => {
  const arena = new Arena()
  const kept = [10, 100, 1000].map((length) => {
    const read = Buffer.alloc(length, 7)
    const bytes = arena.keep(read)
    assert.notEqual(bytes.buffer, read.buffer)
    assert.deepEqual(bytes, new Uint8Array(length).fill(7))
    return bytes
  })
  assert.deepEqual(
    kept.map(({ byteOffset }) => byteOffset),
    [0, 10, 110],
  )
  assert.equal(new Set(kept.map(({ buffer }) => buffer)).size, 1)
})

test('keeps a large view itself where it is more than half of its buffer, and a copy otherwise', () => {
  const arena = new Arena()
  const full = Buffer.alloc(mebibyte, 7)
  assert.equal(arena.keep(full), full)
  assert.equal(arena.keep(full.subarray(0, mebibyte / 2 + 1)).buffer, full.buffer)
  const copy = arena.keep(full.subarray(0, mebibyte / 2))
  assert.notEqual(copy.buffer, full.buffer)
  assert.deepEqual(copy, new Uint8Array(mebibyte / 2).fill(7))
})

test('a stream that holds little has a small slab, and slabs grow with what it holds', () => {
  const pool = new CountedSlabs()
  const arena = new Arena(pool)
  const read = new Uint8Array(16_384)
  for (let taken = 0; taken < 4; taken++) arena.keep(read)
  assert.deepEqual(pool.sizes, [65_536])
  for (let taken = 4; taken < 64 * 64; taken++) arena.keep(read)
  assert(pool.sizes.length < 110, `${pool.sizes.length} slabs`)
  assert.equal(pool.sizes.at(-1), mebibyte)
  assert(pool.bytesOut < 65.5 * mebibyte, `${pool.bytesOut} bytes of slabs for 64 MiB`)
})

test('an arena in which nothing is held has no slab, and begins with a small one again', () => {
  const pool = new CountedSlabs()
  const arena = new Arena(pool)
  const read = new Uint8Array(16_384)
  for (const frame of Array.from({ length: 1000 }, () => arena.keep(read))) letGo(frame)
  assert(pool.sizes.includes(mebibyte))
  assert.equal(pool.bytesOut, 0)
  letGo(arena.keep(read))
  assert.equal(pool.sizes.at(-1), 65_536)
  assert.equal(pool.bytesOut, 0)
})

test('everything that is kept is counted, in slabs and outside of them, however soon it is let go', () => {
  const counted: number[] = []
  const arena = new Arena(new SlabPool({ onKept: (bytes) => counted.push(bytes) }))
  const sizes = [100, 60_000, 60_000, 300_000]
  for (const size of sizes) letGo(arena.keep(new Uint8Array(size)))
  assert.deepEqual(counted, sizes)
})

test('first in, first out stands in the same few slabs for ever', () => {
  const arena = new Arena()
  const held: Uint8Array[] = []
  const buffers = new Set<ArrayBufferLike>()
  const read = Buffer.alloc(60_000)
  for (let taken = 0; taken < 20_000; taken++) {
    read.fill(taken % 251)
    const kept = arena.keep(read)
    held.push(kept)
    if (taken > 10_000) buffers.add(kept.buffer)
    const oldest = held.length > 200 ? held.shift() : undefined
    if (oldest === undefined) continue
    assert.equal(oldest[taken % 60_000], (taken - 200) % 251)
    letGo(oldest)
  }
  // 200 of 60,000 bytes fill 12 slabs; one is written to, and one is not empty yet.
  assert(buffers.size <= 15, `${buffers.size} buffers`)
})
