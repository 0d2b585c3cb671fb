// Names of durable subscriptions are kept by the whole cluster, so there is a limit to them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientSession } from '../../node/broker/client-session.ts'
import { SessionTable } from '../../node/broker/session-table.ts'
import { createBroker } from './test-broker.ts'

const limits = {
  subscriptionsMax: 10,
  inFlightBytesMax: 1000,
  sessionQueueSoftBytes: 1000,
  sessionQueueHardBytes: 2000,
  slowConsumerMs: 1000,
}

test('refuses a new name when the cluster can keep no more, and goes on with those it has', () => {
  const { broker } = createBroker()
  const texts: string[] = []
  const sink = {
    sendFrame: () => undefined,
    sendText: (text: string) => texts.push(text),
    bufferedBytes: 0,
    pauseReading: () => undefined,
    resumeReading: () => undefined,
    close: () => undefined,
  }
  const table = new SessionTable(broker, limits, {} as never)
  const session = new ClientSession(broker, sink, table)
  const subscribe = (id: number, name: string): void =>
    session.onText(JSON.stringify({ op: 'subscribe', id, patterns: ['a.>'], name }))
  subscribe(1, 'kept')
  for (let index = 0; broker.agent.catalog.hasRoomFor(`cursor:filler-${index}`); index++) {
    broker.handle({ kind: 'write', key: `cursor:filler-${index}`, value: { claim: 1 } })
  }
  texts.length = 0
  subscribe(2, 'one-too-many')
  assert.match(texts.join(), /"op":"refused","id":2,"code":"SUBSCRIPTION_LIMIT"/)
  texts.length = 0
  subscribe(3, 'kept')
  assert.doesNotMatch(texts.join(), /refused/)
})
