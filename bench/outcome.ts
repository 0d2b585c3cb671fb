// What a phase says: rates and times, or why it is no result.

import { type Arrivals, deliveryProblem, type LatencySummary, type Received } from './receiver.ts'
import { isInvalid } from './schedule.ts'
import type { Sent } from './worker-protocol.ts'

/** What came out of one run. Rates and times are those of the measured phase alone. */
export interface Measurement {
  /** Why this run is no result: something was lost, or its schedule was missed. */
  readonly problem: string | undefined
  readonly messages: number
  /** Without subscribers: acknowledgements, here and below. */
  readonly deliveries: number
  /** Messages published, divided by the time from the first publish to the last delivery at the last subscriber. */
  readonly messagesPerSecond: number
  readonly serverCpuUsPerDelivery: number
  readonly publisherCpuUsPerMessage: number
  readonly subscriberCpuUsPerDelivery: number
  readonly latency: LatencySummary | undefined
  readonly sendDelay: LatencySummary | undefined
  readonly missedSlots: number
}

/** A run that failed before it measured anything. */
export const nothing: Measurement = {
  problem: undefined,
  messages: 0,
  deliveries: 0,
  messagesPerSecond: 0,
  serverCpuUsPerDelivery: 0,
  publisherCpuUsPerMessage: 0,
  subscriberCpuUsPerDelivery: 0,
  latency: undefined,
  sendDelay: undefined,
  missedSlots: 0,
}

/** What the publisher and the subscribers report of one phase. */
export interface PhaseOutcome {
  readonly sent: Sent
  readonly received: readonly {
    readonly received: Received
    readonly failures: number
    readonly cpuMs: number
  }[]
}

/** The rates of a phase, with the first thing that makes it no result. */
export function toMeasurement(outcome: PhaseOutcome, serverCpuMs: number): Measurement {
  const { sent, received } = outcome
  const arrivals = toArrivals(outcome)
  const deliveries = arrivals.reduce((sum, { received }) => sum + received, 0)
  const lastAt = Math.max(...arrivals.map(({ lastAt }) => lastAt))
  const subscriberCpuMs = received.reduce((sum, { cpuMs }) => sum + cpuMs, 0)
  return {
    problem: toProblem(outcome),
    messages: sent.sent,
    deliveries,
    messagesPerSecond: (sent.sent * 1000) / (lastAt - sent.firstAt),
    serverCpuUsPerDelivery: (serverCpuMs * 1000) / deliveries,
    publisherCpuUsPerMessage: (sent.cpuMs * 1000) / sent.sent,
    subscriberCpuUsPerDelivery: (subscriberCpuMs * 1000) / deliveries,
    latency: arrivals[0]?.latency,
    sendDelay: sent.sendDelay,
    missedSlots: sent.missed,
  }
}

/** Where the messages' way ends: at each subscriber, and without any at the publisher, with the acknowledgement. */
function toArrivals({ sent, received }: PhaseOutcome): readonly Arrivals[] {
  if (received.length > 0) return received.map(({ received }) => received)
  return [{ received: sent.sent, lastAt: sent.lastAt, latency: sent.latency }]
}

/** Why a phase is no result, whatever it measures: something was lost, doubled, out of order or refused. */
export function toDeliveryProblem({ sent, received }: PhaseOutcome): string | undefined {
  for (const { received: phase, failures } of received) {
    const problem = deliveryProblem(phase, sent.sent)
    if (problem !== undefined) return problem
    if (failures > 0) return `a subscriber's client reported ${failures} failures`
  }
  if (sent.failures > 0) return `the publisher's client reported ${sent.failures} failures`
  return undefined
}

function toProblem(outcome: PhaseOutcome): string | undefined {
  const problem = toDeliveryProblem(outcome)
  if (problem !== undefined) return problem
  const { sent } = outcome
  if (isInvalid(sent.missed, sent.sent)) return `INVALID: ${sent.missed} of ${sent.sent} slots missed`
  return undefined
}
