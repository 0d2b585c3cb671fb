// Buffers that are used again, and no more of them than is bounded.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReceiveBuffers } from '../../node/net/receive-buffers.ts'

function take(buffers: ReceiveBuffers, bytes: number): Uint8Array {
  const taken = buffers.take(bytes)
  assert(taken !== undefined)
  assert.equal(taken.length, bytes)
  return taken
}

test('a buffer that is given back is the next one, whatever the length asked for', () => {
  const buffers = new ReceiveBuffers()
  const first = take(buffers, 65_000)
  buffers.giveBack(first)
  assert.equal(take(buffers, 20_000).buffer, first.buffer)
  assert.notEqual(take(buffers, 65_000).buffer, first.buffer)
})

test('whoever keeps half of its buffer by reference copies what stands in one that is used again', () => {
  const buffers = new ReceiveBuffers()
  const longest = take(buffers, 66_560)
  buffers.giveBack(longest)
  assert.equal(take(buffers, 66_560).buffer, longest.buffer)
  assert(longest.length * 2 <= longest.buffer.byteLength, `${longest.length} of ${longest.buffer.byteLength}`)
})

test('small messages have memory of their own, and there is none for those larger than a batch', () => {
  const buffers = new ReceiveBuffers()
  const first = take(buffers, 100)
  buffers.giveBack(first)
  const second = take(buffers, 100)
  assert(second.buffer !== first.buffer || second.byteOffset !== first.byteOffset)
  assert.equal(buffers.take(66_561), undefined)
})

test('headers that announce what never comes get 16 MiB together, and what is given back is there again', () => {
  const buffers = new ReceiveBuffers()
  const taken: Uint8Array[] = []
  for (let bytes = buffers.take(65_536); bytes !== undefined; bytes = buffers.take(65_536)) taken.push(bytes)
  assert.equal(taken.length, 256)
  assert.equal(buffers.take(1), undefined)
  for (const bytes of taken.splice(0, 2)) buffers.giveBack(bytes)
  take(buffers, 65_536)
  take(buffers, 65_536)
  assert.equal(buffers.take(1), undefined)
})

test('no more than sixteen wait to be used again', () => {
  const buffers = new ReceiveBuffers()
  const many = Array.from({ length: 20 }, () => take(buffers, 65_000))
  for (const each of many) buffers.giveBack(each)
  const known = new Set(many.map(({ buffer }) => buffer))
  const next = many.map(() => take(buffers, 65_000))
  assert.equal(next.filter(({ buffer }) => known.has(buffer)).length, 16)
})
