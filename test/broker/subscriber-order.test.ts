// What the journal is told of the order in which a subscription gets a stream in leader mode.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Recorder } from '../../node/broker/ports.ts'
import { SubscriberOrder } from '../../node/broker/subscriber-order.ts'
import type { Boot } from '../../node/core/common/ids.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { batchFlag, numberBatch, placeBatch } from '../../node/wire/batch-header.ts'
import { createBroker } from './test-broker.ts'

const { broker } = createBroker()
const value = {
  topics: ['orders.>'],
  mode: 'leader',
  retention: { bytes: 1_000_000, ageMs: 60_000 },
  copies: 0,
}
broker.handle({ kind: 'write', key: 'stream:orders', value })

class Host {
  /** From, offset and epoch of each line. */
  readonly told: [number, number, number][] = []
  readonly hashes: number[] = []
  readonly replica: Replica
  readonly order: SubscriberOrder

  constructor(replica: Replica | undefined) {
    assert.ok(replica)
    this.replica = replica
    const recorder = {
      subscriptionEvent: (line: Parameters<Recorder['subscriptionEvent']>[0]) => {
        assert.ok(line.t === 'order')
        assert.deepEqual([line.sub, line.stream, line.at], ['s', this.replica.name, 5])
        this.told.push([line.from, line.offset, line.epoch])
        this.hashes.push(line.hash)
      },
    } as Recorder
    this.order = new SubscriberOrder({ now: () => 5, recorder }, 's')
  }

  /** Hands out a batch of `count` messages, from its first one on or a later one. */
  pass(boot: number, sequence: number, offset: number, count: number, from: number = sequence): void {
    const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
    for (let record = 0; record < count; record++) builder.append('orders.a', '', undefined, 0)
    const frame = builder.finish(1, 'local')
    numberBatch(frame, this.replica.stream, boot as Boot, sequence, batchFlag.submitted)
    placeBatch(frame, 3, offset)
    this.order.pass(this.replica, frame, from, sequence + count - 1)
  }
}

function inOrder(): Host {
  return new Host(broker.streams.find('orders'))
}

test('writes the roundest offset of a second, then where it stands, then nothing', () => {
  const host = inOrder()
  host.pass(1, 1, 1, 5)
  host.pass(2, 1, 6, 1)
  for (let second = 0; second < 4; second++) host.order.onSecond()
  assert.deepEqual(host.told, [
    [1, 4, 3],
    [1, 6, 3],
  ])
  host.pass(2, 2, 7, 1)
  host.order.flush()
  host.order.flush()
  assert.deepEqual(host.told.at(-1), [1, 7, 3])
  assert.equal(host.hashes[1], host.hashes[2])
})

test('a batch that begins in the middle begins at the offset of what is handed out', () => {
  const host = inOrder()
  host.pass(1, 11, 101, 10, 14)
  host.order.end(host.replica)
  assert.deepEqual(host.told, [[104, 110, 3]])
})

test('a break ends a stretch and begins another', () => {
  const host = inOrder()
  host.pass(1, 1, 1, 5)
  host.pass(1, 8, 8, 2)
  host.order.flush()
  assert.deepEqual(host.told, [
    [1, 5, 3],
    [8, 9, 3],
  ])
})

test('the ends of more stretches than a second may have are not written', () => {
  const host = inOrder()
  for (let offset = 1; offset < 200; offset += 2) host.pass(1, offset, offset, 1)
  assert.equal(host.told.length, 16)
  host.order.onSecond()
  host.pass(1, 301, 301, 1)
  assert.deepEqual(host.told.slice(16), [[199, 199, 3]])
})

test('where something is not for the subscription, nothing more of the epoch is compared', () => {
  const host = inOrder()
  host.pass(1, 1, 1, 5)
  host.order.leave(host.replica)
  host.pass(1, 6, 6, 5)
  host.order.leave(host.replica)
  host.pass(1, 13, 13, 5)
  host.order.flush()
  host.order.onSecond()
  assert.deepEqual(host.told, [[1, 5, 3]])
})

test('of a stream in gossip mode nothing is written', () => {
  const host = new Host(broker.streams.find('default'))
  host.order.leave(host.replica)
  host.order.onSecond()
  host.order.end(host.replica)
  assert.deepEqual(host.told, [])
})

test('an epoch that has ended is forgotten once its last line is written', () => {
  const host = inOrder()
  host.pass(1, 1, 1, 3)
  host.replica.endAt(new Map())
  for (let second = 0; second < 3; second++) host.order.onSecond()
  assert.deepEqual(host.told, [
    [1, 2, 3],
    [1, 3, 3],
  ])
})
