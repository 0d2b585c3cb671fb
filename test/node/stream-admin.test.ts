// Streams made, removed and made again on one node: where each begins, and what is refused.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../../node/broker/broker.ts'
import { Publisher } from '../../node/broker/publisher.ts'
import { toStreamKey } from '../../node/broker/stream-table.ts'
import { toStreamId } from '../../node/core/common/ids.ts'
import type { StreamDefinition, StreamMode } from '../../node/core/stream/definition.ts'
import type { StreamChange } from '../../node/net/admin-port.ts'
import { putStream, removeStream } from '../../node/stream-admin.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import type { PublishOutcome } from '../../node/wire/control-frames.ts'
import { createBroker, lead } from '../broker/test-broker.ts'

class Host {
  now = 1000
  saved = 0
  readonly broker: Broker
  readonly outcomes: PublishOutcome[] = []
  readonly #publisher: Publisher

  constructor() {
    this.broker = createBroker({}, { now: () => this.now }).broker
    this.#publisher = new Publisher(this.broker, (some) => this.outcomes.push(...some))
  }

  put(mode: StreamMode, createsOnly = false): ReturnType<typeof putStream> {
    return this.change({ topics: ['orders.>'], mode, createsOnly })
  }

  change(fields: Partial<StreamChange>): ReturnType<typeof putStream> {
    const unsaid = { topics: undefined, mode: undefined, retention: undefined, copies: undefined }
    const change = { ...unsaid, replicas: undefined, createsOnly: false, name: 'orders', ...fields }
    return putStream(this.broker, this, change)
  }

  remove(name = 'orders'): ReturnType<typeof removeStream> {
    return removeStream(this.broker, this, name)
  }

  async saveCatalog(): Promise<void> {
    this.saved++
  }

  async publish(): Promise<void> {
    const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
    builder.append('orders.a', '', undefined, 0)
    assert.equal(this.#publisher.publish(builder.finish(1, 'copies')), undefined)
    await lead(this.broker)
  }

  /** What the catalog has of the stream. */
  get value(): unknown {
    return this.broker.agent.catalog.get(toStreamKey('orders'))?.value
  }

  get definition(): StreamDefinition | undefined {
    return this.broker.streams.find('orders')?.definition
  }

  get messages(): number | undefined {
    return this.broker.replicaOf(toStreamId('orders'))?.messages
  }
}

/** A node that leads, and has a stream with one message. */
async function published(): Promise<Host> {
  const host = new Host()
  const made = host.put('leader')
  await lead(host.broker)
  assert.ok('name' in (await made))
  await host.publish()
  assert.equal(host.messages, 1)
  return host
}

test('a stream that is made again says where the one before ended, and begins there', async () => {
  const host = await published()
  const removed = host.remove()
  await lead(host.broker)
  assert.ok('name' in (await removed))
  assert.deepEqual(host.value, { removed: true, behind: 1 })
  const made = Object(await host.put('leader'))
  assert.deepEqual([made.behind, made.made], [1, 3])
  assert.equal(host.messages, 0)
  await host.publish()
  assert.equal(host.messages, 1)
  const changed = Object(await host.change({ copies: 2 }))
  assert.deepEqual([changed.behind, changed.made], [1, 3])
  assert.equal(host.saved, 4)
})

test('a change of a stream that was made again leaves it the same one, whatever its group says of it', async () => {
  const host = await published()
  const removed = host.remove()
  await lead(host.broker)
  await removed
  await host.put('leader')
  await host.publish()
  const replica = host.broker.streams.find('orders') ?? assert.fail()
  // As a node has it from the log that its epoch began there.
  const { behind: _behind, made: _made, ...old } = replica.definition
  replica.definition = old
  const changed = Object(await host.change({ copies: 2 }))
  assert.deepEqual([changed.behind, changed.made, host.messages], [1, 3, 1])
  replica.definition = old
  const again = host.remove()
  await lead(host.broker)
  await again
  assert.deepEqual(host.value, { removed: true, behind: 2, made: 3 })
})

test('a node that hears nothing of the removal drops what the stream had before it was made again', async () => {
  const host = await published()
  const value = { ...host.definition, behind: 1 }
  host.broker.handle({ kind: 'write', key: toStreamKey('orders'), value })
  assert.equal(host.messages, 0)
})

test('a stream that has never been in leader mode is made, removed and made again without a leader', async () => {
  const host = new Host()
  for (let round = 0; round < 2; round++) {
    assert.ok('name' in (await host.put('gossip')))
    assert.ok('name' in (await host.remove()))
  }
  assert.deepEqual(host.value, { removed: true, behind: 0, made: 3 })
})

test('without a leader a stream ends where the node knows, and at least where it began', async () => {
  const host = await published()
  host.broker.leader.whenCurrent = (_stream, callback) => callback(false)
  await host.remove()
  assert.deepEqual(host.value, { removed: true, behind: 1 })
  await host.put('leader')
  host.broker.leader.ledgerOf = () => undefined
  await host.remove()
  assert.deepEqual(host.value, { removed: true, behind: 1, made: 3 })
})

test('through a node that is behind, a stream ends where its group says', async () => {
  const host = await published()
  const { leader } = host.broker
  const { ledgerOf } = leader
  leader.ledgerOf = () => undefined
  leader.whenCurrent = (_stream, callback) => {
    leader.ledgerOf = ledgerOf
    callback(true)
  }
  await host.remove()
  assert.deepEqual(host.value, { removed: true, behind: 1 })
})

test('all who make a stream again at once make the same one', async () => {
  const host = await published()
  const removed = host.remove()
  await lead(host.broker)
  await removed
  const other = createBroker().broker
  const entry = host.broker.agent.catalog.get(toStreamKey('orders')) ?? assert.fail()
  other.agent.catalog.merge(entry)
  const made = Object(await host.put('leader'))
  await host.publish()
  const plan = Object(other.streams.plan('orders', { topics: ['orders.>'], mode: 'leader' }))
  assert.deepEqual([plan.behind, plan.made], [made.behind, made.made])
})

test('what two make at once is made once; a stream that there is not, and the default one, are not removed', async () => {
  const host = new Host()
  const [first, second] = await Promise.all([host.put('gossip', true), host.put('gossip', true)])
  assert.deepEqual(['name' in first, Object(second).refused], [true, 'STREAM_EXISTS'])
  assert.equal(Object(await host.remove('nothing')).refused, 'STREAM_UNKNOWN')
  assert.equal(Object(await host.remove('default')).refused, 'STREAM_INVALID')
})
