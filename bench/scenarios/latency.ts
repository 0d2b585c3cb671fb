// Scenario (d): latency from the intended send time to the delivery at rates that the systems can carry, open loop. Scenario (h): the
// same to the acknowledgement, where servers keep what is published.

import type { LatencySummary } from '../receiver.ts'
import { formatMs, toComparison } from '../table.ts'
import { type BenchCase, durableOnly, durableServerCount, everywhere, type Scenario } from './scenario.ts'

const payloadBytes = 128

export const latencyCases: readonly BenchCase[] = [1000, 10_000, 50_000].map((ratePerSecond) => ({
  ...toHead('d', ratePerSecond),
  plan: { serverCount: 1, subscriberCount: 1, payloadBytes, traffic: { kind: 'load', ratePerSecond } },
  isComparable: everywhere,
}))

const durableCases: readonly BenchCase[] = [1000, 5000].map((ratePerSecond) => ({
  ...toHead('h', ratePerSecond),
  plan: {
    serverCount: durableServerCount,
    subscriberCount: 0,
    payloadBytes,
    traffic: { kind: 'load', ratePerSecond },
  },
  isComparable: durableOnly,
}))

type Percentile = readonly [string, (latency: LatencySummary) => number]

const p50: Percentile = ['p50', (latency) => latency.p50]
const p99: Percentile = ['p99', (latency) => latency.p99]
const p999: Percentile = ['p99.9', (latency) => latency.p999]

export const latencyScenario: Scenario = {
  letter: 'd',
  title: 'Latency from the intended send time, open loop, 128 B',
  cases: latencyCases,
  render: (runs, systems) => toTables(latencyCases, [p50, p99, p999], runs, systems),
}

export const durableLatencyScenario: Scenario = {
  letter: 'h',
  title: 'Latency from the intended send time to the acknowledgement of three servers, open loop, 128 B',
  cases: durableCases,
  render: (runs, systems) => toTables(durableCases, [p50, p99], runs, systems),
}

function toHead(letter: string, ratePerSecond: number): Pick<BenchCase, 'id' | 'title'> {
  return { id: `${letter}-${ratePerSecond}`, title: `${ratePerSecond.toLocaleString('en-US')} messages/s` }
}

/** One table a percentile. */
function toTables(
  cases: readonly BenchCase[],
  percentiles: readonly Percentile[],
  ...[runs, systems]: Parameters<Scenario['render']>
): string[] {
  return percentiles.flatMap(([heading, value]) => [
    ...toComparison({
      heading,
      cases,
      systems,
      runs,
      value: ({ latency }) => (latency === undefined ? undefined : value(latency)),
      format: formatMs,
    }),
    '',
  ])
}
