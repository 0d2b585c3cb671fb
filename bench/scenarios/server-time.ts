// Scenario (e): what a delivered message costs the server, in processor time, at the same rates and flat out.

import type { Measurement } from '../outcome.ts'
import { formatUs, toComparison } from '../table.ts'
import { latencyCases } from './latency.ts'
import type { BenchCase, Scenario } from './scenario.ts'
import { clusterCase, singleCase } from './throughput.ts'

const cases: readonly BenchCase[] = [
  ...latencyCases.filter(({ id }) => id !== 'd-1000'),
  { ...singleCase, title: 'flat out' },
  { ...clusterCase, title: 'flat out, across a cluster of three' },
]

const sums: readonly (readonly [string, (measurement: Measurement) => number])[] = [
  ['server', ({ serverCpuUsPerDelivery }) => serverCpuUsPerDelivery],
  ['publisher, server and subscriber', sumOfAll],
]

export const serverTimeScenario: Scenario = {
  letter: 'e',
  title: 'Processor time per delivered message, 128 B',
  cases,
  render: (runs, systems) =>
    sums.flatMap(([heading, value]) => [
      ...toComparison({ heading, cases, systems, runs, value, format: formatUs }),
      '',
    ]),
}

/** What a message costs the whole machine. On a machine that others use, it says more than a rate. */
function sumOfAll(measurement: Measurement): number {
  const { publisherCpuUsPerMessage, serverCpuUsPerDelivery, subscriberCpuUsPerDelivery } = measurement
  return publisherCpuUsPerMessage + serverCpuUsPerDelivery + subscriberCpuUsPerDelivery
}
