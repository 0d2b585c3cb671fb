// Publishing on streams that have one order, alone and together with others: what is answered, when, and with which places.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../../node/broker/broker.ts'
import { Publisher } from '../../node/broker/publisher.ts'
import { toStreamId } from '../../node/core/common/ids.ts'
import { LogFeed } from '../../node/core/stream/log-feed.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import {
  type AckLevel,
  batchEpoch,
  batchFlag,
  batchPlace,
  numberBatch,
} from '../../node/wire/batch-header.ts'
import type { PublishOutcome } from '../../node/wire/control-frames.ts'
import { createBroker, lead, turns } from './test-broker.ts'

const orders = toStreamId('orders')
const rest = toStreamId('default')

/** A broker with the stream `orders` in leader mode beside the default one; its node is alone in the cluster. */
class Host {
  now = 1000
  readonly broker: Broker
  readonly publisher: Publisher
  readonly outcomes: PublishOutcome[] = []
  /** What the journal was told: stream, first sequence, records. */
  readonly journal: [string, number, number][] = []
  /** In which mode, as the journal was told. */
  readonly modes: string[] = []
  /** How far that had its place, or needed none any more. */
  readonly unplaced: (readonly [stream: string, origin: string, from: number, to: number])[] = []
  #published = 0

  constructor(inFlightBytesMax?: number) {
    const { broker } = createBroker(
      {
        sent: (stream, _origin, first, count, _topic, _firstMs, _lastMs, mode) => {
          this.journal.push([stream, first, count])
          this.modes.push(mode)
        },
        unplaced: (...range) => this.unplaced.push(range),
        sentMixed: (stream, _origin, first, topics) => this.journal.push([stream, first, topics.length]),
      },
      { now: () => this.now },
    )
    this.broker = broker
    const retention = { bytes: 1_000_000, ageMs: 60_000 }
    const value = { topics: ['orders.>'], mode: 'leader', retention, copies: 0 }
    broker.handle({ kind: 'write', key: 'stream:orders', value })
    this.publisher = new Publisher(broker, (some) => this.outcomes.push(...some), inFlightBytesMax)
  }

  /** Publishes an empty message on each topic, as one batch. Returns its number. */
  publish(level: AckLevel, ...topics: readonly string[]): number {
    const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
    for (const topic of topics) builder.append(topic, '', undefined, 0)
    assert.equal(this.publisher.publish(builder.finish(++this.#published, level)), undefined)
    return this.#published
  }

  readonly turns = turns

  lead(): Promise<void> {
    return lead(this.broker)
  }

  /** The places of what was delivered on the stream: epoch and offset of each batch. */
  places(): [number, number][] {
    const replica = this.broker.replicaOf(orders)
    assert.ok(replica)
    const feed = new LogFeed(replica, { kind: 'after', vector: new Map(), others: 'zero' })
    const places: [number, number][] = []
    for (let item = feed.next(); item !== undefined; item = feed.next()) {
      if (item.kind !== 'batch' || item.entry.frame === undefined) continue
      places.push([batchEpoch(item.entry.frame), batchPlace(item.entry.frame)])
    }
    return places
  }
}

const inOrder = (records: number, first: number, offset: number): object => {
  return { records, stream: orders, boot: 1, first, epoch: 1, offset }
}
const unordered = (records: number, first: number): object => {
  return { records, stream: rest, boot: 1, first, epoch: 0, offset: 0 }
}

test('what goes to one stream in order is answered when it has its place, and with that', async () => {
  for (const level of ['local', 'copies'] as const) {
    const host = new Host()
    const publish = host.publish(level, 'orders.a', 'orders.b')
    await host.turns()
    assert.deepEqual(host.outcomes, [])
    assert.equal(host.publisher.isAnswered, false)
    await host.lead()
    assert.deepEqual(host.outcomes, [{ status: 'stored', publish, runs: [inOrder(2, 1, 1)] }])
    assert.ok(host.publisher.isAnswered)
    const next = host.publish(level, 'orders.a')
    await host.turns()
    assert.deepEqual(host.outcomes.at(-1), { status: 'stored', publish: next, runs: [inOrder(1, 3, 3)] })
    assert.deepEqual(host.places(), [
      [1, 1],
      [1, 3],
    ])
  }
})

test('what goes to both kinds of streams is answered when both are done, in the order of its records', async () => {
  const host = new Host()
  const topics = ['others.a', 'orders.a', 'orders.b', 'others.b', 'orders.c']
  const publish = host.publish('local', ...topics)
  await host.turns()
  assert.deepEqual(host.outcomes, [])
  assert.deepEqual(host.journal, [
    ['default', 1, 5],
    ['orders', 1, 5],
  ])
  await host.lead()
  const runs = [unordered(1, 1), inOrder(2, 1, 1), unordered(1, 2), inOrder(1, 3, 3)]
  assert.deepEqual(host.outcomes, [{ status: 'stored', publish, runs }])
  const next = host.publish('local', 'orders.a', 'others.a')
  await host.turns()
  assert.deepEqual(host.outcomes.at(-1), {
    ...{ status: 'stored', publish: next },
    runs: [inOrder(1, 4, 4), unordered(1, 3)],
  })
})

test('where the stream in order has no leader the whole is refused, and nothing of it is published', async () => {
  const host = new Host()
  host.broker.leader.tick()
  host.now += 2000
  const publish = host.publish('local', 'others.a', 'orders.a')
  await host.turns()
  const [outcome] = host.outcomes
  assert.ok(outcome?.status === 'refused')
  assert.equal(outcome.publish, publish)
  assert.match(outcome.reason, /^NO_LEADER: stream orders has had no leader for 2000 ms$/)
  assert.deepEqual(host.journal, [])
  host.publish('local', 'others.a')
  await host.turns()
  assert.deepEqual(host.outcomes.at(-1), { status: 'stored', publish: 2, runs: [unordered(1, 1)] })
})

test('nobody is told what became of a publication that asked for no acknowledgement, but where it is refused', async () => {
  const host = new Host()
  host.publish('none', 'orders.a')
  host.publish('none', 'others.a', 'orders.b')
  await host.lead()
  assert.deepEqual(host.outcomes, [])
  assert.deepEqual(host.places(), [
    [1, 1],
    [1, 2],
  ])
  assert.ok(host.publisher.isAnswered)
  const refused = host.publish('none', 'orders..a')
  await host.turns()
  assert.deepEqual(
    host.outcomes.map(({ status, publish }) => [status, publish]),
    [['refused', refused]],
  )
})

test('what has no place after its time is unknown, also where its other part is stored, and told once', async () => {
  const host = new Host()
  const whole = host.publish('local', 'orders.a')
  const parts = host.publish('local', 'others.a', 'orders.b')
  host.now += 5001
  host.broker.leader.tick()
  await host.turns()
  assert.deepEqual(
    host.outcomes.map(({ status, publish }) => [status, publish]),
    [
      ['unknown', whole],
      ['unknown', parts],
    ],
  )
  await host.lead()
  assert.equal(host.outcomes.length, 2)
  assert.deepEqual(host.places(), [
    [1, 1],
    [1, 2],
  ])
})

test('who lets more wait for a place than it may breaks the protocol, and may go on when that has its place', async () => {
  const host = new Host(100)
  host.publish('local', 'orders.a')
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  builder.append('orders.a', '', undefined, 0)
  const refusal = host.publisher.publish(builder.finish(9, 'local'))
  assert.equal(refusal?.refused, 'PUBLISH_RATE_LIMITED')
  await host.lead()
  host.publish('local', 'orders.a')
  await host.turns()
  assert.deepEqual(
    host.outcomes.map(({ status }) => status),
    ['stored', 'stored'],
  )
})

test('the run that was stored last is known at once, and its place later', async () => {
  const host = new Host()
  host.publish('local', 'orders.a', 'orders.b')
  assert.equal(host.publisher.lastStream?.name, 'orders')
  assert.deepEqual(host.publisher.lastRun, { ...inOrder(2, 1, 0), epoch: 0 })
  await host.lead()
  host.publish('local', 'others.a')
  assert.deepEqual(host.publisher.lastRun, unordered(1, 1))
})

test('the journal hears in which mode a batch was numbered, and the agent knows how far there are places', async () => {
  const host = new Host()
  host.publish('local', 'orders.a')
  host.publish('local', 'others.a')
  await host.turns()
  assert.deepEqual(host.modes, ['leader', 'gossip'])
  assert.deepEqual([...host.broker.leader.placed()], [])
  await host.lead()
  assert.deepEqual([...host.broker.leader.placed()], [{ stream: 'orders', origin: 'A#1', to: 1 }])
})

test('what had no place and is published in gossip mode counts from then on', () => {
  const { broker, unplaced } = new Host()
  const definition = broker.streams.find('orders')?.definition
  assert.ok(definition)
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  builder.append('orders.a', '', undefined, 0)
  const frame = builder.finish(1, 'local')
  numberBatch(frame, orders, broker.boot, 6, batchFlag.submitted)
  const ledger = {
    definition: { ...definition, mode: 'gossip' as const },
    ...{ epoch: 2, isSealing: false, last: 5, sequences: new Map([[broker.boot, 5]]) },
  }
  broker.epochs.onEpoch(ledger, new Map([[broker.boot, broker.node]]), undefined)
  assert.deepEqual(unplaced, [])
  broker.epochs.publishAgain(ledger, [{ frame, to: 6, at: 1, onPlaced: undefined }])
  assert.deepEqual(unplaced, [['orders', 'A#1', 6, 6]])
})

test('the group is told which publications are to have copies in gossip mode', () => {
  for (const level of ['local', 'copies'] as const) {
    const host = new Host()
    const asked: unknown[] = []
    const { leader } = host.broker
    leader.publish = (_replica, _frame, _onPlaced, copies) => void asked.push(copies)
    host.publish(level, 'orders.a')
    // As parts of a batch that goes to several streams, too.
    host.publish(level, 'orders.a', 'others.a')
    assert.deepEqual(asked, [level === 'copies', level === 'copies'])
  }
})
