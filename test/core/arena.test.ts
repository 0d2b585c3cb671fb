// What keeping bytes costs: a view into a large buffer must not pin it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arena } from '../../node/core/common/arena.ts'

test('keeps the view itself where it is large and more than half of its buffer', () => {
  const arena = new Arena()
  const full = new Uint8Array(40_000)
  assert.equal(arena.keep(full), full)
  assert.equal(arena.keep(full.subarray(0, 20_001)).buffer, full.buffer)
  assert.notEqual(arena.keep(full.subarray(0, 20_000)).buffer, full.buffer)
})

test('puts small arrays into a slab, also where they fill their own buffer', () => {
  const arena = new Arena()
  const full = new Uint8Array(100).fill(7)
  const kept = arena.keep(full)
  assert.notEqual(kept.buffer, full.buffer)
  assert.deepEqual(kept, full)
})

test('copies small parts of large buffers, also of Buffers, whose slice is a view', () => {
  const arena = new Arena()
  for (const bytes of [3, 20_000]) {
    const read = Buffer.alloc(65_536, 7)
    const kept = arena.keep(read.subarray(0, bytes))
    assert.notEqual(kept.buffer, read.buffer)
    assert.deepEqual(kept, new Uint8Array(bytes).fill(7))
  }
})

test('puts small copies side by side into one slab', () => {
  const arena = new Arena()
  const read = new Uint8Array(1000)
  assert.equal(arena.keep(read.subarray(0, 10)).buffer, arena.keep(read.subarray(10, 20)).buffer)
})
