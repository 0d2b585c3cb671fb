// Small parts of a write become few, and large ones are not copied.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { gather } from '../../../node/core/wal/gather.ts'

const sizes = (parts: readonly Uint8Array[]): number[] => parts.map(({ length }) => length)

test('small parts between large ones become one each', () => {
  const large = new Uint8Array(20_000)
  const small = [1, 2, 3].map((size) => new Uint8Array(size))
  const gathered = gather([...small, large, ...small, large, large])
  assert.deepEqual(sizes(gathered), [6, 20_000, 6, 20_000, 20_000])
  assert.equal(gathered[1], large)
})

test('a part alone stays where it is', () => {
  const part = new Uint8Array(3)
  assert.equal(gather([part])[0], part)
  assert.deepEqual(gather([]), [])
})

test('the bytes are the same, whatever the parts', () => {
  const parts = fc.array(
    fc.oneof(fc.uint8Array({ maxLength: 9 }), fc.constant(new Uint8Array(16_384).fill(7))),
  )
  fc.assert(
    fc.property(parts, (all) => {
      assert.ok(Buffer.concat(gather(all)).equals(Buffer.concat(all)))
    }),
  )
})
