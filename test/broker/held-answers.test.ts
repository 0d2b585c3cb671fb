// Acknowledgements that a session holds back because nobody awaits them: until it is asked for them, or is about to end.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ClientSession } from '../../node/broker/client-session.ts'
import type { SessionSink } from '../../node/broker/ports.ts'
import type { SessionRegistry } from '../../node/broker/session.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { frameType } from '../../node/wire/batch-header.ts'
import { decodeAcknowledgement, encodeAnswerRequest, isRefusal } from '../../node/wire/control.ts'
import { createBroker } from './test-broker.ts'

test('an acknowledgement that nobody awaits is held back until the client asks for it', async () => {
  const { session, acknowledged } = open()
  session.onFrame(patientPublish(1))
  session.onFrame(patientPublish(2))
  await nextTurn()
  assert.deepEqual(acknowledged, [])
  session.onFrame(encodeAnswerRequest())
  await nextTurn()
  assert.deepEqual(acknowledged, [[1, 2]])
})

test('a node that says that it will close the session answers what it has held back', async () => {
  const { session, acknowledged } = open()
  session.onFrame(patientPublish(1))
  session.announceEnd('NODE_DRAINING', 'the node stops', 200)
  await nextTurn()
  assert.deepEqual(acknowledged, [[1]])
  assert.equal(session.isAnswered, true)
})

/** A session on a broker whose timers never fire, and the numbers of the publishes that it acknowledged, by frame. */
function open(): { session: ClientSession; acknowledged: number[][] } {
  const acknowledged: number[][] = []
  const sink: Partial<SessionSink> = {
    bufferedBytes: 0,
    sendText: () => undefined,
    sendFrame: (frame) => {
      if (frame[0] !== frameType.acknowledgement) return
      const outcomes = decodeAcknowledgement(frame)
      if (!isRefusal(outcomes)) acknowledged.push(outcomes.map(({ publish }) => publish))
    },
  }
  const limits = { inFlightBytesMax: 1_000_000, sessionQueueHardBytes: 1_000_000 }
  const table = { limits, welcome: {} } as unknown as SessionRegistry
  const session = new ClientSession(createBroker().broker, sink as SessionSink, table)
  return { session, acknowledged }
}

function patientPublish(number: number): Uint8Array {
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  builder.append('orders.new', 'x', undefined, 0)
  return builder.finish(number, 'local', true)
}
