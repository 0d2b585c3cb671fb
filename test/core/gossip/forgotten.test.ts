// What a node has forgotten, and what lay before a subscription: neither comes back as a gap.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot } from '../../../node/core/common/ids.ts'
import { Feed } from '../../../node/core/stream/feed.ts'
import { b, boots, c, holding, Machine } from './machine.ts'

test('does not take a forgotten origin back from what others still say, and tells no gap of it', () => {
  const machine = new Machine([b, c])
  machine.interest()
  machine.hear(b, machine.holdings(true, holding(b, 0, 0, 0)))
  machine.hear(c, machine.holdings(true))
  machine.hear(b, machine.batch(b, 1, 10))
  machine.hear(c, machine.holdings(false, holding(b, 1, 10, 0)))
  machine.down(b)
  machine.tick(11_000)
  machine.hear(c, machine.holdings(false, holding(b, 0, 10, 0)))
  machine.tick(11_000)
  assert.equal(machine.replica.origins.has(boots['B'] as Boot), false)
  machine.hear(c, machine.holdings(true, holding(b, 0, 10, 0)))
  machine.tick(1000)
  assert.equal(machine.replica.origins.has(boots['B'] as Boot), false)
  // What is truly new of it is still owed, from where this node stood.
  assert.deepEqual(machine.hear(c, machine.holdings(false, holding(b, 11, 12, 0))), [
    'base B#2 10',
    'delivered',
    'C: pull 1 2 11-12',
  ])
})

test('goes on where it stood when a forgotten origin comes back itself', () => {
  const machine = new Machine([b])
  machine.interest()
  machine.hear(b, machine.holdings(true, holding(b, 0, 0, 0)))
  machine.hear(b, machine.batch(b, 1, 10))
  machine.down(b)
  machine.tick(11_000)
  machine.tick(11_000)
  assert.ok(machine.up(b).includes('B: interest true age 22250 have 10'))
  machine.hear(b, machine.holdings(true, holding(b, 0, 10, 10)))
  assert.equal(machine.replica.origins.get(boots['B'] as Boot)?.position, 10)
  assert.equal(machine.agent.wantCount, 0)
})

test('a subscription from now on gets no gap for what was lost before it', () => {
  const machine = new Machine([b, c], [c])
  machine.interest()
  machine.hear(c, machine.holdings(true, holding(b, 0, 10, 0)))
  const before = new Feed(machine.replica, { kind: 'after', vector: new Map(), others: 'base' }, () => {})
  const feed = new Feed(machine.replica, { kind: 'now' }, () => {})
  machine.hear(c, { kind: 'pulled', id: 1, batches: 0, busy: false })
  machine.tick(9_500)
  const item = before.next()
  assert.deepEqual([item?.kind, item?.from], ['gap', 1])
  assert.equal(feed.next(), undefined)
  assert.deepEqual([...feed.positions()].at(-1), ['B#2', 10])
})
