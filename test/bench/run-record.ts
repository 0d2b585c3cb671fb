// Made-up runs for tests of tables.

import type { Measurement } from '../../bench/outcome.ts'
import type { BenchCase, RunRecord } from '../../bench/scenarios/scenario.ts'
import { everywhere } from '../../bench/scenarios/scenario.ts'

export function toCase(id: string, title: string): BenchCase {
  return {
    id,
    title,
    plan: {
      serverCount: 1,
      subscriberCount: 1,
      payloadBytes: 128,
      traffic: { kind: 'flood' },
    },
    isComparable: everywhere,
  }
}

export function toRun(caseId: string, system: string, fields: Partial<Measurement>): RunRecord {
  return {
    caseId,
    system,
    run: 0,
    measurement: {
      problem: undefined,
      messages: 1000,
      deliveries: 1000,
      messagesPerSecond: 1000,
      serverCpuUsPerDelivery: 1,
      publisherCpuUsPerMessage: 1,
      subscriberCpuUsPerDelivery: 1,
      latency: undefined,
      sendDelay: undefined,
      missedSlots: 0,
      ...fields,
    },
  }
}
