// Subscribing to a stream that has one order: when it begins, and where.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../../node/broker/broker.ts'
import type { Recorder } from '../../node/broker/ports.ts'
import { Publisher } from '../../node/broker/publisher.ts'
import { epochOf, startOf } from '../../node/broker/start.ts'
import type { Subscriber, SubscriberSink } from '../../node/broker/subscriber.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { leaderLimits } from '../../node/leader/limits.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import type { SubscribeRequest } from '../../node/wire/control.ts'
import { encodeGap } from '../../node/wire/gap-batch.ts'
import { batchOf, ordersId, textsOf } from '../leader/leader-batches.ts'
import { createBroker } from './test-broker.ts'

/** A broker that is alone in its cluster, with the stream `orders` in leader mode. */
class Host {
  now = 1000
  readonly broker: Broker
  readonly #publisher: Publisher
  #published = 0

  constructor(recorder: Partial<Recorder> = {}) {
    const { broker } = createBroker(recorder, { now: () => this.now })
    this.broker = broker
    const retention = { bytes: 1_000_000, ageMs: 60_000 }
    const value = { topics: ['orders.>'], mode: 'leader', retention, copies: 0 }
    broker.handle({ kind: 'write', key: 'stream:orders', value })
    this.#publisher = new Publisher(broker, () => undefined)
  }

  async lead(): Promise<void> {
    for (let tick = 0; tick < 25; tick++) {
      this.broker.leader.tick()
      await this.turns()
    }
  }

  /** Ends some turns of the event loop: what they bring is done. */
  async turns(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Publishes each text as a batch of its own, and waits until it has its place. */
  async publish(...texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
      builder.append('orders.new', text, undefined, this.now)
      this.#publisher.publish(builder.finish(++this.#published, 'local'))
    }
    await this.turns()
  }

  /** Subscribes. `got` is what comes, as texts; `ready` says that it has begun. */
  subscribe(from: SubscribeRequest['from']): { readonly got: string[]; readonly ready: Subscriber[] } {
    const got: string[] = []
    const ready: Subscriber[] = []
    const sink: SubscriberSink = {
      canTake: true,
      batch: (_replica, _state, frame) => got.push(...textsOf(frame)),
      gap: (_replica, _state, from, to, reason) => got.push(`gap ${from}-${to} (${reason})`),
    }
    const common = {
      sub: 's',
      kind: 'client',
      patterns: ['orders.>'],
      name: undefined,
      resumes: false,
    } as const
    const start = startOf(this.broker, from)
    const offset = typeof from === 'object' && 'offset' in from ? from.offset : undefined
    const where = { start, choose: epochOf(from), offset }
    this.broker.subscribe({ ...common, sink, ...where }, (subscriber) => ready.push(subscriber))
    return { got, ready }
  }
}

test('a subscription begins once its node has what had its place by then, and gets what comes in its order', async () => {
  const host = new Host()
  await host.lead()
  await host.publish('a')
  const { got, ready } = host.subscribe('now')
  assert.deepEqual([got, ready], [[], []])
  await host.turns()
  assert.equal(ready.length, 1)
  await host.publish('b', 'c')
  assert.deepEqual(got, ['b', 'c'])
})

test('where nobody can say what is current, a subscription begins after two seconds with what there is', async () => {
  const host = new Host()
  const { ready } = host.subscribe('now')
  for (let ms = 0; ms < 2000; ms += 1000) {
    await host.turns()
    host.broker.leader.tick()
    host.now += 1000
  }
  assert.deepEqual(ready, [])
  host.now += 1
  host.broker.leader.tick()
  assert.equal(ready.length, 1)
})

test('a subscription from the earliest gets everything, and one from a time what was taken since then', async () => {
  const host = new Host()
  await host.lead()
  await host.publish('a', 'b')
  host.now += 1000
  await host.publish('c')
  const all = host.subscribe('earliest')
  const later = host.subscribe({ time: host.now - 500 })
  await host.turns()
  assert.deepEqual([all.got, later.got], [['a', 'b', 'c'], ['c']])
})

test('a subscription goes on behind its cursor', async () => {
  const host = new Host()
  await host.lead()
  await host.publish('a', 'b', 'c')
  const origin = { 'A#1': 2 }
  const cursor = `v1.${Buffer.from(JSON.stringify({ orders: origin })).toString('base64url')}`
  const { got } = host.subscribe({ cursor })
  await host.turns()
  assert.deepEqual(got, ['c'])
})

test('what its publisher had no more when it got its place is told as a gap, in the order of the stream', async () => {
  const host = new Host()
  await host.lead()
  const { got } = host.subscribe('now')
  await host.turns()
  await host.publish('a')
  const boot = 9 as Boot
  const gap = encodeGap({ stream: ordersId, boot, from: 1, to: 3 })
  const frames = [...gap, batchOf({ boot, from: 4, texts: ['d'] })]
  host.broker.leader.desk.saveLeftOver('orders', [{ node: 'B' as NodeId, boot, from: 1, frames }])
  await host.publish('b')
  assert.deepEqual(got, ['a', 'b'])
  host.now += leaderLimits.gapWaitsMs
  host.broker.leader.tick()
  await host.publish('c')
  assert.deepEqual(got, ['a', 'b', 'gap 1-3 (retention)', 'd', 'c'])
})

test('a subscription from an offset that nobody has given yet is confirmed, and gets nothing before that place', async () => {
  const host = new Host()
  await host.lead()
  await host.publish('a', 'b')
  const [next, later, latest] = [3, 5, 9].map((offset) => host.subscribe({ offset }))
  await host.turns()
  assert.deepEqual([next?.ready.length, later?.ready.length], [1, 1])
  await host.publish('c', 'd')
  assert.deepEqual([next?.got, later?.got], [['c', 'd'], []])
  await host.publish('e', 'f')
  assert.deepEqual(
    [next?.got, later?.got],
    [
      ['c', 'd', 'e', 'f'],
      ['e', 'f'],
    ],
  )
  assert.deepEqual(latest?.got, [])
})

test('the journal knows nothing on a stream of a subscription that waits for its offset', async () => {
  const lines: string[] = []
  const host = new Host({ subscriptionEvent: (event) => void lines.push(JSON.stringify(event)) })
  await host.lead()
  await host.publish('a')
  host.subscribe({ offset: 3 })
  await host.turns()
  assert.deepEqual(
    lines.filter((line) => line.includes('"stream":"orders"')),
    [],
  )
  await host.publish('b', 'c')
  assert.match(lines.find((line) => line.includes('"base"')) ?? '', /"seq":2/)
})

test('a subscription that ended while it waited for its offset begins nowhere', async () => {
  const host = new Host()
  await host.lead()
  const { got, ready } = host.subscribe({ offset: 3 })
  await host.turns()
  const [subscriber] = ready
  assert.ok(subscriber)
  host.broker.unsubscribe(subscriber)
  await host.publish('a', 'b', 'c')
  assert.deepEqual([got, subscriber.streams.filter(({ name }) => name === 'orders')], [[], []])
})
