// What entries say: commands read back equal, and whatever else stands in an entry says nothing.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Boot, type NodeId, toOrigin } from '../../node/core/common/ids.ts'
import { type Command, decodeCommand, encodeCommand } from '../../node/leader/command.ts'
import { toTextBytes } from '../../node/wire/text.ts'
import { beginnings, damage, damaged, definition } from '../wire/raft-arbitraries.ts'
import { batchOf } from './leader-batches.ts'

const seed = 20261104

const boot = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map((value) => value as Boot)
const node = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/).map((value) => value as NodeId)
const plain = { noNullPrototype: true } as const
const place = { from: fc.integer({ min: 1, max: 2 ** 40 }), offset: fc.integer({ min: 1, max: 2 ** 40 }) }
const epoch = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const fence = fc
  .array(fc.tuple(node, boot, fc.nat()), { maxLength: 4 })
  .map((parts) => new Map(parts.map(([node, boot, to]) => [toOrigin(node, boot), to])))
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ op: fc.constant('origin' as const), node, boot }, plain),
  fc.record({ op: fc.constant('time' as const), at: fc.nat() }, plain),
  fc.record({ op: fc.constant('seal' as const), epoch, definition }, plain),
  fc.record({ op: fc.constant('begin' as const), epoch, definition, fence }, plain),
  fc.record({ op: fc.constant('batch' as const), frame: fc.record(place).map(batchOf) }, plain),
)

test('a command reads back as it was written', () => {
  fc.assert(
    fc.property(command, (each) => assert.deepEqual(decodeCommand(encodeCommand(each)), each)),
    { seed, numRuns: 500 },
  )
})

test('a batch is an entry as it is, without a copy', () => {
  const frame = batchOf({ from: 1, offset: 1 })
  assert.equal(encodeCommand({ op: 'batch', frame }), frame)
  assert.deepEqual(decodeCommand(frame), { op: 'batch', frame })
})

test('an entry without data says nothing, nor does one that ends early', () => {
  assert.equal(decodeCommand(new Uint8Array(0)), undefined)
  fc.assert(
    fc.property(
      command.filter(({ op }) => op !== 'batch'),
      (each) => {
        for (const beginning of beginnings(encodeCommand(each)))
          assert.equal(decodeCommand(beginning), undefined)
      },
    ),
    { seed, numRuns: 20 },
  )
})

test('damaged commands say something else or nothing, and never throw', () => {
  fc.assert(
    fc.property(command, damage, (each, how) => {
      const read = decodeCommand(damaged(encodeCommand(each), how))
      if (read !== undefined) assert.deepEqual(decodeCommand(encodeCommand(read)), read)
    }),
    { seed, numRuns: 3000 },
  )
})

test('JSON of another shape says nothing, and never throws', () => {
  const hostile = { toString: 1, valueOf: 1 }
  const origin = { op: 'origin', node: 'A', boot: 1 }
  const definition = { topics: ['a'], retention: { bytes: 65_536, ageMs: 1000 }, copies: 0 }
  const begin = { op: 'begin', epoch: 1, stream: 'orders', definition, fence: [['A#1', 7]] }
  const decode = (value: unknown): Command | undefined => decodeCommand(toTextBytes(JSON.stringify(value)))
  const seal = { ...begin, op: 'seal', epoch: 0 }
  assert.ok(decode(origin) && decode(begin) && decode(seal))
  const timed = decode({ ...begin, at: 1000 })
  assert.equal(timed?.op === 'begin' && timed.at, 1000)
  assert.deepEqual(decode({ ...begin, at: hostile }), decode(begin))
  for (const value of [
    null,
    7,
    [],
    hostile,
    { op: 'end' },
    { ...origin, node: 'no node' },
    { ...origin, node: hostile },
    { ...origin, boot: 0 },
    { ...origin, boot: 1.5 },
    { ...begin, epoch: -1 },
    { ...seal, epoch: 0.5 },
    { ...begin, fence: undefined },
    { ...begin, fence: [['A', 1]] },
    { ...begin, fence: [['A#1', -1]] },
    { ...begin, fence: [['A#1', '1']] },
    { ...begin, fence: [hostile] },
    { ...begin, fence: [[hostile, 1]] },
    { ...begin, epoch: 1.5 },
    { ...begin, epoch: '1' },
    { ...begin, stream: hostile },
    { ...begin, definition: hostile },
  ]) {
    assert.equal(decode(value), undefined, JSON.stringify(value))
  }
})
