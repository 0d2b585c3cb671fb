// What makes a phase a result, and what makes it none.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PhaseOutcome, toDeliveryProblem, toMeasurement } from '../../bench/outcome.ts'

const sent = {
  ...{ sent: 1000, failures: 0, firstAt: 500, lastAt: 4500, cpuMs: 20, missed: 0 },
  ...{ sendDelay: undefined, latency: undefined },
}
const complete = { received: 1000, missing: 0, misplaced: 0, wrongSize: 0, lastAt: 1500, latency: undefined }

function phase(change: {
  readonly sent?: Partial<PhaseOutcome['sent']>
  readonly received?: Partial<typeof complete>
  readonly failures?: number
}): PhaseOutcome {
  const whole = { received: complete, failures: 0, cpuMs: 10 }
  const changed = { ...whole, received: { ...complete, ...change.received }, failures: change.failures ?? 0 }
  return { sent: { ...sent, ...change.sent }, received: [whole, changed] }
}

test('rates count from the first publish to the last delivery at the last subscriber', () => {
  const measurement = toMeasurement(phase({ received: { lastAt: 2500 } }), 40)
  assert.equal(measurement.problem, undefined)
  assert.equal(measurement.messagesPerSecond, 500)
  assert.deepEqual([measurement.messages, measurement.deliveries], [1000, 2000])
})

test('processor time is divided by the messages of a publisher and by the deliveries of everybody else', () => {
  const measurement = toMeasurement(phase({}), 40)
  assert.deepEqual(
    [
      measurement.publisherCpuUsPerMessage,
      measurement.serverCpuUsPerDelivery,
      measurement.subscriberCpuUsPerDelivery,
    ],
    [20, 20, 10],
  )
})

test('without subscribers the acknowledgements are what arrives', () => {
  const latency = { count: 1000, p50: 1, p99: 2, p999: 3, max: 4 }
  const measurement = toMeasurement({ sent: { ...sent, latency }, received: [] }, 40)
  assert.deepEqual(
    [measurement.problem, measurement.messagesPerSecond, measurement.deliveries, measurement.latency],
    [undefined, 250, 1000, latency],
  )
  assert.deepEqual([measurement.serverCpuUsPerDelivery, measurement.subscriberCpuUsPerDelivery], [40, 0])
})

const problems: readonly (readonly [string, Parameters<typeof phase>[0], RegExp])[] = [
  ['a lost message', { received: { received: 999 } }, /^1 of 1000 messages lost$/],
  ['a message too many', { received: { received: 1001 } }, /^1 messages too many$/],
  ['a message out of order', { received: { misplaced: 2 } }, /^2 messages out of order$/],
  ['a hole that something else filled', { received: { missing: 3 } }, /out of order$/],
  ['a message of a wrong size', { received: { wrongSize: 4 } }, /^4 messages of a wrong size$/],
  [
    "a failure that a subscriber's client tells",
    { failures: 5 },
    /^a subscriber's client reported 5 failures$/,
  ],
  [
    "a failure that the publisher's client tells",
    { sent: { failures: 6 } },
    /^the publisher's client reported 6/,
  ],
  ['a schedule missed too often', { sent: { missed: 2 } }, /^INVALID: 2 of 1000 slots missed$/],
]
for (const [what, change, problem] of problems)
  test(`${what} makes a phase no result, whatever the other subscriber says`, () => {
    assert.match(toMeasurement(phase(change), 40).problem ?? 'none', problem)
  })

test('one missed slot in a thousand is still a result', () => {
  assert.equal(toMeasurement(phase({ sent: { missed: 1 } }), 40).problem, undefined)
})

test('late slots do no harm to a delivery, a lost message does', () => {
  assert.equal(toDeliveryProblem(phase({ sent: { missed: 100 } })), undefined)
  assert.match(toDeliveryProblem(phase({ received: { received: 1 } })) ?? 'none', /messages lost/)
})
