// Latencies gather in histograms that the journal takes as one line.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import type { LatencyLine } from '../../node/core/common/journal-lines.ts'
import { JournalLatency } from '../../node/storage/journal-latency.ts'

function makeLatency(): { latency: JournalLatency; lines: LatencyLine[]; clock: { nowMs: number } } {
  const lines: LatencyLine[] = []
  const clock = { nowMs: 0 }
  const latency = new JournalLatency({ emit: (line) => lines.push(line), now: () => clock.nowMs })
  return { latency, lines, clock }
}

test('writes a histogram per stream, topic and sending node that decodes to what was recorded', () => {
  const { latency, lines } = makeLatency()
  latency.record('s', 'a', 'A', 100, 3)
  latency.record('s', 'a', 'A', 50_000, 1)
  latency.record('s', 'b', 'A', 7, 1)
  latency.record('s', 'a', 'B', 7, 2)
  latency.flush()
  assert.deepEqual(
    lines.map(({ stream, topic, from, n }) => `${stream} ${topic} ${from} ${n}`),
    ['s a A 4', 's a B 2', 's b A 1'],
  )
  const histogram = decodeFromCompressedBase64(lines[0]?.hdr ?? '')
  assert.equal(histogram.totalCount, 4)
  assert.equal(histogram.getValueAtPercentile(50), 100)
  assert.ok(Math.abs(histogram.maxValue - 50_000) <= 500, String(histogram.maxValue))
})

test('begins anew after a line', () => {
  const { latency, lines } = makeLatency()
  latency.record('s', 'a', 'A', 100, 3)
  latency.flush()
  latency.flush()
  latency.record('s', 'a', 'A', 100, 2)
  latency.flush()
  assert.deepEqual(
    lines.map(({ n }) => n),
    [3, 2],
  )
})

test('takes latencies below zero as zero and above an hour as an hour', () => {
  const { latency, lines } = makeLatency()
  for (const value of [-5, 0, 0.4, Number.POSITIVE_INFINITY, 1e15]) latency.record('s', 'a', 'A', value, 1)
  latency.flush()
  const histogram = decodeFromCompressedBase64(lines[0]?.hdr ?? '')
  assert.equal(histogram.totalCount, 5)
  assert.equal(histogram.getValueAtPercentile(50), 0)
  assert.ok(Math.abs(histogram.maxValue / 3.6e9 - 1) < 0.01)
})

test('writes every ten seconds, at most 32 lines a tick', () => {
  const { latency, lines, clock } = makeLatency()
  for (let index = 0; index < 100; index++) latency.record('s', `t${index}`, 'A', 1, 1)
  clock.nowMs = 9_999
  latency.tick()
  assert.equal(lines.length, 0)
  clock.nowMs = 10_000
  const counts = [1, 2, 3, 4, 5].map(() => {
    latency.tick()
    return lines.length
  })
  assert.deepEqual(counts, [32, 64, 96, 100, 100])
})

test('puts topics above 256 together, and streams above 256, and leaves nothing out', () => {
  const { latency, lines } = makeLatency()
  for (let index = 0; index < 300; index++) latency.record('s', `t${index}`, 'A', 1, 1)
  for (let index = 0; index < 300; index++) latency.record(`s${index}`, 't', 'A', 1, 1)
  latency.flush()
  const counts = new Map(lines.map(({ stream, topic, n }) => [`${stream} ${topic}`, n]))
  assert.equal(counts.get('s *'), 44)
  assert.equal(counts.get('s254 *'), 1)
  assert.equal(counts.get('* *'), 45)
  assert.equal(lines.length, 256 + 256 + 1)
  assert.equal(
    lines.reduce((sum, { n }) => sum + n, 0),
    600,
  )
})

test('gives the place of a series that was written to another', () => {
  const { latency, lines } = makeLatency()
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 256; index++) latency.record('s', `r${round}t${index}`, 'A', 1, 1)
    latency.flush()
  }
  assert.equal(lines.length, 768)
  assert.equal(
    lines.some(({ topic }) => topic === '*'),
    false,
  )
})
