// Subscriptions from an offset that has not come, on streams that are removed and made again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { epochOf, startOf } from '../../node/broker/start.ts'
import type { SubscriberSink } from '../../node/broker/subscriber.ts'
import { textsOf } from '../leader/leader-batches.ts'
import { definitionOf, RemadeStream } from './remade-stream.ts'
import { lead } from './test-broker.ts'

/** A reader from an offset of a stream that is removed and made again. */
class OffsetReader {
  readonly host: RemadeStream = new RemadeStream()
  /** What has come, as texts. */
  readonly got: string[] = []
  canTake = true

  /** Waits for an offset on a stream in leader mode, which has one message. */
  async waitFor(offset: number): Promise<RemadeStream> {
    await this.host.define(definitionOf('leader'))
    await this.host.publish('one')
    this.subscribe(offset)
    await lead(this.host.broker)
    return this.host
  }

  subscribe(offset: number): void {
    const isOpen = (): boolean => this.canTake
    const sink: SubscriberSink = {
      get canTake() {
        return isOpen()
      },
      batch: (_replica, _state, frame) => void this.got.push(...textsOf(frame)),
      gap: () => undefined,
    }
    const from = { offset }
    const { broker } = this.host
    const where = { start: startOf(broker, from), choose: epochOf(from), offset, resumes: false }
    const options = { sub: 'reader', kind: 'client', patterns: ['orders.>'], name: undefined, sink } as const
    broker.subscribe({ ...options, ...where }, () => undefined)
  }

  /** On how many epochs of the stream it stands. */
  get places(): number {
    const [subscriber] = this.host.broker.subscribers
    return subscriber?.streams.filter(({ name }) => name === 'orders').length ?? 0
  }

  async publish(...texts: readonly string[]): Promise<void> {
    for (const text of texts) await this.host.publish(text)
  }
}

test('who waits for an offset gets nothing before it, also where the stream is removed and made again', async () => {
  for (const isHeard of [true, false]) {
    const reader = new OffsetReader()
    const host = await reader.waitFor(4)
    if (isHeard) host.remove(1)
    await host.define(definitionOf('leader', { behind: 1, made: 3 }))
    await reader.publish('two', 'three', 'four', 'five')
    assert.deepEqual(reader.got, ['four', 'five'], `heard: ${isHeard}`)
  }
})

test('the same where the offset has come before the node heard of the new stream', async () => {
  const reader = new OffsetReader()
  const host = await reader.waitFor(4)
  host.remove(1)
  await host.publishElsewhere()
  await host.switchTo('gossip')
  await host.switchTo('leader')
  await host.publishElsewhere()
  await host.publishElsewhere()
  await host.define(definitionOf('leader', { behind: 1, made: 3 }))
  await reader.publish('five')
  assert.deepEqual(reader.got, ['new', 'five'])
})

test('where the new stream has gone to gossip mode, in which nothing has an offset, all that comes from then on comes once', async () => {
  const reader = new OffsetReader()
  const host = await reader.waitFor(4)
  host.remove(1)
  await host.publishElsewhere()
  await host.switchTo('gossip')
  await host.define(definitionOf('gossip', { behind: 1, made: 3 }))
  reader.canTake = false
  await reader.publish('in gossip')
  await host.switchTo('leader')
  await reader.publish('three', 'four')
  assert.equal(reader.places, 1)
  reader.canTake = true
  await reader.publish('five')
  assert.deepEqual(reader.got, ['in gossip', 'three', 'four', 'five'])
})

test('who has begun does not wait again: it goes on where it stood, in all that the next stream has', async () => {
  const reader = new OffsetReader()
  const { host } = reader
  await host.define(definitionOf('leader'))
  await host.publish('one')
  await host.switchTo('gossip')
  reader.subscribe(9)
  await reader.publish('in gossip')
  await host.switchTo('leader')
  await reader.publish('two')
  host.remove(2)
  await host.publishElsewhere()
  await host.switchTo('gossip')
  await host.define(definitionOf('gossip', { behind: 2, made: 3 }))
  await reader.publish('later')
  assert.deepEqual(reader.got, ['in gossip', 'two', 'new', 'later'])
})
