// A run in which a server lost, doubled, reordered or cut even one message is no result, seen from the outermost end.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { natsDriver } from '../../bench/drivers/nats.ts'
import { measure } from '../../bench/measurement.ts'
import type { Measurement } from '../../bench/outcome.ts'
import { type Fault, faultAt, startFaultyServer } from './faulty-server.ts'

const warmUpPhase = 2
const measuredPhase = 3

function measureWith(fault: Fault): Promise<Measurement> {
  const driver = { ...natsDriver, startServers: () => startFaultyServer(fault) }
  const traffic = { kind: 'loop', inFlight: 1 } as const
  const plan = { serverCount: 1, subscriberCount: 1, payloadBytes: 64, traffic }
  return measure(driver, plan, { warmUpMs: 100, durationMs: 200, profileDirectory: undefined })
}

test('a run without faults is a result', async () => {
  const { problem, messages, deliveries } = await measureWith((payload) => [payload])
  assert.equal(problem, undefined)
  assert(messages > 2)
  assert.equal(deliveries, messages)
})

let withheld: Buffer | undefined
const faults: readonly [string, Fault, RegExp][] = [
  ['lost', faultAt(measuredPhase, 1, () => []), /^1 of \d+ messages lost$/],
  ['doubled', faultAt(measuredPhase, 1, (payload) => [payload, payload]), /^1 messages too many$/],
  ['cut', faultAt(measuredPhase, 1, (payload) => [payload.subarray(0, 63)]), /^1 messages of a wrong size$/],
  ['lost while warming up', faultAt(warmUpPhase, 1, () => []), /^in the warm-up: 1 of \d+ messages lost$/],
  [
    'delivered behind the next one',
    (payload) =>
      faultAt(measuredPhase, 1, (early) => {
        withheld = Buffer.from(early)
        return []
      })(payload).flatMap((bytes) =>
        faultAt(measuredPhase, 2, (next) => [next, withheld ?? assert.fail()])(bytes),
      ),
    /^1 messages out of order$/,
  ],
]

for (const [what, fault, problem] of faults) {
  test(`a run in which one message was ${what} is no result`, async () => {
    assert.match((await measureWith(fault)).problem ?? 'none', problem)
  })
}
