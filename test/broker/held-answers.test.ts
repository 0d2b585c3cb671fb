// Acknowledgements that a session holds back because nobody awaits them: until it is asked for them, or is about to end.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ClientSession } from '../../node/broker/client-session.ts'
import type { SessionSink } from '../../node/broker/ports.ts'
import type { SessionRegistry } from '../../node/broker/session-registry.ts'
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

test('after a node has said that it will close the session, it holds nothing back', async () => {
  const { session, acknowledged } = open()
  session.announceEnd('NODE_DRAINING', 'the node stops', 200)
  session.onFrame(patientPublish(1))
  await nextTurn()
  assert.deepEqual(acknowledged, [[1]])
})

test('a session that is ended answers what it has held back before it closes', () => {
  const { session, acknowledged } = open()
  session.onFrame(patientPublish(1))
  session.end('SLOW_CONSUMER', 'nothing was read')
  assert.deepEqual(acknowledged, [[1]])
})

test('an answer request of another length breaks the protocol', () => {
  const { session, closed } = open()
  session.onFrame(encodeAnswerRequest().subarray(0, 7))
  assert.deepEqual(closed, [1002])
})

/** A session on a broker whose timers never fire, the publishes that it acknowledged, by frame, and how it was closed. */
function open(): { session: ClientSession; acknowledged: number[][]; closed: number[] } {
  const acknowledged: number[][] = []
  const closed: number[] = []
  const sink: Partial<SessionSink> = {
    bufferedBytes: 0,
    sendText: () => undefined,
    close: (status) => void closed.push(status),
    sendFrame: (frame) => {
      if (frame[0] !== frameType.acknowledgement) return
      const outcomes = decodeAcknowledgement(frame)
      if (!isRefusal(outcomes)) acknowledged.push(outcomes.map(({ publish }) => publish))
    },
  }
  const limits = { inFlightBytesMax: 1_000_000, sessionQueueHardBytes: 1_000_000 }
  const table = { limits, welcome: {} } as unknown as SessionRegistry
  const session = new ClientSession(createBroker().broker, sink as SessionSink, table)
  return { session, acknowledged, closed }
}

function patientPublish(number: number): Uint8Array {
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  builder.append('orders.new', 'x', undefined, 0)
  return builder.finish(number, 'local', true)
}
