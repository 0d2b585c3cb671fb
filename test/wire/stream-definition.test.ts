// Definitions as values in the catalog and in logs: they read back equal, also those from before there were modes; nothing else is one.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  readDefinition,
  readRemoval,
  toDefinitionValue,
  toRemovalValue,
} from '../../node/wire/stream-definition.ts'
import { definition } from './raft-arbitraries.ts'

const seed = 20261103

test('a definition reads back as it was written', () => {
  fc.assert(
    fc.property(definition, (each) => {
      const value = JSON.parse(JSON.stringify(toDefinitionValue(each)))
      assert.deepEqual(readDefinition(each.name, value), each)
    }),
    { seed, numRuns: 300 },
  )
})

test('a definition that names neither mode nor replicas is one of gossip, with three', () => {
  const retention = { bytes: 65_536, ageMs: 1000 }
  const read = readDefinition('orders', { topics: ['a'], retention, copies: 0 })
  const rest = { mode: 'gossip', retention, copies: 0, replicas: 3 } as const
  assert.deepEqual(read, { name: 'orders', topics: ['a'], ...rest })
})

test('values of another shape are no definitions, and never throw', () => {
  const retention = { bytes: 65_536, ageMs: 1000 }
  const sound = { topics: ['a'], mode: 'leader', retention, copies: 0 }
  const hostile = { toString: 1, valueOf: 1 }
  assert.ok(readDefinition('orders', sound))
  for (const value of [
    undefined,
    null,
    7,
    'leader',
    [],
    { ...sound, mode: 'raft' },
    { ...sound, mode: hostile },
    { ...sound, mode: null },
    { ...sound, topics: [hostile] },
    { ...sound, topics: [] },
    { ...sound, topics: ['a..b'] },
    { ...sound, retention: null },
    { ...sound, retention: { ...retention, bytes: 1 } },
    { ...sound, copies: 1.5 },
    { ...sound, copies: hostile },
  ]) {
    assert.equal(readDefinition('orders', value), undefined, JSON.stringify(value))
  }
  assert.equal(readDefinition('no such name', sound), undefined)
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), (name, value) => {
      readDefinition(name, value)
    }),
    { seed, numRuns: 1000 },
  )
})

test('a removal says where the stream ended, and is no definition', () => {
  const value = JSON.parse(JSON.stringify(toRemovalValue({ behind: 7 })))
  assert.deepEqual(readRemoval(value), { behind: 7, made: undefined })
  assert.equal(readDefinition('orders', value), undefined)
  for (const none of [undefined, null, 7, {}, { removed: 1 }]) assert.equal(readRemoval(none), undefined)
  for (const behind of [-1, 0.5, '7', undefined])
    assert.deepEqual(readRemoval({ removed: true, behind }), { behind: undefined, made: undefined })
})
