// The running hash over an order: what it depends on, what it does not, and at which offsets it is written.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type OrderPoint, OrderTrace } from '../../node/broker/order-trace.ts'

/** The message at each offset: its origin and sequence. The first one has offset 1. */
type Order = readonly (readonly [boot: number, sequence: number])[]

interface Way {
  readonly from: number
  /** Messages of one batch at most; runs of one origin are cut there. */
  readonly batchMax: number
  /** Messages of one second. */
  readonly rate: number
}

function orderOf(origins: readonly number[]): Order {
  const next = new Map<number, number>()
  return origins.map((boot) => {
    const sequence = (next.get(boot) ?? 0) + 1
    next.set(boot, sequence)
    return [boot, sequence]
  })
}

/** Every point that is written on the way through an order, the last ones at rest. */
function pointsOf(order: Order, { from, batchMax, rate }: Way): readonly OrderPoint[] {
  const trace = new OrderTrace(1, from)
  const points: (OrderPoint | undefined)[] = []
  let passed = 0
  for (let offset = from; offset <= order.length; ) {
    const [boot = 0, sequence = 0] = order[offset - 1] ?? []
    let count = 1
    const follows = (at: number): boolean =>
      order[at - 1]?.[0] === boot && order[at - 1]?.[1] === sequence + at - offset
    while (count < batchMax && follows(offset + count)) count++
    trace.pass(boot, sequence, offset, count)
    offset += count
    passed += count
    assert.equal(trace.next, offset)
    if (passed >= rate) {
      passed = 0
      points.push(trace.onSecond())
    }
  }
  points.push(trace.onSecond(), trace.onSecond(), trace.finish())
  return points.filter((point) => point !== undefined)
}

const origins = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 200 })
const way: fc.Arbitrary<Way> = fc.record({
  from: fc.integer({ min: 1, max: 20 }),
  batchMax: fc.integer({ min: 1, max: 20 }),
  rate: fc.integer({ min: 1, max: 60 }),
})

test('what is added between two offsets depends on the order alone, not on batches, beginnings or seconds', () => {
  const property = (given: readonly number[], a: Way, b: Way): void => {
    const order = orderOf(given)
    const inB = new Map(pointsOf(order, b).map(({ offset, hash }) => [offset, hash]))
    const common = pointsOf(order, a).filter(({ offset }) => inB.has(offset))
    const differences = common.map(({ offset, hash }) => (hash - (inB.get(offset) ?? 0)) >>> 0)
    assert.ok(new Set(differences).size <= 1)
    if (a.from === b.from) assert.deepEqual([...new Set(differences)], differences.length === 0 ? [] : [0])
    if (Math.max(a.from, b.from) <= order.length) assert.ok(inB.has(order.length))
  }
  fc.assert(fc.property(origins, way, way, property), { numRuns: 2_000 })
})

test('another order has another hash from the first offset on where it differs', () => {
  const property = (given: readonly number[], at: number, both: Way): void => {
    const swapped = [...given]
    const first = at % (given.length - 1)
    swapped.splice(first, 2, ...swapped.slice(first, first + 2).reverse())
    const ways = { from: 1, batchMax: both.batchMax, rate: both.rate }
    const [left, right] = [pointsOf(orderOf(given), ways), pointsOf(orderOf(swapped), ways)]
    const isSame = given[first] === given[first + 1]
    for (const { offset, hash } of left) {
      const other = right.find((point) => point.offset === offset)
      if (other !== undefined) assert.equal(other.hash === hash, isSame || offset <= first)
    }
  }
  fc.assert(fc.property(origins, fc.nat(), way, property), { numRuns: 1_000 })
})

test('of every second the roundest offset is written, and the end when nothing comes any more', () => {
  const roundness = (offset: number): number => {
    let size = 1
    while (offset % (size * 2) === 0) size *= 2
    return size
  }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.array(fc.nat(300)), (from, seconds) => {
      const trace = new OrderTrace(1, from)
      let end = from - 1
      let told = end
      for (const count of seconds) {
        const offsets = Array.from({ length: count }, (_, index) => end + 1 + index)
        if (count > 0) trace.pass(7, end + 1, end + 1, count)
        end += count
        const best = offsets.reduce((a, b) => (roundness(b) > roundness(a) ? b : a), offsets[0] ?? end)
        const expected = count === 0 && told === end ? undefined : best
        assert.equal(trace.onSecond()?.offset, expected)
        told = expected ?? told
      }
    }),
  )
})
