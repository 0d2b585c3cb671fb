// Merging catalog entries in any order, in any grouping and any number of times leads to the same table.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeId } from '../../../node/core/common/ids.ts'
import { Catalog, type CatalogEntry } from '../../../node/core/gossip/catalog.ts'

const entry: fc.Arbitrary<CatalogEntry> = fc.record({
  key: fc.constantFrom('stream:a', 'stream:b', 'cursor:c'),
  value: fc.constantFrom<unknown>(
    ...[1, 'x', { topics: ['a'] }, undefined, { removed: true }],
    ...[
      { removed: true, behind: 4 },
      { removed: true, behind: 9 },
      { removed: true, behind: 'x' },
    ],
  ),
  version: fc.integer({ min: 1, max: 3 }),
  by: fc.constantFrom('A' as NodeId, 'B' as NodeId),
})

function merged(entries: readonly CatalogEntry[]): { hash: number; table: string } {
  const catalog = new Catalog()
  for (const one of entries) catalog.merge(one)
  const table = [...catalog.entries()].map((one) => JSON.stringify(one)).sort()
  return { hash: catalog.hash, table: table.join() }
}

test('merges alike in any order and with any repetition', () => {
  const shuffled = fc
    .array(entry, { maxLength: 12 })
    .chain((entries) =>
      fc.tuple(
        fc.constant(entries),
        fc.shuffledSubarray([...entries, ...entries], { minLength: entries.length * 2 }),
      ),
    )
  fc.assert(fc.property(shuffled, ([entries, again]) => assert.deepEqual(merged(again), merged(entries))))
})

test('has equal hashes only with equal tables', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 6 }), fc.array(entry, { maxLength: 6 }), (left, right) => {
      const [one, other] = [merged(left), merged(right)]
      assert.equal(one.hash === other.hash, one.table === other.table)
    }),
  )
})

test('takes a later version, and of equal ones that of the higher node', () => {
  const catalog = new Catalog()
  assert.equal(catalog.merge({ key: 'k', value: 1, version: 1, by: 'A' as NodeId }), true)
  assert.equal(catalog.merge({ key: 'k', value: 2, version: 1, by: 'B' as NodeId }), true)
  assert.equal(catalog.merge({ key: 'k', value: 1, version: 1, by: 'A' as NodeId }), false)
  assert.equal(catalog.merge({ key: 'k', version: 2, by: 'A' as NodeId }), true)
  assert.equal(catalog.get('k')?.value, undefined)
})

test('of equal versions takes the removal, and of two that of whoever has dropped more', () => {
  const catalog = new Catalog()
  const write = (value: unknown, by: string): boolean =>
    catalog.merge({ key: 'stream:a', value, version: 2, by: by as NodeId })
  assert.equal(write({ removed: true, behind: 4 }, 'A'), true)
  assert.equal(write({ topics: ['a'] }, 'B'), false)
  assert.equal(write({ removed: true }, 'C'), false)
  assert.equal(write({ removed: true, behind: 3 }, 'D'), false)
  assert.equal(write({ removed: true, behind: 9 }, '0'), true)
})

test('a removal ends what was made before it, however often that was changed, and nothing that was made behind it', () => {
  const catalog = new Catalog()
  const write = (value: unknown, version: number, by = 'B'): boolean =>
    catalog.merge({ key: 'stream:a', value, version, by: by as NodeId })
  assert.equal(write({ topics: ['a'] }, 4), true)
  assert.equal(write({ removed: true, behind: 0 }, 2, 'A'), true)
  assert.equal(write({ topics: ['b'] }, 9), false)
  assert.equal(write({ topics: ['a'], made: 3 }, 3), true)
  assert.equal(write({ topics: ['a'], made: 3 }, 4), true)
  assert.equal(write({ removed: true, behind: 2 }, 5), false)
  assert.equal(write({ topics: ['b'] }, 9), false)
  assert.equal(write({ removed: true, behind: 2, made: 3 }, 5), true)
  assert.equal(write({ topics: ['a'], made: 3 }, 7), false)
})

test('of two removals of a stream, and of two streams that are made again behind them, the one that has dropped most stays', () => {
  for (const rest of [{ removed: true }, { topics: ['a'], made: 3 }]) {
    const catalog = new Catalog()
    const write = (behind: number, version: number, by: string): boolean =>
      catalog.merge({ key: 'stream:a', value: { ...rest, behind }, version, by: by as NodeId })
    assert.equal(write(100, 3, 'A'), true)
    assert.equal(write(3, 5, 'C'), false)
    assert.equal(write(101, 3, 'A'), true)
  }
})
