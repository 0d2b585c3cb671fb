// When publishers are slowed: while a subscriber or a link lags that makes progress, and not for one that is dead.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../../node/broker/broker.ts'
import { toStreamKey } from '../../node/broker/stream-table.ts'
import type { SubscriberSink } from '../../node/broker/subscriber.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import { toDefinitionValue } from '../../node/wire/stream-definition.ts'
import { createBroker } from './test-broker.ts'

/** Bytes of one batch; five are more than anybody may be behind. */
const batchBytes = 1_000_000
const peer = 'B' as NodeId

/** A broker with one stream that keeps a lot. */
class Host {
  now = 10_000
  readonly broker: Broker = createBroker({}, { now: () => this.now }).broker
  readonly replica: Replica

  constructor() {
    const retention = { bytes: 100_000_000, ageMs: 60_000 }
    const definition = {
      name: 'orders',
      topics: ['orders.>'],
      mode: 'gossip',
      retention,
      copies: 0,
      replicas: 3,
    } as const
    this.broker.handle({ kind: 'write', key: toStreamKey('orders'), value: toDefinitionValue(definition) })
    const replica = this.broker.streams.find('orders')
    assert.ok(replica)
    this.replica = replica
  }

  publish(batches: number): void {
    const { replica } = this
    for (let count = 0; count < batches; count++) {
      const frame = new Uint8Array(batchBytes)
      this.broker.handle({ kind: 'publish', replica, frame, count: 1, confirm: false, token: 0 })
    }
  }

  /** Somebody subscribes who takes nothing. */
  subscribe(): void {
    const sink: SubscriberSink = { canTake: false, batch: () => undefined, gap: () => undefined }
    const common = { sub: 's', kind: 'client', patterns: ['>'], name: undefined, resumes: false } as const
    this.broker.subscribe({ ...common, sink, start: () => ({ kind: 'now' }) }, () => undefined)
  }

  /** Another node wants the stream, whose link takes one batch. */
  link(): void {
    this.broker.handle({ kind: 'peerUp', peer, boot: 2 as Boot, budget: 1 })
    const interest = { kind: 'interest', stream: this.replica.id, wanted: true, ageMs: 0 } as const
    this.broker.handle({ kind: 'message', from: peer, message: interest })
  }

  /** Whether publishers of this node are slowed, and those of others. */
  get pressed(): [boolean, boolean] {
    this.now += 1
    return [this.broker.isPressed(this.replica), this.broker.isLagging(this.replica)]
  }
}

test('nobody is slowed where nobody lags, however much is published', () => {
  const host = new Host()
  host.publish(8)
  assert.deepEqual(host.pressed, [false, false])
})

test('a subscriber that is too far behind slows the publishers of all nodes', () => {
  const host = new Host()
  host.subscribe()
  host.publish(4)
  assert.deepEqual(host.pressed, [false, false])
  host.publish(1)
  assert.deepEqual(host.pressed, [true, true])
})

test('a subscriber that has taken nothing for a second slows nobody any more', () => {
  const host = new Host()
  host.subscribe()
  host.publish(5)
  host.now += 1000
  assert.deepEqual(host.pressed, [false, false])
})

test('a link that is too far behind slows the publishers of this node alone', () => {
  const host = new Host()
  host.link()
  host.publish(5)
  assert.deepEqual(host.pressed, [false, false])
  host.publish(1)
  assert.deepEqual(host.pressed, [true, false])
  host.now += 1000
  host.broker.handle({ kind: 'tick' })
  assert.deepEqual(host.pressed, [false, false], 'nothing could be sent there for a second')
})
