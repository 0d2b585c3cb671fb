// The interest of a node in its own messages, which may be older than what it still holds of them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Feed } from '../../../node/core/stream/feed.ts'
import { b, Machine } from './machine.ts'

test('numbers on when an interest begins that is older than what retention left of its own messages', () => {
  const machine = new Machine([b])
  const { replica } = machine
  replica.definition = { ...replica.definition, retention: { bytes: 960, ageMs: 10_000 } }
  for (let message = 0; message < 10; message++) machine.publish(1)
  const since = machine.now - 500
  machine.agent.handle({ kind: 'interest', replica, wanted: true, since }, machine.now)
  assert.equal(replica.heldBackBytes, 0)
  const feed = new Feed(replica, { kind: 'after', vector: new Map([]), others: 'base' }, () => {})
  machine.publish(1)
  const items = [...Array(5)].map(() => feed.next())
  assert.deepEqual(
    items.map((item) => item && `${item.kind} ${item.from}`),
    ['gap 1', 'batch 8', 'batch 9', 'batch 10', 'batch 11'],
  )
})

test('numbers on when nothing is left of what an old interest wanted', () => {
  const machine = new Machine([b])
  const { replica } = machine
  machine.publish(5)
  const since = machine.now - 500
  machine.tick(20_000)
  machine.agent.handle({ kind: 'interest', replica, wanted: true, since }, machine.now)
  assert.ok(machine.publish(1).includes('delivered'))
  assert.equal(replica.heldBackBytes, 0)
})
