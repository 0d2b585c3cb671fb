// The sets of the check against a second, naive implementation over plain Sets of numbers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SequenceSet } from '../../audit/sequence-set.ts'

type Range = readonly [number, number]

const ranges: fc.Arbitrary<readonly Range[]> = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 8 }))
    .map(([from, length]): Range => [from, from + length - 1]),
  { maxLength: 14 },
)

function setOf(list: readonly Range[]): SequenceSet {
  const set = new SequenceSet()
  for (const [from, to] of list) set.add(from, to)
  return set
}

function naiveOf(list: readonly Range[]): Set<number> {
  const set = new Set<number>()
  for (const [from, to] of list) for (let member = from; member <= to; member++) set.add(member)
  return set
}

function naiveFormat(members: Set<number>): string {
  const parts: string[] = []
  for (const from of [...members].sort((a, b) => a - b)) {
    if (members.has(from - 1)) continue
    let to = from
    while (members.has(to + 1)) to++
    parts.push(from === to ? `${from}` : `${from}-${to}`)
  }
  return parts.join(',')
}

function holds(property: (left: readonly Range[], right: readonly Range[]) => void): void {
  fc.assert(fc.property(ranges, ranges, property), { numRuns: 2_000 })
}

test('a set holds what was added, in any order, as ranges that never touch', () => {
  holds((left) => {
    const naive = naiveOf(left)
    const set = setOf(left)
    assert.equal(set.format(), naiveFormat(naive))
    assert.equal(set.count, naive.size)
    assert.equal(set.isEmpty, naive.size === 0)
    assert.equal(set.first, naive.size === 0 ? undefined : Math.min(...naive))
    assert.equal(set.last, naive.size === 0 ? undefined : Math.max(...naive))
    for (let member = 0; member <= 70; member++) assert.equal(set.has(member), naive.has(member))
  })
})

test('union, intersection and difference agree with sets of numbers', () => {
  holds((left, right) => {
    const a = naiveOf(left)
    const b = naiveOf(right)
    const one = setOf(left)
    const other = setOf(right)
    assert.equal(one.union(other).format(), naiveFormat(new Set([...a, ...b])))
    assert.equal(
      one.intersect(other).format(),
      naiveFormat(new Set([...a].filter((member) => b.has(member)))),
    )
    assert.equal(
      one.subtract(other).format(),
      naiveFormat(new Set([...a].filter((member) => !b.has(member)))),
    )
    assert.equal(SequenceSet.unionOf([one, other, one]).format(), naiveFormat(new Set([...a, ...b])))
    assert.equal(setOf(left).addAll(other).format(), naiveFormat(new Set([...a, ...b])))
    assert.equal(one.format(), naiveFormat(a), 'the operands stay as they are')
    assert.equal(other.format(), naiveFormat(b), 'the operands stay as they are')
  })
})

test('a window cuts a set at both ends', () => {
  const set = setOf([
    [1, 3],
    [5, 5],
    [9, 12],
  ])
  assert.equal(set.format(), '1-3,5,9-12')
  assert.equal(set.within(2, 9).format(), '2-3,5,9')
  assert.equal(set.within(4, Number.POSITIVE_INFINITY).format(), '5,9-12')
  assert.equal(set.within(9, 2).format(), '')
})

test('the union of no set is empty', () => {
  assert.equal(SequenceSet.unionOf([]).count, 0)
})

test('sequences up to 2^53-1 keep their exact value', () => {
  const top = Number.MAX_SAFE_INTEGER
  const set = SequenceSet.range(top - 2, top)
  assert.equal(set.subtract(SequenceSet.range(top, top)).format(), `${top - 2}-${top - 1}`)
})
