// Buffers that are used again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReceiveBuffers } from '../../node/net/receive-buffers.ts'

test('a buffer that is given back is the next one, whatever the length asked for', () => {
  const buffers = new ReceiveBuffers()
  const first = buffers.take(65_000)
  buffers.giveBack(first)
  const second = buffers.take(20_000)
  assert.equal(second.buffer, first.buffer)
  assert.equal(second.length, 20_000)
  assert.notEqual(buffers.take(65_000).buffer, first.buffer)
})

test('whoever keeps half of its buffer by reference copies what stands in one that is used again', () => {
  const buffers = new ReceiveBuffers()
  const longest = buffers.take(66_560)
  buffers.giveBack(longest)
  assert.equal(buffers.take(66_560).buffer, longest.buffer)
  assert(longest.length * 2 <= longest.buffer.byteLength, `${longest.length} of ${longest.buffer.byteLength}`)
})

test('messages that are small or larger than a batch have memory of their own, which is not used again', () => {
  const buffers = new ReceiveBuffers()
  for (const bytes of [100, 66_561, 1_000_000]) {
    const first = buffers.take(bytes)
    const from = first.byteOffset
    buffers.giveBack(first)
    const second = buffers.take(bytes)
    assert.equal(first.length, bytes)
    assert(second.buffer !== first.buffer || second.byteOffset !== from)
  }
})

test('no more than sixteen wait to be used again', () => {
  const buffers = new ReceiveBuffers()
  const many = Array.from({ length: 20 }, () => buffers.take(65_000))
  for (const each of many) buffers.giveBack(each)
  const known = new Set(many.map(({ buffer }) => buffer))
  const next = many.map(() => buffers.take(65_000))
  assert.equal(next.filter(({ buffer }) => known.has(buffer)).length, 16)
})
