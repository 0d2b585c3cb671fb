// Names of durable subscriptions are kept by the whole cluster, so there is a limit to them, and to what they stand behind.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../../node/broker/broker.ts'
import { ClientSession } from '../../node/broker/client-session.ts'
import type { SessionSink } from '../../node/broker/ports.ts'
import { SessionTable } from '../../node/broker/session-table.ts'
import { type Boot, type NodeId, toOrigin } from '../../node/core/common/ids.ts'
import type { NameCommand } from '../../node/leader/names/command.ts'
import { cursorsMax } from '../../node/leader/names/ledger.ts'
import { originsMax } from '../../node/leader/names/vectors.ts'
import { encodeCursor } from '../../node/wire/cursor.ts'
import { batchOf } from '../leader/leader-batches.ts'
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

const ordersValue = {
  topics: ['orders.>'],
  mode: 'leader',
  retention: { bytes: 1_000_000, ageMs: 60_000 },
  copies: 0,
}

/** A client of a node with a stream in leader mode, whose cluster is nobody else: what its group has, the test says. */
function clientOfOrders(): {
  readonly broker: Broker
  readonly session: ClientSession
  readonly texts: string[]
  readonly apply: (command: Record<string, unknown>) => void
  /** Time passes: the groups begin, and answer. */
  readonly wait: () => Promise<void>
} {
  let now = 1000
  const { broker } = createBroker({}, { now: () => now })
  broker.handle({ kind: 'write', key: 'stream:orders', value: ordersValue })
  broker.refreshStreams()
  const texts: string[] = []
  const session = new ClientSession(broker, sinkTo(texts), new SessionTable(broker, limits, {} as never))
  const { names } = broker.leader
  names.begin()
  const apply = (command: Record<string, unknown>): void =>
    void names.ledger.apply({ stream: 'orders', ...command } as NameCommand)
  const wait = async (): Promise<void> => {
    for (let ticks = 0; ticks < 80; ticks++) {
      now += 50
      broker.leader.tick()
      for (let turns = 0; turns < 4; turns++) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { broker, session, texts, apply, wait }
}

test('refuses a new name on a stream in leader mode when its group can keep no more', () => {
  const { session, texts, apply } = clientOfOrders()
  for (let number = 0; number < cursorsMax; number++)
    apply({ op: 'take', name: `n${number}`, holder: 'B#1/1', replaces: undefined, force: false })
  session.onText(JSON.stringify({ op: 'subscribe', id: 1, patterns: ['orders.>'], name: 'one-too-many' }))
  assert.match(texts.join(), /"op":"refused","id":1,"code":"SUBSCRIPTION_LIMIT"/)
})

/** The group has given the name to the first subscription of the node, which stands behind so many restarts. */
function holdBehind({ broker, apply }: ReturnType<typeof clientOfOrders>, restarts: number): void {
  const holder = `${broker.origin}/1`
  const boots = Array.from({ length: restarts }, (_, at) => toOrigin('P' as NodeId, (at + 1) as Boot))
  apply({ op: 'take', name: 'billing', holder, replaces: undefined, force: false })
  apply({
    op: 'save',
    name: 'billing',
    holder,
    vector: new Map(boots.map((each) => [each, 1])),
    frees: false,
  })
}

const subscribeAsBilling = JSON.stringify({ op: 'subscribe', id: 1, patterns: ['orders.>'], name: 'billing' })

test('refuses a subscription that would begin behind more restarts than its group keeps', async () => {
  const client = clientOfOrders()
  await client.wait()
  holdBehind(client, originsMax)
  // Where it stood when the stream was in gossip mode.
  const cursor = encodeCursor(new Map([['orders', new Map([[toOrigin('Q' as NodeId, 9000 as Boot), 1]])]]))
  client.broker.handle({ kind: 'write', key: 'cursor:billing', value: { cursor, claim: 1 } })
  client.session.onText(subscribeAsBilling)
  await client.wait()
  assert.match(client.texts.join(), /{"op":"refused","id":1,"code":"SUBSCRIPTION_LIMIT","message":"[^"]*4096/)
  assert.doesNotMatch(client.texts.join(), /subscribed/)
})

test('ends a subscription that comes to stand behind more restarts than its group keeps', async () => {
  const client = clientOfOrders()
  await client.wait()
  const { broker, session, texts } = client
  holdBehind(client, originsMax)
  session.onText(subscribeAsBilling)
  await client.wait()
  assert.match(texts.join(), /"op":"subscribed","id":1/)
  session.saveCursors()
  assert.doesNotMatch(texts.join(), /ended/)
  const replica = [...broker.leader.replicas.values()][0] ?? assert.fail('the stream is there')
  const state = replica.originState('Q' as NodeId, 9000 as Boot, 1000)
  replica.setBase(state, 0)
  const frame = batchOf({ boot: 9000, from: 1, offset: 1 })
  replica.insert(state, { frame, from: 1, count: 1, confirm: false }, 1000)
  replica.advance(state)
  broker.onDelivered(replica)
  session.saveCursors()
  assert.match(texts.join(), /{"op":"ended","id":1,"code":"SUBSCRIPTION_LIMIT","message":"[^"]*4096/)
})

for (const isStored of [true, false])
  test(`a subscription that waits for its name stores nothing in the place of what is stored (stored: ${isStored})`, () => {
    const { broker, session, texts } = clientOfOrders()
    const cursor = encodeCursor(new Map([['default', new Map([[toOrigin('B' as NodeId, 2 as Boot), 7]])]]))
    if (isStored) broker.handle({ kind: 'write', key: 'cursor:billing', value: { cursor, claim: 1 } })
    session.onText(subscribeAsBilling)
    assert.doesNotMatch(texts.join(), /"subscribed"|"refused"/)
    for (let second = 1; second <= 3; second++) session.onSecond(second * 1000)
    session.onClose()
    const { cursor: kept } = Object(broker.agent.catalog.get('cursor:billing')?.value)
    assert.equal(kept, isStored ? cursor : undefined)
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
