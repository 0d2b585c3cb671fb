// Names of durable subscriptions are kept by the whole cluster, so there is a limit to them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientSession } from '../../node/broker/client-session.ts'
import type { SessionSink } from '../../node/broker/ports.ts'
import { SessionTable } from '../../node/broker/session-table.ts'
import { cursorsMax } from '../../node/leader/names/ledger.ts'
import { createBroker } from './test-broker.ts'

const limits = {
  subscriptionsMax: 10,
  inFlightBytesMax: 1000,
  sessionQueueSoftBytes: 1000,
  sessionQueueHardBytes: 2000,
  slowConsumerMs: 1000,
}

function sinkTo(texts: string[]): SessionSink {
  return {
    sendFrame: () => undefined,
    sendText: (text: string) => texts.push(text),
    bufferedBytes: 0,
    pauseReading: () => undefined,
    resumeReading: () => undefined,
    close: () => undefined,
  }
}

test('refuses a new name on a stream in leader mode when its group can keep no more', async () => {
  const { broker } = createBroker()
  broker.handle({
    kind: 'write',
    key: 'stream:orders',
    value: {
      topics: ['orders.>'],
      mode: 'leader',
      retention: { bytes: 1_000_000, ageMs: 60_000 },
      copies: 0,
    },
  })
  broker.refreshStreams()
  const texts: string[] = []
  const session = new ClientSession(broker, sinkTo(texts), new SessionTable(broker, limits, {} as never))
  const { names } = broker.leader
  names.begin()
  for (let number = 0; number < cursorsMax; number++)
    names.ledger.apply({
      ...{ op: 'take', stream: 'orders', name: `n${number}` },
      ...{ holder: 'B#1/1', replaces: undefined, force: false },
    })
  session.onText(JSON.stringify({ op: 'subscribe', id: 1, patterns: ['orders.>'], name: 'one-too-many' }))
  assert.match(texts.join(), /"op":"refused","id":1,"code":"SUBSCRIPTION_LIMIT"/)
})

test('refuses a new name when the cluster can keep no more, and goes on with those it has', () => {
  const { broker } = createBroker()
  const texts: string[] = []
  const sink = sinkTo(texts)
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
