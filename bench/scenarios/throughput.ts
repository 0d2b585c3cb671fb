// Scenarios (a), (b) and (c): how many messages a second arrive, flat out. Scenario (g): how many are acknowledged by servers that keep
// them, with some in flight.

import type { Traffic } from '../measurement.ts'
import { formatRate, toComparison } from '../table.ts'
import {
  type BenchCase,
  clustersOnly,
  durableOnly,
  durableServerCount,
  everywhere,
  type Scenario,
} from './scenario.ts'

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
    toCase('a-128-each', '128 B, each awaited', { payloadBytes, traffic: { kind: 'loop', inFlight: 1 } }),
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
export const clusterCase: BenchCase = toCase('c-128', '128 B', {
  payloadBytes,
  serverCount: 3,
  isComparable: clustersOnly,
})

export const clusterScenario: Scenario = toScenario(
  'c',
  'Publisher and subscriber on different servers of a cluster of three, 128 B',
  'messages/s',
  [clusterCase],
)

export const durableThroughputScenario: Scenario = toScenario(
  'g',
  'One publisher, three servers that keep what it publishes, 128 B',
  'acknowledged messages/s',
  [1, 64, 1000].map((inFlight) =>
    toCase(`g-${inFlight}`, `${inFlight.toLocaleString('en-US')} in flight`, {
      payloadBytes,
      subscriberCount: 0,
      serverCount: durableServerCount,
      traffic: { kind: 'loop', inFlight },
      isComparable: durableOnly,
    }),
  ),
)

interface CaseOptions {
  readonly payloadBytes: number
  readonly subscriberCount?: number
  readonly serverCount?: number
  readonly traffic?: Traffic
  readonly isComparable?: BenchCase['isComparable']
}

function toCase(id: string, title: string, options: CaseOptions): BenchCase {
  const { payloadBytes, subscriberCount = 1, serverCount = 1, isComparable = everywhere } = options
  const { traffic = { kind: 'flood' } } = options
  return { id, title, plan: { serverCount, subscriberCount, payloadBytes, traffic }, isComparable }
}

function toScenario(letter: string, title: string, heading: string, cases: readonly BenchCase[]): Scenario {
  return {
    letter,
    title,
    cases,
    render: (runs, systems) =>
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
