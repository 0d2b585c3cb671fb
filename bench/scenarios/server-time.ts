// Scenario (e): what a delivered message costs the server, in processor time, at the same rates and flat out.

import { formatUs, toComparison } from '../table.ts'
import { latencyCases } from './latency.ts'
import type { BenchCase, Scenario } from './scenario.ts'
import { singleCase } from './throughput.ts'

const cases: readonly BenchCase[] = [
  ...latencyCases.filter(({ id }) => id !== 'd-1000'),
  { ...singleCase, title: 'flat out' },
]

export const serverTimeScenario: Scenario = {
  letter: 'e',
  title: 'Processor time of the server per delivered message, 128 B',
  cases,
  render: (runs, systems) =>
    toComparison({
      heading: 'server time per message',
      cases,
      systems,
      runs,
      value: (measurement) => measurement.serverCpuUsPerDelivery,
      format: formatUs,
    }),
}
