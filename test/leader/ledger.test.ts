// What a group knows of its streams: it follows from the entries alone, and what does not follow means nothing to anybody.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Boot, NodeId, StreamId } from '../../node/core/common/ids.ts'
import { toOrigin, toStreamId } from '../../node/core/common/ids.ts'
import { Ledger, LedgerDamaged } from '../../node/leader/ledger.ts'
import { toTextBytes } from '../../node/wire/text.ts'
import { beginnings, damage, damaged, definition } from '../wire/raft-arbitraries.ts'
import { batchOf, orders, ordersId } from './leader-batches.ts'

const seed = 20261105
const noFence = new Map()

/** A ledger that has the stream, and knows whose boots 1 and 2 are. */
function begun(): Ledger {
  const ledger = new Ledger()
  assert.ok(ledger.apply({ op: 'begin', epoch: 1, definition: orders, fence: noFence }))
  assert.ok(ledger.apply({ op: 'origin', node: 'A' as NodeId, boot: 1 as Boot }))
  assert.ok(ledger.apply({ op: 'origin', node: 'B' as NodeId, boot: 2 as Boot }))
  return ledger
}

function batch(ledger: Ledger, fields: Parameters<typeof batchOf>[0]): boolean {
  return ledger.apply({ op: 'batch', frame: batchOf(fields) })
}

/** Offset of the last message, and the last sequences of boots 1 and 2. */
function ends(ledger: Ledger): readonly unknown[] {
  const stream = ledger.streams.get(ordersId)
  return [stream?.last, stream?.sequences.get(1 as Boot), stream?.sequences.get(2 as Boot)]
}

test('batches count up their origin and the stream', () => {
  const ledger = begun()
  assert.ok(batch(ledger, { boot: 1, from: 1, texts: ['a', 'b'], offset: 1 }))
  assert.ok(batch(ledger, { boot: 2, from: 1, offset: 3 }))
  assert.ok(batch(ledger, { boot: 1, from: 3, offset: 4 }))
  assert.deepEqual(ends(ledger), [4, 3, 1])
})

test('copies, holes, other places and other epochs mean nothing', () => {
  const ledger = begun()
  assert.ok(batch(ledger, { from: 1, texts: ['a', 'b'], offset: 1 }))
  for (const fields of [
    { from: 1, texts: ['a', 'b'], offset: 1 },
    { from: 1, offset: 3 },
    { from: 2, offset: 3 },
    { from: 4, offset: 3 },
    { from: 3, offset: 2 },
    { from: 3, offset: 4 },
    { from: 3, offset: 3, epoch: 2 },
    { from: 3, offset: 3, epoch: 0 },
    { from: 3 },
  ]) {
    assert.equal(batch(ledger, fields), false, JSON.stringify(fields))
  }
  assert.deepEqual(ends(ledger), [2, 2, undefined])
  assert.ok(batch(ledger, { from: 3, offset: 3 }))
})

test('batches of origins that nobody introduced, and of streams that have not begun, mean nothing', () => {
  const ledger = begun()
  assert.equal(batch(ledger, { boot: 3, from: 1, offset: 1 }), false)
  assert.equal(batch(ledger, { stream: toStreamId('others'), from: 1, offset: 1 }), false)
  assert.deepEqual(ends(ledger), [0, undefined, undefined])
})

/** The same stream in gossip mode. */
const gossip = { ...orders, mode: 'gossip' } as const

test('the next epoch goes on with the numbers of the one before, and no other epoch begins', () => {
  const ledger = begun()
  assert.ok(batch(ledger, { from: 1, offset: 1 }))
  for (const epoch of [0, 1, 3])
    assert.equal(ledger.apply({ op: 'begin', epoch, definition: gossip, fence: noFence }), false)
  assert.ok(ledger.apply({ op: 'begin', epoch: 2, definition: gossip, fence: noFence }))
  assert.deepEqual([ledger.streams.get(ordersId)?.epoch, ...ends(ledger)], [2, 1, 1, undefined])
  assert.equal(batch(ledger, { from: 2, offset: 2, epoch: 2 }), false)
})

test('an epoch in gossip mode is sealed, and the next one begins behind its fence', () => {
  const ledger = begun()
  assert.ok(batch(ledger, { boot: 1, from: 1, offset: 1 }))
  assert.ok(ledger.apply({ op: 'begin', epoch: 2, definition: gossip, fence: noFence }))
  const fence = new Map([[toOrigin('A' as NodeId, 1 as Boot), 5]]).set(toOrigin('D' as NodeId, 4 as Boot), 9)
  const begin = { op: 'begin', epoch: 3, definition: orders, fence } as const
  assert.equal(ledger.apply(begin), false)
  assert.equal(ledger.apply({ op: 'seal', epoch: 1, definition: gossip }), false)
  assert.ok(ledger.apply({ op: 'seal', epoch: 2, definition: gossip }))
  assert.ok(ledger.streams.get(ordersId)?.isSealing)
  assert.equal(ledger.apply({ op: 'seal', epoch: 2, definition: gossip }), false)
  assert.ok(ledger.apply(begin))
  assert.deepEqual(ledger.fenceOf(ordersId), fence)
  assert.equal(ledger.nodes.get(4 as Boot), 'D')
  assert.ok(batch(ledger, { boot: 4, from: 10, offset: 2, epoch: 3 }))
  assert.ok(batch(ledger, { boot: 1, from: 6, offset: 3, epoch: 3 }))
})

test('an epoch in leader mode is not sealed, and a stream that nobody spoke of is in epoch 0', () => {
  const ledger = begun()
  assert.equal(ledger.apply({ op: 'seal', epoch: 1, definition: gossip }), false)
  const other = { ...gossip, name: 'others' }
  assert.equal(ledger.apply({ op: 'seal', epoch: 1, definition: other }), false)
  assert.equal(ledger.apply({ op: 'seal', epoch: 0, definition: { ...other, mode: 'leader' } }), false)
  assert.ok(ledger.apply({ op: 'seal', epoch: 0, definition: other }))
})

const node = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/)
const ledger: fc.Arbitrary<Ledger> = fc
  .record({
    nodes: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 2 ** 53 - 1 }), node), {
      selector: ([boot]) => boot,
    }),
    time: fc.nat(),
    streams: fc.array(
      fc.record({
        ...{ definition, epoch: fc.nat(), since: fc.option(fc.nat(), { nil: undefined }) },
        ...{ isSealing: fc.boolean(), last: fc.nat() },
        sequences: fc.array(fc.nat(), { maxLength: 4 }),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ nodes, streams, time }) => {
    const made = new Ledger()
    made.time = time
    for (const [boot, node] of nodes) made.nodes.set(boot as Boot, node as NodeId)
    for (const { sequences: numbers, ...stream } of streams) {
      const boots = [...made.nodes.keys()].slice(0, numbers.length)
      const sequences = new Map(boots.map((boot, nth) => [boot, numbers[nth] ?? 0]))
      made.streams.set(toStreamId(stream.definition.name), {
        ...stream,
        sequences,
      })
    }
    return made
  })

test('the time that leaders tell never goes back', () => {
  const each = new Ledger()
  for (const at of [5, 9, 7]) assert.ok(each.apply({ op: 'time', at }))
  assert.equal(each.time, 9)
})

test('a ledger reads back as it was written', () => {
  fc.assert(
    fc.property(ledger, (each) => {
      const read = Ledger.decode(each.encode())
      assert.deepEqual([read.nodes, read.streams, read.time], [each.nodes, each.streams, each.time])
    }),
    { seed, numRuns: 300 },
  )
})

test('nothing at all is the ledger of a group that begins', () => {
  const read = Ledger.decode(new Uint8Array(0))
  assert.deepEqual([read.nodes, read.streams], [new Map(), new Map<StreamId, never>()])
})

/** A ledger, or undefined where the bytes are none. Any other error fails. */
function tryDecode(bytes: Uint8Array): Ledger | undefined {
  try {
    return Ledger.decode(bytes)
  } catch (error) {
    assert.ok(error instanceof LedgerDamaged, String(error))
    return undefined
  }
}

test('what is damaged is told as that and as nothing else', () => {
  fc.assert(
    fc.property(ledger, damage, (each, how) => {
      const read = tryDecode(damaged(each.encode(), how))
      if (read !== undefined) assert.deepEqual(Ledger.decode(read.encode()), read)
    }),
    { seed, numRuns: 2000 },
  )
  fc.assert(
    fc.property(ledger, (each) => {
      for (const beginning of beginnings(each.encode()))
        if (beginning.length > 0) assert.equal(tryDecode(beginning), undefined)
    }),
    { seed, numRuns: 10 },
  )
})

test('JSON of another shape is damage', () => {
  const hostile = { toString: 1, valueOf: 1 }
  const { name, ...rest } = orders
  const stream = { name, definition: rest, epoch: 1, isSealing: false, last: 2, sequences: [['A#1', 2]] }
  const decode = (value: unknown): Ledger | undefined => tryDecode(toTextBytes(JSON.stringify(value)))
  assert.ok(decode({ nodes: ['A#1'], streams: [stream] }))
  for (const value of [
    null,
    [],
    { nodes: [] },
    { nodes: [hostile], streams: [] },
    { nodes: ['A'], streams: [] },
    { nodes: [], streams: [null] },
    { nodes: [], streams: [{ ...stream, name: hostile }] },
    { nodes: [], streams: [{ ...stream, definition: hostile }] },
    { nodes: [], streams: [{ ...stream, epoch: '1' }] },
    { nodes: [], streams: [{ ...stream, isSealing: 1 }] },
    { nodes: [], streams: [{ ...stream, epoch: -1 }] },
    { nodes: [], streams: [{ ...stream, last: -1 }] },
    { nodes: [], streams: [{ ...stream, last: 1.5 }] },
    { nodes: [], streams: [{ ...stream, sequences: 7 }] },
    { nodes: [], streams: [{ ...stream, sequences: [7] }] },
    { nodes: [], streams: [{ ...stream, sequences: [['A#1', '2']] }] },
    { nodes: [], streams: [{ ...stream, sequences: [['A#0', 2]] }] },
  ]) {
    assert.equal(decode(value), undefined, JSON.stringify(value))
  }
})

test('when an epoch began is kept, also while it is sealed and behind a floor', () => {
  const ledger = begun()
  assert.ok(ledger.apply({ op: 'begin', epoch: 2, definition: gossip, fence: noFence, at: 7000 }))
  assert.ok(ledger.apply({ op: 'seal', epoch: 2, definition: gossip }))
  assert.equal(Ledger.decode(ledger.encode()).streams.get(ordersId)?.since, 7000)
  assert.ok(ledger.apply({ op: 'begin', epoch: 3, definition: orders, fence: noFence }))
  assert.equal(ledger.streams.get(ordersId)?.since, undefined)
})
