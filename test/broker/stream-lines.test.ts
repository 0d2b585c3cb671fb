// What the journal is told of streams while the node runs.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toStreamKey } from '../../node/broker/stream-table.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import { toDefinitionValue } from '../../node/wire/stream-definition.ts'
import { createBroker } from './test-broker.ts'

const orders: StreamDefinition = {
  name: 'orders',
  topics: ['orders.>'],
  mode: 'gossip',
  retention: { bytes: 1_000_000, ageMs: 60_000 },
  copies: 0,
  replicas: 3,
}

test('the journal is told when a stream comes, changes its topics and is removed', () => {
  const told: unknown[] = []
  const { broker } = createBroker({
    stream: (name, topics, deleted) => told.push([name, topics, deleted]),
    subscriptionEvent: ({ t, stream }) => told.push([t, stream]),
  })
  broker.subscribe(
    {
      sub: 'A#1:1:>',
      kind: 'node',
      patterns: ['>'],
      name: undefined,
      sink: { canTake: true, batch: () => undefined, gap: () => undefined },
      start: () => ({ kind: 'now' }),
      resumes: false,
    },
    () => undefined,
  )
  told.length = 0
  const write = (definition: StreamDefinition | undefined): void => {
    const value = definition === undefined ? undefined : toDefinitionValue(definition)
    broker.handle({ kind: 'write', key: toStreamKey('orders'), value })
  }
  write(orders)
  write({ ...orders, topics: ['orders.>', 'refunds.>'] })
  write(undefined)
  assert.deepEqual(told, [
    ['orders', ['orders.>'], false],
    ['sub', 'orders'],
    ['orders', ['orders.>', 'refunds.>'], false],
    ['end', 'orders'],
    ['orders', ['orders.>', 'refunds.>'], true],
  ])
})
