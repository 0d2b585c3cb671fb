// Streams that are removed and made again, on a node that hears of it in any order: the catalog and the log of the group come to it each in
// its own time. What was acknowledged on the new one is there, and nothing of the one before.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../../node/broker/broker.ts'
import { Publisher } from '../../node/broker/publisher.ts'
import { toStreamKey } from '../../node/broker/stream-table.ts'
import { type Boot, type NodeId, toStreamId } from '../../node/core/common/ids.ts'
import type { StreamDefinition, StreamMode } from '../../node/core/stream/definition.ts'
import type { Ledger, StreamLedger } from '../../node/leader/ledger.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { toDefinitionValue, toRemovalValue } from '../../node/wire/stream-definition.ts'
import { batchOf } from '../leader/leader-batches.ts'
import { createBroker, lead } from './test-broker.ts'

const stream = toStreamId('orders')

function definitionOf(mode: StreamMode, further: Partial<StreamDefinition> = {}): StreamDefinition {
  const retention = { bytes: 1_000_000, ageMs: 60_000 }
  return { name: 'orders', topics: ['orders.>'], mode, retention, copies: 0, replicas: 3, ...further }
}

/** Node A, which leads its group alone; the catalog says what a test has it say. */
class Host {
  now = 1000
  readonly broker: Broker = createBroker({}, { now: () => this.now }).broker
  readonly #publisher: Publisher = new Publisher(this.broker, () => undefined)

  async define(definition: StreamDefinition): Promise<void> {
    this.#write(toDefinitionValue(definition))
    await lead(this.broker)
  }

  /** It is removed, with so much in leader mode. */
  remove(behind: number): void {
    this.#write(toRemovalValue({ behind }))
  }

  async publish(): Promise<void> {
    const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
    builder.append('orders.a', '', undefined, 0)
    assert.equal(this.#publisher.publish(builder.finish(1, 'copies')), undefined)
    await lead(this.broker)
  }

  /** A publisher on node B, where the new stream is known, has a message acknowledged. */
  async publishElsewhere(): Promise<void> {
    const { leader } = this.broker
    const { last } = this.ledgered
    const frame = batchOf({ boot: 2 as Boot, from: 1, texts: ['new'], topic: 'orders.b' })
    leader.onSubmitted('B' as NodeId, frame)
    await lead(this.broker)
    assert.equal(this.ledgered.last, last + 1)
  }

  async switchTo(mode: StreamMode, further: Partial<StreamDefinition> = {}): Promise<void> {
    const { epoch } = this.ledgered
    this.broker.leader.wish(definitionOf(mode, further), epoch)
    // Members that are down are waited for.
    for (let round = 0; round < 8 && this.ledgered.epoch === epoch; round++) {
      this.now += 1000
      await lead(this.broker)
    }
    assert.equal(this.ledgered.epoch, epoch + 1)
  }

  /** A floor that stands for everything comes, as to a node that was away. */
  restore(): void {
    const { leader, epochs } = this.broker
    leader.streams.restore(this.ledger, [])
    epochs.onEpoch(this.ledgered, this.ledger.nodes, leader.replicas.get(stream))
  }

  onSecond(): void {
    this.broker.leader.onSecond()
    this.broker.epochs.onSecond()
  }

  get ledger(): Ledger {
    return this.broker.leader.ledgerOf(stream) ?? assert.fail('the group has begun')
  }

  get ledgered(): StreamLedger {
    return this.ledger.streams.get(stream) ?? assert.fail('the group has the stream')
  }

  /** Messages of the stream that are held, in all its epochs. */
  get held(): number {
    return this.broker.epochs.all('orders').reduce((sum, { messages }) => sum + messages, 0)
  }

  #write(value: unknown): void {
    this.broker.handle({ kind: 'write', key: toStreamKey('orders'), value })
  }
}

const again: Partial<StreamDefinition> = { behind: 1, made: 3 }

/** The node has heard of the removal, and of a message of the new stream, but not of that stream. */
async function behindTheRemoval(): Promise<Host> {
  const host = new Host()
  await host.define(definitionOf('leader'))
  await host.publish()
  assert.equal(host.held, 1)
  host.remove(1)
  await host.publishElsewhere()
  assert.equal(host.held, 0)
  return host
}

test('what is published on the new stream before the node hears of it is there', async () => {
  const host = await behindTheRemoval()
  host.onSecond()
  await host.define(definitionOf('leader', again))
  assert.equal(host.held, 1)
})

test('the same where the new stream has gone to gossip mode by then', async () => {
  const host = await behindTheRemoval()
  await host.switchTo('gossip', again)
  host.onSecond()
  await host.define(definitionOf('gossip', again))
  assert.equal(host.held, 1)
})

test('and where it has gone to gossip mode and back', async () => {
  const host = await behindTheRemoval()
  await host.switchTo('gossip', again)
  host.onSecond()
  await host.switchTo('leader', again)
  await host.publish()
  await host.define(definitionOf('leader', again))
  assert.equal(host.held, 1)
  await host.publish()
  assert.equal(host.held, 2)
})

test('and where a floor of the group has come meanwhile', async () => {
  const host = await behindTheRemoval()
  host.restore()
  await host.define(definitionOf('leader', again))
  await host.publish()
  assert.equal(host.held, 2)
})

test('a node that hears of the new stream alone drops what the one before had, in both modes', async () => {
  const host = new Host()
  await host.define(definitionOf('leader'))
  await host.publish()
  await host.switchTo('gossip')
  await host.publish()
  assert.equal(host.held, 2)
  await host.define(definitionOf('gossip', again))
  assert.equal(host.held, 0)
  await host.publish()
  assert.equal(host.held, 1)
})

test('and gives nothing of that a place in the new one', async () => {
  const host = new Host()
  await host.define(definitionOf('gossip'))
  await host.publish()
  await host.define(definitionOf('leader', { behind: 0, made: 3 }))
  await host.publish()
  assert.equal(host.ledgered.last, 1)
  assert.equal(host.held, 1)
})
