// Publishing under a producer's name: what is stored once, what is answered, and what subscribers and the journal are told of a retry.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BatchStore } from '../../node/broker/batch-store.ts'
import type { Broker } from '../../node/broker/broker.ts'
import { Publisher } from '../../node/broker/publisher.ts'
import { leftOver } from '../../node/broker/sealed-epoch.ts'
import { epochOf, startOf } from '../../node/broker/start.ts'
import type { Counters } from '../../node/core/common/counters.ts'
import { toStreamId } from '../../node/core/common/ids.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import type { StreamLedger } from '../../node/leader/ledger.ts'
import { stretchesMax } from '../../node/leader/producers.ts'
import type { Placed } from '../../node/leader/submissions.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { batchFlag, batchHeaderBytes, lastingFlags, numberBatch } from '../../node/wire/batch-header.ts'
import { batchProducer } from '../../node/wire/batch-producer.ts'
import type { PublishOutcome } from '../../node/wire/control-frames.ts'
import { textsOf } from '../leader/leader-batches.ts'
import { createBroker } from './test-broker.ts'

const orders = toStreamId('orders')
const rest = toStreamId('default')

/** A broker that is alone in its cluster, with the stream `orders` in leader mode beside the default one. */
class Host {
  readonly broker: Broker
  readonly counters: Counters
  readonly publisher: Publisher
  readonly outcomes: PublishOutcome[] = []
  /** What the journal was told: `sent` with the producer's sequence, and `void`. */
  readonly journal: string[] = []
  readonly got: string[] = []
  readonly orders: string[] = []
  #published = 0

  private constructor() {
    const { broker, counters } = createBroker(
      {
        sent: (stream, _origin, from, count, _topic, _first, _last, _mode, producer) =>
          this.journal.push(`sent ${stream} ${from}+${count} as ${producer?.name} ${producer?.sequence}`),
        sentMixed: (stream, _origin, from, _topics, indexes, _first, _last, _mode, producer) =>
          this.journal.push(
            `sent ${stream} ${from}+${indexes.length} as ${producer?.name} ${producer?.sequence}`,
          ),
        voided: (stream, origin, from, to) => this.journal.push(`void ${stream} ${origin} ${from}-${to}`),
        subscriptionEvent: (line) => {
          if (line.t === 'order') this.orders.push(`${line.from}-${line.offset}`)
        },
      },
      { onVoid: (...run) => broker.ports.recorder.voided(...run) },
    )
    this.broker = broker
    this.counters = counters
    const retention = { bytes: 1_000_000, ageMs: 60_000 }
    const value = { topics: ['orders.>'], mode: 'leader', retention, copies: 0 }
    broker.handle({ kind: 'write', key: 'stream:orders', value })
    this.publisher = new Publisher(broker, (some) => this.outcomes.push(...some))
  }

  /** With somebody who subscribes to everything. */
  static async start(): Promise<Host> {
    const host = new Host()
    for (let tick = 0; tick < 25; tick++) {
      host.broker.leader.tick()
      await host.turns()
    }
    host.broker.subscribe(
      {
        ...{ sub: 's', kind: 'client', patterns: ['>'], name: undefined, resumes: false },
        start: startOf(host.broker, 'now'),
        sink: {
          canTake: true,
          batch: (_replica, _state, frame) => host.got.push(...textsOf(frame)),
          gap: () => host.got.push('gap'),
        },
      },
      () => undefined,
    )
    await host.turns()
    return host
  }

  async turns(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Publishes `TOPIC TEXT` each as one batch of the producer p; returns the outcome. */
  async publish(sequence: number, ...messages: readonly string[]): Promise<PublishOutcome | undefined> {
    const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
    builder.begin({ name: 'p', sequence })
    for (const message of messages) {
      const [topic = '', text = ''] = message.split(' ')
      builder.append(topic, text, undefined, 0)
    }
    assert.equal(this.publisher.publish(builder.finish(++this.#published, 'local')), undefined)
    await this.turns()
    return this.outcomes.at(-1)
  }
}

const inOrder = (records: number, first: number, offset: number): object => {
  return { records, stream: orders, boot: 1, first, epoch: 1, offset }
}
const copy = (records: number, first: number, offset: number): object => {
  return { ...inOrder(records, first, offset), isDuplicate: true }
}

test('a retry is answered with the place of the first one, and nobody gets anything of it', async () => {
  const host = await Host.start()
  await host.publish(7, 'orders.a x', 'orders.a y')
  assert.deepEqual(await host.publish(7, 'orders.a x', 'orders.a y'), {
    status: 'stored',
    publish: 2,
    runs: [copy(2, 1, 1)],
  })
  await host.publish(9, 'orders.a z')
  assert.deepEqual(host.got, ['x', 'y', 'z'])
  assert.equal(host.counters.get('duplicatesPassed'), 2)
  assert.deepEqual(host.journal, [
    'sent orders 1+2 as p 7',
    'sent orders 3+2 as p 7',
    'void orders A#1 3-4',
    'sent orders 5+1 as p 9',
  ])
})

test('the hash over the one order goes on over a retry', async () => {
  const host = await Host.start()
  await host.publish(1, 'orders.a x')
  await host.publish(1, 'orders.a x')
  await host.publish(2, 'orders.a y')
  for (const subscriber of host.broker.subscribers) subscriber.journal.order.flush()
  assert.deepEqual(host.orders, ['1-2'])
})

test('of a batch that is stored in part the rest is stored, and the answer tells them apart', async () => {
  const host = await Host.start()
  await host.publish(2, 'orders.a b')
  assert.deepEqual(await host.publish(1, 'orders.a a', 'orders.a b', 'orders.a c'), {
    status: 'stored',
    publish: 2,
    runs: [
      inOrder(1, 2, 2),
      { records: 1, stream: orders, boot: 0, first: 0, epoch: 0, offset: 0, isDuplicate: true },
      inOrder(1, 4, 3),
    ],
  })
  assert.deepEqual(host.got, ['b', 'a', 'c'])
})

test('a batch of several streams is numbered in parts whose producer sequences have no holes', async () => {
  const host = await Host.start()
  const messages = ['orders.a 1', 'orders.a 2', 'others 3', 'orders.b 4']
  const outcome = await host.publish(1, ...messages)
  assert.deepEqual(outcome?.status === 'stored' && outcome.runs, [
    inOrder(2, 1, 1),
    { records: 1, stream: rest, boot: 1, first: 1, epoch: 0, offset: 0 },
    inOrder(1, 3, 3),
  ])
  assert.deepEqual(host.journal, [
    'sent orders 1+2 as p 1',
    'sent default 1+1 as p 3',
    'sent orders 3+1 as p 4',
  ])
  const again = await host.publish(1, ...messages)
  assert.deepEqual(again?.status === 'stored' && again.runs.map(({ isDuplicate }) => isDuplicate), [
    true,
    undefined,
    true,
  ])
  assert.deepEqual(host.got.toSorted(), ['1', '2', '3', '3', '4'], 'in gossip mode nothing is compared')
})

test('a sequence that is too old to be known is refused, and nothing is stored', async () => {
  const host = await Host.start()
  for (let nth = 1; nth <= stretchesMax + 1; nth++) await host.publish(10 * nth, 'orders.a x')
  const outcome = await host.publish(5, 'orders.a late')
  assert.equal(outcome?.status, 'refused')
  assert.match(outcome?.status === 'refused' ? outcome.reason : '', /^PRODUCER_SEQUENCE_OLD: /)
  assert.equal(host.got.includes('late'), false)
  assert.ok(host.publisher.isAnswered)
})

test('a producer that cannot be breaks the protocol', async () => {
  const host = await Host.start()
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  builder.begin({ name: 'p', sequence: 1 })
  builder.append('orders.a', 'x', undefined, 0)
  const frame = builder.finish(1, 'local')
  frame[batchHeaderBytes + 9] = 0x20
  const refusal = host.publisher.publish(frame)
  assert.deepEqual([refusal?.refused, refusal?.reason], ['BATCH_MALFORMED', 'publish names the producer " "'])
})

test('a batch of which only the beginning had its place goes on from there in gossip mode, with its producer', async () => {
  const host = await Host.start()
  const definition = { ...host.broker.streams.find('orders')?.definition, mode: 'gossip' } as StreamDefinition
  const ledger: StreamLedger = {
    ...{ definition, epoch: 2, isSealing: false, last: 2, sequences: new Map([[host.broker.boot, 2]]) },
  }
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  builder.begin({ name: 'p', sequence: 7 })
  for (const text of ['a', 'b', 'c']) builder.append('orders.a', text, undefined, 0)
  const frame = builder.finish(1, 'local')
  numberBatch(frame, orders, host.broker.boot, 1, batchFlag.submitted | lastingFlags(frame))
  host.broker.epochs.onEpoch(ledger, new Map([[host.broker.boot, host.broker.node]]), undefined)
  host.broker.epochs.publishAgain(ledger, [{ frame, to: 3, at: 1, onPlaced: undefined }])
  const replica = host.broker.epochs.all('orders').at(-1)
  const entry = replica?.origins.get(host.broker.boot)?.log.first
  assert.ok(entry?.frame)
  assert.deepEqual([entry.from, entry.to, textsOf(entry.frame)], [3, 3, ['c']])
  assert.deepEqual(batchProducer(entry.frame), { name: 'p', sequence: 9 })
})

test('what is left over of an epoch in gossip mode goes into the next one with its producer', async () => {
  const host = await Host.start()
  await host.publish(7, 'others x', 'others y')
  const replica = host.broker.replicaOf(rest)
  assert.ok(replica)
  const state = replica.originState(host.broker.node, host.broker.boot, 0)
  const [frame] = leftOver(replica, state, 1)
  assert.ok(frame)
  assert.deepEqual([textsOf(frame), batchProducer(frame)], [['x', 'y'], { name: 'p', sequence: 7 }])
})

test('an offset is found in an epoch that ends with a retry', async () => {
  const host = await Host.start()
  await host.publish(1, 'orders.a x', 'orders.a y')
  await host.publish(1, 'orders.a x', 'orders.a y')
  const replica = host.broker.replicaOf(orders)
  assert.ok(replica)
  assert.equal(epochOf({ offset: 2 })([replica]), replica)
  assert.equal(epochOf({ offset: 3 })([replica]), undefined)
})

test('where a floor stood for a part of what was published, the answer tells no places', () => {
  const part = { kind: 'new', records: 1, epoch: 1, offset: 9 } as const
  const published: unknown[] = []
  const broker = {
    boot: 1,
    ports: { recorder: { sent: () => undefined }, count: () => undefined },
    leader: {
      nextSequence: () => 4,
      publish: (_replica: unknown, _frame: unknown, onPlaced: (placed: Placed) => void) =>
        onPlaced({ epoch: 1, offset: 9, parts: [part] }),
    },
  } as unknown as Broker
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  builder.begin({ name: 'p', sequence: 1 })
  for (const text of ['a', 'b']) builder.append('orders.a', text, undefined, 0)
  const batch = {
    frame: builder.finish(1, 'local'),
    topics: ['orders.a'],
    topicIndexes: new Uint16Array(2),
    lastTime: 0,
  }
  const replica = { definition: { mode: 'leader' }, stream: orders, name: 'orders' } as unknown as Replica
  new BatchStore(broker).store(batch, replica, (...stored) => published.push(stored))
  const run = { records: 2, stream: orders, boot: 1, first: 4, epoch: 0, offset: 0 }
  assert.deepEqual(published, [[true, [run]]])
})
