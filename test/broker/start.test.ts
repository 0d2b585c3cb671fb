// Where a subscription from an offset begins: with that message, also inside a batch, and before what retention has left.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { epochAfter, epochOf, startOf } from '../../node/broker/start.ts'
import { type Boot, type NodeId, toOrigin } from '../../node/core/common/ids.ts'
import { LogFeed } from '../../node/core/stream/log-feed.ts'
import { Replica } from '../../node/core/stream/replica.ts'
import { batchOf, orders } from '../leader/leader-batches.ts'
import { createBroker } from './test-broker.ts'

/** A stream with batches of two origins that take turns, three messages each. */
function written(batches: number): Replica {
  const replica = new Replica(orders)
  for (let at = 0; at < batches; at++) {
    const boot = (1 + (at % 2)) as Boot
    const state = replica.originState('AB'.charAt(at % 2) as NodeId, boot, 1000)
    if (state.position === undefined) replica.setBase(state, 0)
    const from = 1 + 3 * Math.floor(at / 2)
    const frame = batchOf({ boot, from, texts: ['x', 'y', 'z'], offset: 1 + 3 * at })
    replica.insert(state, { frame, from, count: 3, confirm: false }, 1000 + at)
    replica.advance(state)
  }
  return replica
}

/** What a subscription from an offset gets: `boot from-to`, or the gap. */
function read(replica: Replica, offset: number): string[] {
  const feed = new LogFeed(replica, startOf(createBroker().broker, { offset })(replica))
  const items: string[] = []
  for (let item = feed.next(); item !== undefined; item = feed.next()) {
    const to = item.kind === 'gap' ? item.to : item.entry.to
    items.push(`${item.kind === 'gap' ? 'gap ' : ''}${item.state.boot} ${item.from}-${to}`)
  }
  return items
}

test('a subscription begins with the message at its offset, wherever that stands in its batch', () => {
  const replica = written(4)
  assert.deepEqual(read(replica, 4), ['2 1-3', '1 4-6', '2 4-6'])
  assert.deepEqual(read(replica, 5), ['2 2-3', '1 4-6', '2 4-6'])
  assert.deepEqual(read(replica, 6), ['2 3-3', '1 4-6', '2 4-6'])
  assert.deepEqual(read(replica, 7), ['1 4-6', '2 4-6'])
  assert.deepEqual(read(replica, 12), ['2 6-6'])
})

test('a subscription from an offset that nobody has given yet gets what comes from there on', () => {
  assert.deepEqual(read(written(4), 13), [])
})

test('a subscription from an offset that retention has dropped is told what is gone', () => {
  const replica = written(4)
  replica.definition = { ...orders, retention: { bytes: 1_000_000, ageMs: 1000 } }
  replica.trim(2001)
  assert.deepEqual(read(replica, 2), ['gap 2 1-3', 'gap 1 1-3', '1 4-6', '2 4-6'])
  assert.deepEqual(read(replica, 8), ['1 5-6', '2 4-6'])
})

test('a cursor begins in the first epoch of which it has not passed everything, whoever published it', () => {
  const [first, second, present] = [new Replica(orders), new Replica(orders), new Replica(orders)]
  const [a, b] = [1 as Boot, 2 as Boot]
  first.endAt(new Map([[a, 3]]))
  // Of b this node has never heard.
  second.endAt(new Map([...(first.fence ?? []), [b, 2]]))
  const epochs = [first, second, present]
  const begins = (positions: Readonly<Record<string, number>>): number => {
    const chosen = epochAfter(new Map([['orders', new Map(Object.entries(positions))]]))(epochs)
    return chosen === undefined ? -1 : epochs.indexOf(chosen)
  }
  const [ofA, ofB] = [toOrigin('A' as NodeId, a), toOrigin('B' as NodeId, b)]
  assert.equal(begins({}), 0)
  assert.equal(begins({ [ofA]: 2 }), 0)
  assert.equal(begins({ [ofA]: 3 }), 1)
  assert.equal(begins({ [ofA]: 5, [ofB]: 1 }), 1)
  assert.equal(begins({ [ofA]: 5, [ofB]: 2 }), 2)
})

test('a time lies in the epoch that was not over by then', () => {
  const epochs = [written(1), written(1), written(1), new Replica(orders)]
  for (const [at, endedAt] of [2000, 3000, 4000].entries()) Object.assign(epochs[at] ?? {}, { endedAt })
  const begins = (time: number): number => {
    const chosen = epochOf({ time })(epochs)
    return chosen === undefined ? -1 : epochs.indexOf(chosen)
  }
  assert.deepEqual([0, 2000, 2001, 3000, 3001, 4000, 4001].map(begins), [0, 0, 1, 1, 2, 2, 3])
})

test('a time in an epoch of which this node has nothing is come to from the one before, as others may hold it', () => {
  const epochs = [written(1), written(1), new Replica(orders), new Replica(orders), written(1)]
  for (const [at, endedAt] of [2000, 3000, 4000, 5000].entries()) Object.assign(epochs[at] ?? {}, { endedAt })
  assert.equal(epochOf({ time: 4500 })(epochs), epochs[1])
  assert.equal(epochOf({ time: 3500 })(epochs.slice(2)), epochs[4])
})

test('the earliest in gossip mode is behind what retention has dropped here, also where others still hold that', () => {
  const { broker } = createBroker()
  const gossip = { ...orders, mode: 'gossip', retention: { bytes: 1_000_000, ageMs: 1000 } } as const
  const replica = new Replica(gossip)
  const state = replica.originState('B' as NodeId, 2 as Boot, 1000)
  replica.setBase(state, 0)
  for (const from of [1, 2, 3]) {
    const frame = batchOf({ boot: 2, from, texts: ['x'] })
    replica.insert(state, { frame, from, count: 1, confirm: false }, 1000 + from)
    replica.advance(state)
  }
  replica.trim(2002)
  broker.agent.earliestHeld = (): number => 1
  const start = startOf(broker, 'earliest')(replica)
  assert.deepEqual(start.kind === 'after' && [...start.vector], [[2, 2]])
})
