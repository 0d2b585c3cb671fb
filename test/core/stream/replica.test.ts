// One node's part of a stream: the delivery rule, what is held back, what retention drops and what it must not.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Boot, NodeId } from '../../../node/core/common/ids.ts'
import { Feed, type FeedItem } from '../../../node/core/stream/feed.ts'
import { type OriginState, Replica } from '../../../node/core/stream/replica.ts'

const definition = {
  name: 'orders',
  topics: ['orders.>'],
  mode: 'gossip',
  retention: { bytes: 65_536, ageMs: 1000 },
  copies: 1,
  replicas: 3,
} as const

function makeReplica(bytes: number = 65_536): { replica: Replica; state: OriginState } {
  const replica = new Replica({ ...definition, retention: { bytes, ageMs: 1000 } })
  return { replica, state: replica.originState('A' as NodeId, 7 as Boot, 0) }
}

/** Takes from..to as one batch at a time. */
function take(
  replica: Replica,
  state: OriginState,
  from: number,
  to: number,
  now: number,
  bytes = 100,
): string {
  const batch = { frame: new Uint8Array(bytes), from, count: to - from + 1, confirm: false }
  const entry = replica.insert(state, batch, now)
  replica.advance(state)
  return typeof entry === 'string' ? entry : 'taken'
}

/** The delivery log as text: "1-3 gap 4-5 6-6". */
function log(replica: Replica): string {
  const parts: string[] = []
  for (let at = replica.delivered.first; at < replica.delivered.end; at++) {
    const item = replica.delivered.at(at)
    if (item === undefined) continue
    const isGap = typeof item !== 'number'
    const { from, to } = isGap ? item : replica.entries.at(item)
    parts.push(isGap ? `gap ${from}-${to}` : `${from}-${to}`)
  }
  return parts.join(' ')
}

function drain(feed: Feed): string[] {
  const items: string[] = []
  for (let item: FeedItem | undefined = feed.next(); item !== undefined; item = feed.next()) {
    items.push(item.kind === 'gap' ? `gap ${item.from}-${item.to}` : `${item.from}-${item.entry.to}`)
  }
  return items
}

test('delivers an origin strictly in sequence, whatever the order of arrival', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([1, 3, 5, 7, 9, 11], { minLength: 6 }), (order) => {
      const { replica, state } = makeReplica()
      replica.setBase(state, 0)
      for (const from of [...order, ...order]) take(replica, state, from, from + 1, 0)
      assert.equal(log(replica), '1-2 3-4 5-6 7-8 9-10 11-12')
      assert.equal(replica.heldBackBytes, 0)
      assert.equal(replica.messages, 12)
    }),
  )
})

test('delivers the rest of a batch in which the base lies', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 2)
  take(replica, state, 1, 4, 0)
  assert.equal(state.position, 4)
  assert.equal(log(replica), '1-4')
})

test('puts a mark where a gap was given up and goes on behind it', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  take(replica, state, 3, 4, 0)
  replica.skip(state, 2)
  assert.equal(log(replica), 'gap 1-2 3-4')
})

test('refuses copies, and what was dropped and delivered', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  assert.equal(take(replica, state, 1, 2, 0), 'taken')
  assert.equal(take(replica, state, 1, 2, 0), 'copy')
  replica.trim(5000)
  assert.equal(state.goneTo, 2)
  assert.equal(take(replica, state, 1, 2, 5000), 'copy')
})

test('does not drop what waits for a hole, however old it is', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  take(replica, state, 3, 4, 0)
  replica.trim(10_000)
  assert.equal(replica.messages, 2)
  take(replica, state, 1, 2, 10_000)
  assert.equal(log(replica), '1-2 3-4')
  replica.trim(10_000)
  replica.trim(12_000)
  assert.equal(replica.bytes, 0)
  assert.equal(replica.heldBackBytes, 0)
})

test('does not drop what had come before anybody wanted it, and now waits for a hole', () => {
  const { replica, state } = makeReplica()
  take(replica, state, 5, 6, 0)
  replica.setBase(state, 3)
  replica.trim(10_000)
  assert.equal(replica.messages, 2)
  take(replica, state, 4, 4, 10_000)
  assert.equal(log(replica), '4-4 5-6')
  replica.trim(12_000)
  assert.deepEqual([replica.bytes, replica.heldBackBytes], [0, 0])
})

test('what is frozen takes what comes and delivers nothing more, and then what lies before its end', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  take(replica, state, 1, 2, 0)
  replica.freeze()
  assert.equal(take(replica, state, 3, 4, 0), 'taken')
  assert.equal(take(replica, state, 5, 6, 0), 'taken')
  const late = replica.originState('B' as NodeId, 8 as Boot, 0)
  replica.setBase(late, 0)
  assert.equal(take(replica, late, 1, 1, 0), 'taken')
  assert.equal(log(replica), '1-2')
  assert.equal(replica.endAt(new Map([[state.boot, 4]])), true)
  assert.equal(take(replica, state, 7, 7, 0), 'taken')
  assert.equal(log(replica), '1-2 3-4')
  replica.skip(state, 6)
  assert.equal(log(replica), '1-2 3-4', 'what lies behind the end is no gap of it')
})

test('what was delivered behind the end of an epoch, before that was known, comes to nobody who begins in it later', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  const early = new Feed(replica, { kind: 'now' }, () => undefined)
  for (const at of [1, 2, 3, 4]) take(replica, state, at, at, 0)
  replica.endAt(new Map([[state.boot, 2]]))
  assert.deepEqual(drain(early), ['1-1', '2-2', '3-3', '4-4'])
  const late = new Feed(replica, { kind: 'after', vector: new Map(), others: 'zero' }, () => undefined)
  assert.deepEqual(drain(late), ['1-1', '2-2'])
})

test('whoever begins in an epoch while it is frozen gets what lies before its end when that is known', () => {
  const { replica, state } = makeReplica()
  for (const at of [1, 2, 3, 4]) take(replica, state, at, at, 0)
  replica.freeze()
  replica.setBase(state, 4)
  const feed = new Feed(replica, { kind: 'after', vector: new Map(), others: 'zero' }, () => undefined)
  assert.deepEqual(drain(feed), [])
  replica.endAt(new Map([[state.boot, 3]]))
  assert.deepEqual(drain(feed), ['1-1', '2-2', '3-3'])
})

test('takes what lies below something dropped, if it is still to be delivered', () => {
  const { replica, state } = makeReplica()
  take(replica, state, 5, 6, 0)
  replica.trim(5000)
  assert.equal(state.goneTo, 6)
  replica.setBase(state, 0)
  assert.equal(take(replica, state, 1, 4, 5000), 'taken')
  assert.equal(take(replica, state, 5, 6, 5000), 'taken')
  assert.equal(log(replica), '1-4 5-6')
})

test('refuses to hold back more than retention allows', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  assert.equal(take(replica, state, 3, 3, 0, 40_000), 'taken')
  assert.equal(take(replica, state, 4, 4, 0, 40_000), 'full')
  assert.equal(take(replica, state, 1, 2, 0, 100), 'taken')
  assert.equal(take(replica, state, 4, 4, 0, 40_000), 'taken')
})

test('keeps to retention by bytes, oldest arrival first', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  for (let sequence = 1; sequence <= 10; sequence++) {
    take(replica, state, sequence, sequence, sequence, 10_000)
    replica.trim(sequence)
  }
  assert.ok(replica.bytes <= 65_536)
  assert.equal(state.log.first?.from, 5)
  assert.equal(state.goneTo, 4)
})

test('a feed goes on in the middle of a batch', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  take(replica, state, 1, 5, 0)
  const feed = new Feed(
    replica,
    { kind: 'after', vector: new Map([[state.boot, 3]]), others: 'zero' },
    () => {},
  )
  assert.deepEqual(drain(feed), ['4-5'])
})

test('a feed that is ahead of the node gets nothing twice, and goes on when the node has come there', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  const feed = new Feed(
    replica,
    { kind: 'after', vector: new Map([[state.boot, 4]]), others: 'zero' },
    () => {},
  )
  for (const from of [1, 3, 5]) take(replica, state, from, from + 1, 0)
  assert.deepEqual(drain(feed), ['5-6'])
})

test('a feed gets a gap first and then what there is', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  take(replica, state, 1, 5, 0)
  replica.trim(1000)
  take(replica, state, 6, 8, 1000)
  const feed = new Feed(replica, { kind: 'after', vector: new Map(), others: 'zero' }, () => {})
  assert.deepEqual(drain(feed), ['gap 1-5', '6-8'])
})

test('a feed gets what is gone of every origin before any message, for that may be of an epoch before', () => {
  const { replica, state } = makeReplica()
  const other = replica.originState('C' as NodeId, 3 as Boot, 0)
  for (const each of [state, other]) {
    if (each === other) each.beginBehind(5)
    else each.gone.add(1, 3)
    replica.setBase(each, 5)
    take(replica, each, 6, 8, 0)
  }
  // For another reason.
  for (const ranges of [state.absent, state.lost]) ranges.add(4, 5)
  const feed = new Feed(replica, { kind: 'after', vector: new Map(), others: 'zero' }, () => {})
  assert.deepEqual(drain(feed), ['gap 1-3', 'gap 4-5', 'gap 1-5', '6-8', '6-8'])
})

test('a feed asks for all holes at once, and for each again when it is next', () => {
  const { replica, state } = makeReplica()
  take(replica, state, 3, 3, 0)
  take(replica, state, 6, 6, 0)
  replica.setBase(state, 6)
  const asked: string[] = []
  const start = { kind: 'after', vector: new Map(), others: 'zero' } as const
  const feed = new Feed(replica, start, (_, from, to) => asked.push(`${from}-${to}`))
  assert.deepEqual(drain(feed), [])
  assert.deepEqual(asked, ['1-2', '4-5'])
  take(replica, state, 1, 2, 0)
  assert.deepEqual(drain(feed), ['1-2', '3-3'])
  state.absent.add(4, 5)
  assert.deepEqual(drain(feed), ['gap 4-5', '6-6'])
})

test('a feed that retention overtook tells the gap once', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 0)
  const feed = new Feed(replica, { kind: 'now' }, () => {})
  take(replica, state, 1, 2, 0)
  replica.trim(5000)
  take(replica, state, 3, 4, 5000)
  assert.deepEqual(drain(feed), ['gap 1-2', '3-4'])
})

test('a feed remembers where it stood on an origin that the replica has forgotten', () => {
  const { replica, state } = makeReplica()
  replica.setBase(state, 5)
  const feed = new Feed(replica, { kind: 'now' }, () => {})
  replica.forget(state.boot)
  assert.deepEqual([...feed.positions()], [[state.origin, 5]])
})

test('an interest that is older than what is held begins behind what had been dropped by then', () => {
  const { replica, state } = makeReplica()
  take(replica, state, 1, 2, 100)
  take(replica, state, 3, 4, 200)
  take(replica, state, 5, 6, 300)
  replica.trim(1250)
  assert.equal(state.log.first?.from, 5)
  assert.equal(state.lastBefore(150), 2)
  assert.equal(state.lastBefore(250), 4)
  assert.equal(state.lastBefore(50), 0)
  assert.equal(state.lastBefore(400), 6)
})
