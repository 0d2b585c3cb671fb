// Subscriptions on a node that has just started: they begin when it knows what its groups have agreed on.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientSession } from '../../node/broker/client-session.ts'
import { NodeSubscriptions } from '../../node/broker/node-subscriptions.ts'
import { SessionTable } from '../../node/broker/session-table.ts'
import { type Boot, type NodeId, toOrigin } from '../../node/core/common/ids.ts'
import { encodeClientControl } from '../../node/wire/control.ts'
import { encodeCursor } from '../../node/wire/cursor.ts'
import { begin, linkB, place, seal } from './first-epoch.ts'
import { definitionOf, RemadeStream } from './remade-stream.ts'
import { lead } from './test-broker.ts'

const limits = {
  ...{ subscriptionsMax: 10, inFlightBytesMax: 1_000_000 },
  ...{ sessionQueueSoftBytes: 1_000_000, sessionQueueHardBytes: 5_000_000, slowConsumerMs: 10_000 },
}

/** A node that starts again; its catalog says how the stream began, in gossip mode. */
class StartedAgain extends RemadeStream {
  readonly texts: string[] = []
  readonly table: SessionTable
  readonly session: ClientSession
  /** What is to be done after a time, with that, milliseconds. */
  readonly later: { readonly delayMs: number; readonly callback: () => void }[] = []

  constructor() {
    super()
    const after = (delayMs: number, callback: () => void): void => void this.later.push({ delayMs, callback })
    Object.assign(this.broker.ports, { after })
    this.table = new SessionTable(this.broker, limits, {} as ConstructorParameters<typeof SessionTable>[2])
    const sink = {
      sendFrame: () => undefined,
      sendText: (text: string) => void this.texts.push(text),
      pauseReading: () => undefined,
      resumeReading: () => undefined,
      close: () => undefined,
      bufferedBytes: 0,
    }
    this.session = new ClientSession(this.broker, sink, this.table)
  }

  /** Nobody says that the node is current before the test does; its group is elsewhere. */
  holdAnswers(): () => void {
    const asked: (() => void)[] = []
    const hold = (callback: (isCurrent: boolean) => void): void => void asked.push(() => callback(true))
    const { leader } = this.broker
    leader.cluster.whenCurrent = hold
    leader.wish = () => undefined
    leader.whenCurrent = (_stream, callback) => hold(callback)
    return () => {
      for (const answer of asked.splice(0)) answer()
    }
  }

  subscribeNow(): void {
    const credit = { messages: 10, bytes: 10_000 }
    this.session.onText(
      encodeClientControl({ op: 'subscribe', id: 1, patterns: ['orders.>'], from: 'now', credit }),
    )
  }

  /** Messages that were handed to the subscription. */
  get delivered(): readonly number[] {
    return [...this.broker.subscribers].map(({ delivered }) => delivered)
  }

  get isSubscribed(): boolean {
    return this.texts.some((text) => text.includes('"subscribed"'))
  }
}

test('what had its place before a subscription from now on is not for it, also where the node hears of that later', async () => {
  const host = new StartedAgain()
  await host.define(definitionOf('gossip'))
  linkB(host, 0)
  await lead(host.broker)
  const answer = host.holdAnswers()
  host.broker.catchingUp.begin()
  host.subscribeNow()
  await lead(host.broker)
  assert.equal(host.isSubscribed, false)
  begin(host, seal(host))
  await place(host, 'old', 1, host.now)
  for (let round = 0; round < 5; round++) {
    answer()
    await lead(host.broker)
  }
  assert.equal(host.isSubscribed, true)
  assert.deepEqual(host.delivered, [0])
  await place(host, 'new', 2)
  assert.deepEqual(host.delivered, [1])
})

test('where nobody says for too long that the node has caught up, they begin with what it knows', async () => {
  const host = new StartedAgain()
  await host.define(definitionOf('gossip'))
  host.holdAnswers()
  host.broker.catchingUp.begin()
  host.subscribeNow()
  await lead(host.broker)
  assert.equal(host.isSubscribed, false)
  for (const { delayMs, callback } of host.later.splice(0)) {
    assert.equal(delayMs, 1500)
    callback()
  }
  await lead(host.broker)
  assert.equal(host.isSubscribed, true)
})

test('one that has ended meanwhile does not begin', async () => {
  const host = new StartedAgain()
  await host.define(definitionOf('gossip'))
  const answer = host.holdAnswers()
  host.broker.catchingUp.begin()
  host.subscribeNow()
  host.session.onText(encodeClientControl({ op: 'unsubscribe', id: 1 }))
  for (let round = 0; round < 3; round++) answer()
  await lead(host.broker)
  assert.equal(host.isSubscribed, false)
  assert.equal(host.broker.subscribers.size, 0)
})

test('one that ends meanwhile is told where it was to begin', async () => {
  const host = new StartedAgain()
  await host.define(definitionOf('gossip'))
  host.holdAnswers()
  host.broker.catchingUp.begin()
  const cursor = encodeCursor(new Map([['orders', new Map([[toOrigin('B' as NodeId, 2 as Boot), 7]])]]))
  host.session.onText(JSON.stringify({ op: 'subscribe', id: 1, patterns: ['orders.>'], from: { cursor } }))
  host.session.onText(encodeClientControl({ op: 'unsubscribe', id: 1 }))
  assert.ok(host.texts.includes(JSON.stringify({ op: 'unsubscribed', id: 1, cursor })), host.texts.join())
})

test('subscriptions of the node itself wait as well', async () => {
  const host = new StartedAgain()
  await host.define(definitionOf('gossip'))
  const answer = host.holdAnswers()
  host.broker.catchingUp.begin()
  const adding = new NodeSubscriptions(host.broker).add('orders.>')
  await lead(host.broker)
  assert.equal(host.broker.subscribers.size, 0)
  for (let round = 0; round < 5; round++) {
    answer()
    await lead(host.broker)
  }
  assert.deepEqual(await adding, { changed: true })
})
