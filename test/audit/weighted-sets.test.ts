// Differences between members of a set, against a list of values that has them all.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WeightedSets } from '../../audit/weighted-sets.ts'

test('knows the difference between any two members that were related, and of no others', () => {
  const member = fc.nat(11)
  const property = (values: readonly number[], pairs: readonly (readonly [number, number])[]): void => {
    const sets = new WeightedSets()
    const members = values.map(() => sets.add())
    const groups = values.map((_, index) => new Set([index]))
    const numberOf = (index: number): number => values[index] ?? 0
    for (const [a, b] of pairs) {
      sets.relate(members[a] ?? 0, members[b] ?? 0, (numberOf(b) - numberOf(a)) >>> 0)
      const joined = new Set([...(groups[a] ?? []), ...(groups[b] ?? [])])
      for (const index of joined) groups[index] = joined
    }
    for (const a of values.keys()) {
      for (const b of values.keys()) {
        const [left, right] = [sets.find(members[a] ?? 0), sets.find(members[b] ?? 0)]
        assert.equal(left.root === right.root, groups[a]?.has(b))
        if (left.root !== right.root) continue
        assert.equal((right.weight - left.weight) >>> 0, (numberOf(b) - numberOf(a)) >>> 0)
      }
    }
  }
  const values = fc.array(fc.nat(2 ** 32 - 1), { minLength: 12, maxLength: 12 })
  fc.assert(fc.property(values, fc.array(fc.tuple(member, member)), property))
})
