// Where an epoch in gossip mode ends: what its members say, and what follows from that, beside a naive reckoning.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Boot, fromOrigin, type NodeId, type Origin, toOrigin } from '../../node/core/common/ids.ts'
import { type Control, decodeControl, encodeControl } from '../../node/leader/control.ts'
import { computeFence, type Held, isHeldUpTo, type SealReport } from '../../node/leader/fence.ts'
import { toTextBytes } from '../../node/wire/text.ts'
import { beginnings, damage, damaged, definition } from '../wire/raft-arbitraries.ts'

const seed = 20261109
const plain = { noNullPrototype: true } as const

const names = ['A', 'B', 'C'] as const
const originOf = (at: number): Origin => toOrigin(names[at] as NodeId, (at + 1) as Boot)

/** What a member has of an origin, of the sequences 1..12. */
const held: fc.Arbitrary<Held> = fc
  .record({ delivered: fc.nat(6), more: fc.subarray([7, 8, 9, 10, 11, 12]) })
  .map(({ delivered, more }) => ({
    delivered,
    ranges: more.map((sequence) => ({ from: sequence, to: sequence })),
  }))

const report: fc.Arbitrary<SealReport> = fc
  .record({
    at: fc.nat(2),
    own: fc.nat(12),
    isInterested: fc.boolean(),
    parts: fc.array(fc.tuple(fc.nat(2), held)),
  })
  .map(({ at, own, isInterested, parts }) => ({
    ...{ node: names[at] as NodeId, boot: (at + 1) as Boot, own, isInterested },
    held: new Map(parts.map(([origin, part]) => [originOf(origin), part])),
  }))
/** Each member says something once, or nothing. */
const reports = fc.uniqueArray(report, { maxLength: 3, selector: ({ node }) => node })
const minimum = fc
  .array(fc.tuple(fc.nat(2), fc.nat(6)), { maxLength: 2 })
  .map((parts) => new Map(parts.map(([origin, to]) => [originOf(origin), to])))

/** Sequences that a member has, one by one. */
function sequencesOf({ delivered, ranges }: Held): Set<number> {
  const all = new Set(Array.from({ length: delivered }, (_, at) => at + 1))
  for (const { from, to } of ranges) for (let sequence = from; sequence <= to; sequence++) all.add(sequence)
  return all
}

/** The naive reckoning for one origin. */
function endOf(origin: Origin, least: number, said: readonly SealReport[]): number | undefined {
  const own = said.find(({ node, boot }) => toOrigin(node, boot) === origin)
  const parts = said.flatMap((each) => each.held.get(origin) ?? [])
  if (own !== undefined && (own.own > 0 || parts.length > 0 || least > 0)) return Math.max(own.own, least)
  if (parts.length === 0) return least === 0 ? undefined : least
  const all = new Set(parts.flatMap((part) => [...sequencesOf(part)]))
  let end = Math.max(least, ...parts.map(({ delivered }) => delivered))
  while (all.has(end + 1)) end++
  return end
}

test('the end of every origin is what it says itself, or everything before the first hole that all have together', () => {
  fc.assert(
    fc.property(minimum, reports, (least, said) => {
      const fence = computeFence(least, said)
      for (const origin of [0, 1, 2].map(originOf)) {
        const expected = endOf(origin, least.get(origin) ?? 0, said)
        assert.equal(fence.get(origin) ?? 0, expected ?? 0, origin)
      }
    }),
    { seed, numRuns: 2000 },
  )
})

test('a fence is held where everybody who waits has everything up to it', () => {
  fc.assert(
    fc.property(minimum, reports, (least, said) => {
      const fence = computeFence(least, said)
      const isMissing = said.some(({ isInterested, held }) => {
        if (!isInterested) return false
        return [...fence].some(([origin, to]) => {
          const has = sequencesOf(held.get(origin) ?? { delivered: 0, ranges: [] })
          return Array.from({ length: to }, (_, at) => at + 1).some((sequence) => !has.has(sequence))
        })
      })
      assert.equal(isHeldUpTo(fence, said), !isMissing)
    }),
    { seed, numRuns: 2000 },
  )
})

test('a hole is a hole behind however many others', () => {
  const odd = Array.from({ length: 200 }, (_, at) => ({ from: 2 * at + 3, to: 2 * at + 3 }))
  const said = {
    ...{ node: 'A' as NodeId, boot: 1 as Boot, own: 0, isInterested: true },
    held: new Map([[originOf(1), { delivered: 1, ranges: odd }]]),
  }
  assert.equal(computeFence(new Map(), [said]).get(originOf(1)), 1)
  assert.ok(isHeldUpTo(new Map([[originOf(1), 1]]), [said]))
  assert.equal(isHeldUpTo(new Map([[originOf(1), 3]]), [said]), false)
})

const control: fc.Arbitrary<Control> = fc.oneof(
  fc.record({ op: fc.constant('mode' as const), epoch: fc.nat(), definition }, plain),
  fc.record(
    { op: fc.constant('sealed' as const), epoch: fc.nat(), stream: fc.constant('orders'), report },
    plain,
  ),
)
const left = { op: fc.constant('origin' as const), stream: fc.constant('orders') }
const anyControl = fc.oneof(control, fc.record({ ...left, origin: fc.nat({ max: 9 }).map(originOf) }, plain))
const nodeOf = (each: Control): NodeId => (each.op === 'sealed' ? each.report.node : ('A' as NodeId))

test('what nodes say about switching reads back as it was said', () => {
  fc.assert(
    fc.property(anyControl, (each) =>
      assert.deepEqual(decodeControl(encodeControl(each), nodeOf(each)), each),
    ),
    { seed, numRuns: 300 },
  )
})

test('who speaks is whose link it is, whatever is said', () => {
  const { origin, ...said } = { origin: originOf(0), own: 3, isInterested: false }
  const sealed = {
    ...said,
    node: 'A' as NodeId,
    boot: 1 as Boot,
    held: new Map([[origin, { delivered: 1, ranges: [] }]]),
  }
  const read = decodeControl(
    encodeControl({ op: 'sealed', epoch: 1, stream: 'orders', report: sealed }),
    'B' as NodeId,
  )
  assert.equal(read?.op === 'sealed' && read.report.node, 'B')
})

test('what ends early or is damaged is something else or nothing, never throws, and never makes the fence throw', () => {
  fc.assert(
    fc.property(anyControl, damage, (each, how) => {
      const read = decodeControl(damaged(encodeControl(each), how), 'A' as NodeId)
      if (read?.op !== 'sealed') return
      const fence = computeFence(new Map(), [read.report])
      isHeldUpTo(fence, [read.report])
      for (const [origin, to] of fence)
        assert.ok(fromOrigin(origin) !== undefined && Number.isSafeInteger(to))
    }),
    { seed, numRuns: 3000 },
  )
  fc.assert(
    fc.property(anyControl, (each) => {
      for (const beginning of beginnings(encodeControl(each)))
        assert.equal(decodeControl(beginning, 'A' as NodeId), undefined)
    }),
    { seed, numRuns: 20 },
  )
})

test('reports of another shape are none', () => {
  const hostile = { toString: 1, valueOf: 1 }
  const said = { node: 'A', boot: 1, own: 3, isInterested: true, held: [['B#2', 4, [[6, 7]]]] }
  const decode = (report: unknown): Control | undefined =>
    decodeControl(
      Buffer.concat([
        new Uint8Array(4),
        toTextBytes(JSON.stringify({ op: 'sealed', epoch: 1, stream: 'orders', report })),
      ]),
      'A' as NodeId,
    )
  assert.ok(decode(said))
  for (const report of [
    null,
    [],
    { ...said, boot: 0 },
    { ...said, boot: 1.5 },
    { ...said, own: -1 },
    { ...said, isInterested: 1 },
    { ...said, held: 1 },
    { ...said, held: [hostile] },
    { ...said, held: [['B', 4, []]] },
    { ...said, held: [['B#2', hostile, []]] },
    { ...said, held: [['B#2', 4, [6]]] },
    { ...said, held: [['B#2', 4, [[6]]]] },
    { ...said, held: [['B#2', 4, [[7, 6]]]] },
    { ...said, held: [['B#2', 4, [[0, 6]]]] },
  ]) {
    assert.equal(decode(report), undefined, JSON.stringify(report))
  }
})
