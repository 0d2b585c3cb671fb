// When a node that has become quiet gives memory back.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryReturn } from '../../node/memory-return.ts'

const mebibyte = 2 ** 20

/** A node whose memory outside of the heap is what the test says; counts collections. */
class Quietable {
  externalBytes = 0
  collections = 0
  readonly memory = new MemoryReturn(
    () => {
      this.collections++
    },
    () => this.externalBytes,
  )
}

test('collects once when the flood is over and more is held than retained', () => {
  const node = new Quietable()
  node.externalBytes = 200 * mebibyte
  node.memory.onSecond(500 * mebibyte, 32 * mebibyte)
  assert.equal(node.collections, 0, 'the flood still goes on')
  node.memory.onSecond(500 * mebibyte, 32 * mebibyte)
  assert.equal(node.collections, 1)
  node.externalBytes = 40 * mebibyte
  node.memory.onSecond(500 * mebibyte, 32 * mebibyte)
  assert.equal(node.collections, 1)
})

test('does not try again where a collection gave nothing back', () => {
  const node = new Quietable()
  node.externalBytes = 200 * mebibyte
  for (let second = 0; second < 10; second++) node.memory.onSecond(0, 32 * mebibyte)
  assert.equal(node.collections, 1)
})

test('leaves alone what is about as much as is retained', () => {
  const node = new Quietable()
  node.externalBytes = 63 * mebibyte
  for (let second = 0; second < 3; second++) node.memory.onSecond(0, 32 * mebibyte)
  assert.equal(node.collections, 0)
})

test("frees what nobody holds with V8's own collector", async () => {
  const memory = new MemoryReturn()
  let waste: Uint8Array[] = []
  for (let index = 0; index < 64; index++) waste.push(new Uint8Array(mebibyte))
  const held = process.memoryUsage().arrayBuffers
  waste = []
  memory.onSecond(0, 0)
  for (let turn = 0; turn < 200 && process.memoryUsage().arrayBuffers > held / 2; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  assert(process.memoryUsage().arrayBuffers < held / 2, `${held} bytes before and after: ${waste.length}`)
})
