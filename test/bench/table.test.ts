// Tables and statistics of the benchmark.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderFailover } from '../../bench/scenarios/failover.ts'
import { durableLatencyScenario, latencyScenario } from '../../bench/scenarios/latency.ts'
import { renderRest } from '../../bench/scenarios/rest.ts'
import { serverTimeScenario } from '../../bench/scenarios/server-time.ts'
import { durableThroughputScenario, singleScenario } from '../../bench/scenarios/throughput.ts'
import { median, percentile, spread } from '../../bench/statistics.ts'
import { formatMs, formatRate, renderSpread, toComparison, toMarkdown, toRatio } from '../../bench/table.ts'
import { toCase, toRun } from './run-record.ts'

test('the median is the middle value, of an even number the mean of the two in the middle, and leaves its input alone', () => {
  const values = [30, 10, 20]
  assert.equal(median(values), 20)
  assert.deepEqual(values, [30, 10, 20])
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.equal(median([7]), 7)
  assert.ok(Number.isNaN(median([])))
  assert.equal(median([9, 100, 11]), 11, 'numbers are not compared as text')
})

test('the spread is the distance of the outermost runs as a part of the median', () => {
  assert.equal(spread([90, 100, 120]), 0.3)
  assert.equal(spread([5]), 0)
})

test('a percentile is the smallest value that so many percent do not exceed', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index)
  assert.deepEqual(
    [50, 99, 99.5, 100].map((percent) => percentile(values, percent)),
    [100, 198, 199, 200],
  )
  assert.equal(percentile([9, 100], 50), 9, 'numbers are not compared as text')
  assert.equal(percentile([7], 1), 7)
  assert.ok(Number.isNaN(percentile([], 50)))
})

test('a comparison shows the median of each system and its ratio to NATS', () => {
  const runs = [900, 1000, 4000].map((messagesPerSecond) => toRun('x', 'herald', { messagesPerSecond }))
  runs.push(toRun('x', 'nats', { messagesPerSecond: 250 }))
  assert.deepEqual(compare(runs), [
    '| rate | herald            | nats | redis |',
    '| ---- | ----------------- | ---- | ----- |',
    '| x    | 1,000 (4.0× NATS) | 250  | –     |',
  ])
})

test('a run that lost something is no result: it is left out of the median and said', () => {
  const runs = [
    toRun('x', 'herald', { messagesPerSecond: 1000 }),
    toRun('x', 'herald', { messagesPerSecond: 9000, problem: '3 of 10 messages lost' }),
    toRun('x', 'redis', { problem: 'server gone' }),
  ]
  assert.equal(
    compare(runs)[2],
    '| x    | 1,000, 1 of 2 runs no result: 3 of 10 messages lost | –    | 1 of 1 runs no result: server gone |',
  )
})

test('without NATS there are no ratios', () => {
  assert.match(compare([toRun('x', 'herald', {})])[2] ?? '', /\| 1,000 +\| – +\| – +\|/)
})

test('numbers keep the digits that matter', () => {
  assert.deepEqual([0.123, 1.26, 9.94, 12.6].map(toRatio), ['0.12', '1.3', '9.9', '13'])
  assert.deepEqual([999.6, 12_345, 1_234_567].map(formatRate), ['1,000', '12,345', '1,235,000'])
  assert.equal(formatMs(1234), '1.23 ms')
})

test('every column of a table is as wide as its widest cell', () => {
  assert.deepEqual(toMarkdown(['a', 'bbbb'], [['1234', '5']]), [
    '| a    | bbbb |',
    '| ---- | ---- |',
    '| 1234 | 5    |',
  ])
})

test('the spread of all cells is told from valid runs only', () => {
  const runs = [
    toRun('x', 'herald', { messagesPerSecond: 90 }),
    toRun('x', 'herald', { messagesPerSecond: 100 }),
    toRun('x', 'herald', { messagesPerSecond: 110 }),
    toRun('x', 'herald', { messagesPerSecond: 1, problem: 'lost' }),
    toRun('y', 'nats', { messagesPerSecond: 50 }),
    toRun('y', 'nats', { messagesPerSecond: 50 }),
  ]
  assert.equal(
    renderSpread('Rates', runs, ({ messagesPerSecond }) => messagesPerSecond),
    'Rates of the runs of one cell lie 10 % apart (median over the cells), 20 % where they differ most.',
  )
  assert.equal(
    renderSpread('p99', runs, ({ latency }) => latency?.p99),
    '',
    'no run has this value',
  )
})

test('the scenarios show rate, percentiles, server time and memory', () => {
  const latency = { count: 9, p50: 1000, p99: 2000, p999: 3000, max: 4000 }
  const runs = [
    toRun('a-128', 'nats', { messagesPerSecond: 777, serverCpuUsPerDelivery: 2.5 }),
    toRun('d-10000', 'nats', { latency, serverCpuUsPerDelivery: 7 }),
  ]
  assert.match(singleScenario.render(runs, [{ name: 'nats' }]).join('\n'), /128 B +\| 777/)
  const percentiles = latencyScenario.render(runs, [{ name: 'nats' }]).join('\n')
  for (const value of ['1.00 ms', '2.00 ms', '3.00 ms']) assert.ok(percentiles.includes(value))
  assert.match(
    serverTimeScenario.render(runs, [{ name: 'nats' }]).join('\n'),
    /10,000 messages\/s +\| 7.00 µs.*flat out +\| 2.50 µs/s,
  )
  const rest = { serverCount: 5, overMs: 1, coreShare: 0.0042 }
  assert.match(
    renderRest([{ system: 'herald', ...rest, rssBytes: [8e7, 9e7, 7e7], pssBytes: [5e7] }]).join('\n'),
    /herald +\| 80 MB +\| 50 MB +\| 0.42 % of a core/,
  )
})

const durableSystems = [
  { name: 'herald-leader', sync: 'synced by a majority' },
  { name: 'jetstream', sync: 'written' },
]

test('tables of systems that keep publications say beside each how it syncs, and compare with JetStream', () => {
  const latency = { count: 9, p50: 1000, p99: 2000, p999: 3000, max: 4000 }
  const runs = [
    toRun('g-1000', 'herald-leader', { messagesPerSecond: 30_000 }),
    toRun('g-1000', 'jetstream', { messagesPerSecond: 15_000 }),
    toRun('h-5000', 'jetstream', { latency }),
  ]
  const rates = durableThroughputScenario.render(runs, durableSystems)
  assert.match(rates[0] ?? '', /\| herald-leader \(synced by a majority\) +\| jetstream \(written\) +\|/)
  assert.match(rates.at(-1) ?? '', /1,000 in flight +\| 30,000 \(2.0× JetStream\) +\| 15,000 +\|/)
  const percentiles = durableLatencyScenario.render(runs, durableSystems).join('\n')
  assert.match(
    percentiles,
    /p50 .*\(written\).*5,000 messages\/s +\| – +\| 1.00 ms.*p99 .*\(written\).*2.00 ms/s,
  )
  assert.ok(!percentiles.includes('3.00 ms'))
})

test('the time without acknowledgements is told over the trials of all runs, with what ended a run', () => {
  const trials = Array.from({ length: 50 }, (_, index) => index + 1)
  const records = [
    { system: 'jetstream', run: 0, pausesMs: trials, failures: [2, 0, 1], problem: undefined },
    {
      system: 'jetstream',
      run: 1,
      pausesMs: trials.map((pauseMs) => pauseMs + 50),
      failures: [4],
      problem: 'server gone',
    },
  ]
  const [heading, , ...rows] = renderFailover(records, durableSystems)
  assert.match(heading ?? '', /herald-leader \(synced by a majority\) +\| jetstream \(written\)/)
  assert.deepEqual(
    rows.map((row) => row.split('|').map((cell) => cell.trim())),
    [
      ['', 'p50', '–', '50.00 ms', ''],
      ['', 'p99', '–', '99.00 ms', ''],
      ['', 'max', '–', '100.00 ms', ''],
      ['', 'publications refused or unknown', '0', '7', ''],
      ['', 'trials', '0', '100, a run ended: server gone', ''],
    ],
  )
})

function compare(runs: Parameters<typeof toComparison>[0]['runs']): string[] {
  return toComparison({
    heading: 'rate',
    cases: [toCase('x', 'x')],
    systems: [{ name: 'herald' }, { name: 'nats' }, { name: 'redis' }],
    runs,
    value: (measurement) => measurement.messagesPerSecond,
    format: formatRate,
  })
}
