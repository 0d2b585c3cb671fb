// Manners of a session: who reads nothing is closed, and what was under way then is said in the journal.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientSession } from '../../node/broker/client-session.ts'
import { SessionTable } from '../../node/broker/session-table.ts'
import type { SubscriptionEventLine } from '../../node/core/common/journal-lines.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { encodeClientControl, encodeCredit } from '../../node/wire/control.ts'
import { createBroker } from './test-broker.ts'

const limits = {
  ...{ subscriptionsMax: 10, inFlightBytesMax: 1_000_000 },
  ...{ sessionQueueSoftBytes: 1000, sessionQueueHardBytes: 5000, slowConsumerMs: 10_000 },
}

/** A session, how its socket stands, and what the journal is told. */
class Connection {
  bufferedBytes = 0
  readonly closed: number[] = []
  readonly lines: SubscriptionEventLine[] = []
  readonly session: ClientSession

  constructor() {
    const { broker } = createBroker({ subscriptionEvent: (line) => this.lines.push(line) })
    const table = new SessionTable(broker, limits, {} as ConstructorParameters<typeof SessionTable>[2])
    const connection = this
    this.session = new ClientSession(
      broker,
      {
        sendFrame: () => undefined,
        sendText: () => undefined,
        pauseReading: () => undefined,
        resumeReading: () => undefined,
        close: (status) => void this.closed.push(status),
        get bufferedBytes() {
          return connection.bufferedBytes
        },
      },
      table,
    )
  }

  publish(): void {
    const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
    builder.append('orders.new', 'x', undefined, 0)
    this.session.onFrame(builder.finish(1, 'none'))
  }

  /** Kinds of the journal's lines that say how a subscription has ended. */
  get ends(): string[] {
    return this.lines.map(({ t }) => t).filter((kind) => kind === 'lost' || kind === 'end')
  }
}

test('a client that reads nothing for ten seconds while its socket is full is closed', () => {
  const connection = new Connection()
  connection.bufferedBytes = 1000
  for (let second = 1; second <= 10; second++) connection.session.onSecond(second * 1000)
  assert.deepEqual(connection.closed, [])
  connection.session.onSecond(11_000)
  assert.deepEqual(connection.closed, [1013])
})

test('a client that reads slowly is not closed', () => {
  const connection = new Connection()
  connection.bufferedBytes = 1_000_000
  for (let second = 1; second <= 100; second++) {
    if (second % 9 === 0) connection.bufferedBytes -= 1
    connection.session.onSecond(second * 1000)
  }
  assert.deepEqual(connection.closed, [])
})

test('a client that publishes and reads none of its answers is closed', () => {
  const connection = new Connection()
  connection.bufferedBytes = 5000
  connection.publish()
  assert.deepEqual(connection.closed, [])
  connection.bufferedBytes = 5001
  connection.publish()
  assert.deepEqual(connection.closed, [1013])
})

test('a connection that breaks with something under way leaves a word in the journal, and one without does not', () => {
  for (const isConsumed of [false, true]) {
    const connection = new Connection()
    const { session } = connection
    const credit = { messages: 10, bytes: 10_000 }
    session.onText(
      encodeClientControl({ op: 'subscribe', id: 1, patterns: ['orders.>'], from: 'now', credit }),
    )
    connection.publish()
    if (isConsumed) session.onFrame(encodeCredit({ subscription: 1, messages: 1, bytes: 100 }))
    session.onClose()
    assert.deepEqual(connection.ends, isConsumed ? ['end'] : ['lost', 'end'])
  }
})
