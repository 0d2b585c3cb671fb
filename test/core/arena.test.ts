// What keeping bytes costs: a view into a large buffer must not pin it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arena } from '../../node/core/common/arena.ts'

test('keeps the view itself where it is more than half of its buffer', () => {
  const arena = new Arena()
  const full = new Uint8Array(100)
  assert.equal(arena.keep(full), full)
  assert.equal(arena.keep(full.subarray(0, 51)).buffer, full.buffer)
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
