// The set of sequences against a Set of numbers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SequenceRanges, sequenceRangesMax } from '../../../node/core/stream/sequence-ranges.ts'

const range = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 8 }))
  .map(([from, more]) => ({ from, to: from + more }))

test('holds what was added, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(range), range, (added, asked) => {
      const ranges = new SequenceRanges()
      const naive = new Set<number>()
      for (const { from, to } of added) {
        ranges.add(from, to)
        for (let sequence = from; sequence <= to; sequence++) naive.add(sequence)
      }
      for (let sequence = 1; sequence <= 70; sequence++)
        assert.equal(ranges.has(sequence), naive.has(sequence))
      assert.equal(ranges.last, Math.max(0, ...naive))
      const rest = ranges.without(asked).flatMap(({ from, to }) => {
        return Array.from({ length: to - from + 1 }, (_, index) => from + index)
      })
      const naiveRest = Array.from({ length: asked.to - asked.from + 1 }, (_, index) => asked.from + index)
      assert.deepEqual(
        rest,
        naiveRest.filter((sequence) => !naive.has(sequence)),
      )
    }),
  )
})

test('joins the lowest ranges when there are too many', () => {
  const ranges = new SequenceRanges()
  for (let index = 0; index <= sequenceRangesMax; index++) ranges.add(index * 10 + 1, index * 10 + 2)
  assert.equal(ranges.size, sequenceRangesMax)
  assert.equal(ranges.has(5), true)
  assert.equal(ranges.has(15), false)
})
