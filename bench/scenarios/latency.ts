// Scenario (d): latency from the intended send time to the delivery at rates that the systems can carry, open loop.

import { fixedRates } from '../options.ts'
import type { LatencySummary } from '../receiver.ts'
import { formatMs, toComparison } from '../table.ts'
import { type BenchCase, everywhere, type Scenario } from './scenario.ts'

const payloadBytes = 128

export const latencyCases: readonly BenchCase[] = fixedRates.map((ratePerSecond) => ({
  id: `d-${ratePerSecond}`,
  title: `${ratePerSecond / 1000},000 messages/s`,
  plan: { serverCount: 1, subscriberCount: 1, payloadBytes, traffic: { kind: 'load', ratePerSecond } },
  isComparable: everywhere,
}))

const percentiles: readonly (readonly [string, (latency: LatencySummary) => number])[] = [
  ['p50', (latency) => latency.p50],
  ['p99', (latency) => latency.p99],
  ['p99.9', (latency) => latency.p999],
]

export const latencyScenario: Scenario = {
  letter: 'd',
  title: 'Latency from the intended send time, open loop, 128 B',
  cases: latencyCases,
  render: (runs, systems) =>
    percentiles.flatMap(([heading, value]) => [
      ...toComparison({
        heading,
        cases: latencyCases,
        systems,
        runs,
        value: ({ latency }) => (latency === undefined ? undefined : value(latency)),
        format: formatMs,
      }),
      '',
    ]),
}
