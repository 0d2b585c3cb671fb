// Scenarios (a), (b) and (c): how many messages a second arrive, flat out.

import { formatRate, toComparison } from '../table.ts'
import type { FloodMode } from '../worker-protocol.ts'
import { type BenchCase, clustersOnly, everywhere, type RunRecord, type Scenario } from './scenario.ts'

const payloadBytes = 128

/** The flat out case of (a) that (e) looks at as well. */
export const singleCase: BenchCase = toCase('a-128', '128 B', { payloadBytes })

export const singleScenario: Scenario = toScenario(
  'a',
  'One publisher, one server, one subscriber',
  'messages/s',
  [
    toCase('a-16', '16 B', { payloadBytes: 16 }),
    singleCase,
    toCase('a-1024', '1 KiB', { payloadBytes: 1024 }),
    toCase('a-128-each', '128 B, each awaited', { payloadBytes, mode: 'one by one' }),
  ],
)

export const fanOutScenario: Scenario = toScenario(
  'b',
  'One publisher, one server, several subscribers, 128 B',
  'messages/s that reach all',
  [1, 2, 5, 10].map((subscriberCount) =>
    toCase(`b-${subscriberCount}`, `${subscriberCount} subscriber${subscriberCount === 1 ? '' : 's'}`, {
      payloadBytes,
      subscriberCount,
    }),
  ),
)

/** The case of (c), which (e) looks at as well. */
export const clusterCase: BenchCase = {
  ...toCase('c-128', '128 B', { payloadBytes, serverCount: 3 }),
  isComparable: clustersOnly,
}

export const clusterScenario: Scenario = toScenario(
  'c',
  'Publisher and subscriber on different servers of a cluster of three, 128 B',
  'messages/s',
  [clusterCase],
)

interface CaseOptions {
  readonly payloadBytes: number
  readonly subscriberCount?: number
  readonly serverCount?: number
  readonly mode?: FloodMode
}

function toCase(id: string, title: string, options: CaseOptions): BenchCase {
  const { payloadBytes, subscriberCount = 1, serverCount = 1, mode = 'flat out' } = options
  return {
    id,
    title,
    plan: { serverCount, subscriberCount, payloadBytes, traffic: { kind: 'flood', mode } },
    isComparable: everywhere,
  }
}

function toScenario(letter: string, title: string, heading: string, cases: readonly BenchCase[]): Scenario {
  return {
    letter,
    title,
    cases,
    render: (runs: readonly RunRecord[], systems: readonly string[]) =>
      toComparison({
        heading,
        cases,
        systems,
        runs,
        value: (measurement) => measurement.messagesPerSecond,
        format: formatRate,
      }),
  }
}
