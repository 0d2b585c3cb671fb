// Who of a queue's members has which slots: even shares, and no slot moves that need not.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { planSlots } from '../../../node/leader/names/slot-plan.ts'

const seed = 20261130

function countsOf(plan: readonly (string | undefined)[], members: readonly string[]): number[] {
  return members.map((member) => plan.filter((owner) => owner === member).length)
}

test('the first member gets every slot, and without members nobody has any', () => {
  const none = Array.from({ length: 6 }, () => undefined)
  assert.deepEqual(planSlots(none, ['a']), ['a', 'a', 'a', 'a', 'a', 'a'])
  assert.deepEqual(planSlots(['a', 'a'], []), [undefined, undefined])
})

test('one that joins gets its share from those that have most, and no other slot moves', () => {
  const before = planSlots(['a', 'a', 'a', 'a', 'a', 'a', 'a'], ['a', 'b'])
  assert.deepEqual(before, ['a', 'a', 'a', 'a', 'b', 'b', 'b'])
  assert.deepEqual(planSlots(before, ['a', 'b', 'c']), ['a', 'a', 'a', 'c', 'b', 'b', 'c'])
})

test('slots of one that is gone go to the others, which keep theirs', () => {
  assert.deepEqual(planSlots(['a', 'c', 'b', 'c'], ['a', 'b']), ['a', 'a', 'b', 'b'])
})

const members = fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { minLength: 1, maxLength: 10 })

test('shares differ by one at the most, and as few slots move as that allows', () => {
  fc.assert(
    fc.property(members, members, fc.integer({ min: 1, max: 64 }), (before, after, slots) => {
      const owners = planSlots(
        Array.from({ length: slots }, () => undefined),
        before,
      )
      const plan = planSlots(owners, after)
      const counts = countsOf(plan, after)
      assert.equal(
        counts.reduce((a, b) => a + b),
        slots,
      )
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1)
      const moved = plan.filter((owner, slot) => owner !== owners[slot]).length
      // Naively: everybody keeps what fits into the share that it ends with.
      const kept = after.map((member, at) => Math.min(countsOf(owners, [member])[0] ?? 0, counts[at] ?? 0))
      assert.equal(moved, slots - kept.reduce((a, b) => a + b))
      assert.deepEqual(planSlots(plan, after), plan, 'a plan that is there stays')
    }),
    { seed, numRuns: 1000 },
  )
})
