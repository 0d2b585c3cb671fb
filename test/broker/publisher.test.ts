// What a publisher counts of what it does not take.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Publisher } from '../../node/broker/publisher.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import type { AckLevel } from '../../node/wire/batch-header.ts'
import { ackLevels } from '../../node/wire/batch-header.ts'
import type { PublishOutcome } from '../../node/wire/control-frames.ts'
import { createBroker } from './test-broker.ts'

function publishFrame(topic: string, publish: number, level: AckLevel): Uint8Array {
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  builder.append(topic, 'x', undefined, 0)
  return builder.finish(publish, level)
}

test('a binary publish that is refused is counted and answered, at every acknowledgement', async () => {
  const { broker, counters } = createBroker()
  const outcomes: PublishOutcome[] = []
  const publisher = new Publisher(broker, (some) => outcomes.push(...some))
  for (const [index, level] of ackLevels.entries()) {
    assert.equal(publisher.publish(publishFrame('orders..new', index + 1, level)), undefined)
  }
  assert.equal(publisher.publish(publishFrame('orders.new', 9, 'none')), undefined)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(
    outcomes.map(({ publish, status }) => [publish, status]),
    ackLevels.map((_, index) => [index + 1, 'refused']),
  )
  assert.equal(counters.get('publishesRefused'), ackLevels.length)
  assert.equal(counters.get('messagesPublished'), 1)
})
