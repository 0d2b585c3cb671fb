// Throughput from runs and latency from histograms, against values that are easy to count by hand.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { analyzeJournals } from '../../audit/analyze.ts'
import { countUntil } from '../../audit/timed-runs.ts'
import { got, journal, sent, start } from './history.ts'

function encode(values: readonly number[], digits: 2 | 3 = 3): string {
  const histogram = build({ autoResize: true, numberOfSignificantValueDigits: digits })
  for (const value of values) histogram.recordValue(value)
  return encodeIntoCompressedBase64(histogram)
}

function latency(
  topic: string,
  from: string,
  values: readonly number[],
  digits: 2 | 3 = 3,
): Record<string, unknown> {
  return {
    t: 'latency',
    at: 5,
    stream: 'default',
    topic,
    from,
    n: values.length,
    hdr: encode(values, digits),
  }
}

test('the messages of a run are spread evenly over its time', () => {
  const run = sent(3_999, 'A#1', 1, 4_000, 'a', 0)
  const { total, startsAt, endsAt, bucketMs } = analyzeJournals([journal('A', [start(0, 'A#1'), run])])
  assert.deepEqual([startsAt, endsAt, bucketMs], [0, 4_000, 1_000])
  assert.deepEqual(total.sent, [1_000, 1_000, 1_000, 1_000])
  assert.equal(total.sentMessages, 4_000)
})

test('nothing gets lost or doubled by spreading', () => {
  const time = fc.integer({ min: 0, max: 8_000 })
  const runs = fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), time, time), {
    minLength: 1,
    maxLength: 8,
  })
  fc.assert(
    fc.property(runs, (list) => {
      let next = 1
      const lines = list.map(([count, first, last]) => {
        const line = { ...sent(last, 'A#1', next, next + count - 1, 'a', first) }
        next += count
        return line
      })
      const { total } = analyzeJournals([journal('A', lines)])
      assert.equal(
        total.sent.reduce((a, b) => a + b, 0),
        next - 1,
      )
      assert.ok(total.sent.every((count) => count >= 0))
    }),
  )
})

test('how many of a run happened until a moment agrees with counting them', () => {
  const small = fc.integer({ min: 0, max: 60 })
  fc.assert(
    fc.property(small, small, fc.integer({ min: 1, max: 12 }), small, (first, length, gaps, moment) => {
      // Times that divide evenly, so that counting is exact as well.
      const last = first + length * gaps
      const times = Array.from({ length: gaps + 1 }, (_, index) => first + index * length)
      assert.equal(countUntil(moment, gaps + 1, first, last), times.filter((each) => each <= moment).length)
    }),
  )
})

test('streams, nodes and topics are counted apart', () => {
  const mixed = { ...sent(900, 'A#1', 1, 10), topic: undefined, topics: ['a', '__proto__'], order: '0*7,1*3' }
  const analysis = analyzeJournals([
    journal('A', [mixed, { ...sent(900, 'A#1', 1, 5), stream: 'orders' }]),
    journal('B', [got(1_900, 's', 'A#1', 1, 10, '1-4,9')]),
  ])
  const counts = (list: typeof analysis.streams): unknown =>
    list.map((each) => [each.name, each.sentMessages, each.deliveredMessages])
  assert.deepEqual(counts(analysis.streams), [
    ['default', 10, 5],
    ['orders', 5, 0],
  ])
  assert.deepEqual(counts(analysis.byNode), [
    ['A', 15, 0],
    ['B', 0, 5],
  ])
  assert.deepEqual(
    analysis.topics.map((row) => [row.stream, row.topic, row.sentMessages]),
    [
      ['default', 'a', 7],
      ['orders', 'a.b', 5],
      ['default', '__proto__', 3],
    ],
  )
  assert.deepEqual(analysis.total.sent, [15, 0])
  assert.deepEqual(analysis.total.delivered, [0, 5])
})

test('a history of days gets wider buckets', () => {
  const day = 86_400_000
  const analysis = analyzeJournals([journal('A', [sent(0, 'A#1', 1, 1), sent(day, 'A#1', 2, 2)])])
  assert.equal(analysis.bucketMs, 25_000)
  assert.equal(analysis.total.sent.length, 3_457)
  assert.equal(analysis.total.sent.at(-1), 1)
})

test('a run with an impossible duration counts at its end', () => {
  const analysis = analyzeJournals([journal('A', [sent(1e12, 'A#1', 1, 100, 'a', 0)])])
  assert.deepEqual(analysis.total.sent, [100])
})

test('histograms are added, whatever their precision, and percentiles follow from the sum', () => {
  const low = Array.from({ length: 99 }, () => 100)
  const analysis = analyzeJournals([
    journal('B', [latency('a', 'A', low), latency('a', 'A', [5_000], 2), latency('b', 'A', low)]),
    journal('C', [latency('a', 'A', [900])]),
  ])
  assert.equal(analysis.latency?.samples, 200)
  assert.equal(analysis.latency?.p50, 100)
  const ab = analysis.latencyByPair.find((pair) => pair.from === 'A' && pair.to === 'B')
  assert.deepEqual([ab?.samples, ab?.p99, ab?.clock], [199, 100, null])
  assert.ok(Math.abs((ab?.max ?? 0) - 5_000) <= 50)
  assert.deepEqual(
    analysis.latencyRows.map((row) => [row.topic, row.to, row.samples]),
    [
      ['a', 'C', 1],
      ['a', 'B', 100],
      ['b', 'B', 99],
    ],
  )
})

test('a topic that was only delivered is in the table too', () => {
  const { topics } = analyzeJournals([journal('B', [latency('a', 'A', [100]), latency('a', 'C', [100])])])
  assert.deepEqual(
    topics.map((row) => [row.topic, row.sentMessages, row.latency?.samples]),
    [['a', 0, 2]],
  )
})

test('the clocks stand beside the latency of two nodes', () => {
  const clock = { t: 'clock', at: 1, peer: 'A', offsetMs: -3, errorMs: 0.5 }
  const analysis = analyzeJournals([journal('B', [clock, latency('a', 'A', [100]), latency('a', 'B', [50])])])
  assert.deepEqual(
    analysis.latencyByPair.map(({ from, to, clock: between }) => ({ from, to, between })),
    [
      { from: 'A', to: 'B', between: { offsetMs: 3, errorMs: 0.5 } },
      { from: 'B', to: 'B', between: { offsetMs: 0, errorMs: 0 } },
    ],
  )
})

test('a histogram that cannot be read is counted and harms nothing', () => {
  const broken = { ...latency('a', 'A', [100]), hdr: 'AAAA' }
  const analysis = analyzeJournals([journal('B', [broken, { ...broken, hdr: '' }, latency('a', 'A', [100])])])
  assert.equal(analysis.damagedHistograms, 2)
  assert.equal(analysis.latency?.samples, 1)
})

test('the percentile curve ends where the samples end', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1)
  const [curve] = analyzeJournals([journal('B', [latency('a', 'A', values)])]).curves
  assert.deepEqual(curve?.points.at(-1), [2, 99])
  assert.deepEqual(curve?.points.at(0), [0, 1])
})

test('journals without any message analyze to nothing', () => {
  const analysis = analyzeJournals([journal('A', [start(0, 'A#1')])])
  assert.equal(analysis.startsAt, null)
  assert.equal(analysis.latency, null)
  assert.deepEqual(analysis.total.sent, [])
})

test('more combinations than can be kept apart are added up under one name', () => {
  const encoded = encode([100])
  const lines = Array.from({ length: 1_010 }, (_, index) => {
    return { t: 'latency', at: 1, stream: 'default', topic: `t${index}`, from: 'A', n: 1, hdr: encoded }
  })
  const analysis = analyzeJournals([journal('B', lines)])
  assert.equal(analysis.latencyRows.find((row) => row.topic === '(other topics)')?.samples, 10)
  assert.equal(analysis.latency?.samples, 1_010)
})
