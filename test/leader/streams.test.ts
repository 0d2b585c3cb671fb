// The replicas of streams in leader mode: what has a place, in that order, and a gap for what no member has any more.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arena } from '../../node/core/common/arena.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { hold, letGo } from '../../node/core/common/slabs.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import { hasPassed } from '../../node/core/stream/feed.ts'
import { LogFeed } from '../../node/core/stream/log-feed.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import { Ledger } from '../../node/leader/ledger.ts'
import { LeaderStreams } from '../../node/leader/streams.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'
import { type BatchFields, batchOf, orders, ordersId, textsOf } from './leader-batches.ts'

const A = 'A' as NodeId
const definition = { ...orders, retention: { bytes: 1_000_000, ageMs: 1000 } }

class Host {
  now = 10_000
  readonly slabs: CountedSlabs = new CountedSlabs(smallWipedSlabs)
  readonly #log = new Arena(this.slabs)
  /** Names of streams that grew, in order. */
  readonly grown: string[] = []
  readonly streams: LeaderStreams = new LeaderStreams({
    slabs: this.slabs,
    now: () => this.now,
    onDelivered: ({ name }) => this.grown.push(name),
  })

  /** A batch in memory of the group's log. Returns that. */
  insert(fields: BatchFields, placedBy?: number): Uint8Array {
    const frame = this.#log.keep(batchOf({ offset: 1, ...fields }))
    this.streams.insert(A, frame, placedBy)
    return frame
  }

  get replica(): Replica {
    const replica = this.streams.replicas.get(ordersId)
    assert.ok(replica)
    return replica
  }

  read(): string[] {
    const feed = new LogFeed(this.replica, { kind: 'after', vector: new Map(), others: 'zero' })
    const items: string[] = []
    for (let item = feed.next(); item !== undefined; item = feed.next()) {
      if (item.kind === 'gap') items.push(`gap ${item.from}-${item.to}`)
      else items.push(...textsOf(item.entry.frame ?? new Uint8Array(0)))
    }
    return items
  }
}

test('a stream is created once, and its subscribers hear once a round', () => {
  const host = new Host()
  const replica = host.streams.define(definition)
  assert.equal(host.streams.define(definition), replica)
  host.insert({ from: 1, texts: ['a'] })
  host.insert({ from: 2, texts: ['b'] })
  assert.deepEqual(host.grown, [])
  host.streams.endRound()
  host.streams.endRound()
  assert.deepEqual(host.grown, ['orders'])
  assert.deepEqual(host.read(), ['a', 'b'])
})

test('a batch of a stream that is not there is nobody’s', () => {
  const host = new Host()
  const frame = host.insert({ from: 1 })
  assert.ok(host.streams.isDropped(frame))
  host.streams.endRound()
  assert.deepEqual(host.grown, [])
})

/** What the stream held before it was removed. */
function removed(of: StreamDefinition = definition): Host {
  const host = new Host()
  host.streams.define(of)
  host.insert({ from: 1, texts: ['old'], offset: 1 })
  return host
}

test('what a node hears of a removed stream only when it was made again is not its successor’s', () => {
  const host = removed()
  host.streams.undefine(ordersId, 2)
  host.streams.define({ ...definition, behind: 2 })
  const late = host.insert({ from: 2, texts: ['late'], offset: 2 })
  host.insert({ from: 3, texts: ['new'], offset: 3 })
  assert.deepEqual(host.read(), ['gap 1-2', 'new'])
  assert.ok(host.streams.isDropped(late))
  assert.equal(host.replica.origins.get(1 as Boot)?.base, 2)
})

test('what is published on a stream that was made again is there for a node that hears of that later', () => {
  const host = removed()
  host.streams.undefine(ordersId, 1)
  const frame = host.insert({ from: 2, texts: ['new'], offset: 2 })
  assert.equal(host.streams.replicas.size, 0)
  host.streams.onSecond()
  assert.equal(host.streams.isDropped(frame), false)
  host.streams.define({ ...definition, behind: 1 })
  assert.deepEqual(host.read(), ['gap 1-1', 'new'])
})

test('the same where it hears of the removal last: what has come by then stays', () => {
  const host = removed()
  host.insert({ from: 2, texts: ['new'], offset: 2 })
  host.streams.undefine(ordersId, 1)
  host.streams.define({ ...definition, behind: 1 })
  assert.deepEqual(host.read(), ['gap 1-1', 'new'])
})

test('the memory of what a removed stream had is free after a while, and of what came behind it when retention is over', () => {
  const host = removed({ ...definition, retention: { bytes: 1_000_000, ageMs: 11_000 } })
  const old = host.replica.origins.get(1 as Boot)?.log.first?.frame ?? assert.fail()
  host.streams.undefine(ordersId, 1)
  host.now += 9_999
  const frame = host.insert({ from: 2, texts: ['new'], offset: 2 })
  host.streams.onSecond()
  assert.equal(host.streams.isDropped(old), false)
  host.now += 1
  host.streams.onSecond()
  assert.deepEqual([host.streams.isDropped(old), host.streams.isDropped(frame)], [true, false])
  host.now += 11_000
  host.streams.onSecond()
  for (const each of [old, frame]) letGo(each)
  assert.equal(host.slabs.bytesOut, 0)
})

test('a floor brings nothing of a removed stream back', () => {
  const host = new Host()
  host.streams.startBehind(ordersId, 1)
  const ledger = new Ledger()
  ledger.nodes.set(1 as Boot, A)
  const sequences = new Map([[1 as Boot, 2]])
  ledger.streams.set(ordersId, { definition, epoch: 1, isSealing: false, last: 2, sequences })
  const kept = [1, 2].map((at) => ({
    entry: { index: at, term: 1, data: batchOf({ from: at, offset: at, texts: [`${at}`] }) },
    placedBy: host.now,
  }))
  host.streams.restore(ledger, kept)
  assert.deepEqual(host.read(), ['gap 1-1', '2'])
})

test('batches stand where the log has them, and are held there until retention drops them', () => {
  const host = new Host()
  host.streams.define(definition)
  const frame = host.insert({ from: 1, texts: ['a'] })
  assert.equal(host.replica.origins.get(1 as Boot)?.log.first?.frame?.buffer, frame.buffer)
  // The log lets go of it first.
  letGo(frame)
  assert.deepEqual(host.read(), ['a'])
  assert.equal(host.streams.isDropped(frame), false)
  host.now += 1000
  host.streams.onSecond()
  assert.ok(host.streams.isDropped(batchOf({ from: 1, offset: 1 })))
  assert.equal(host.slabs.bytesOut, 0)
  assert.throws(() => hold(frame), /was not let go/)
})

test('what an origin had before the first that is heard of it is gone', () => {
  const host = new Host()
  host.streams.define(definition)
  host.insert({ from: 6, texts: ['f'] })
  assert.deepEqual(host.read(), ['gap 1-5', 'f'])
})

test('what is recovered counts from when it had its place, and never from later than now, whatever its publisher says', () => {
  const host = new Host()
  host.streams.define(definition)
  host.insert({ from: 1, texts: ['old'], time: host.now - 5000 }, host.now - 900)
  host.insert({ from: 2, texts: ['younger'], time: host.now + 5000 }, host.now - 800)
  host.insert({ from: 3, texts: ['ahead'] }, host.now + 5000)
  host.insert({ from: 4, texts: ['new'], time: host.now - 5000 })
  assert.deepEqual(host.read(), ['old', 'younger', 'ahead', 'new'])
  host.now += 200
  host.streams.onSecond()
  assert.deepEqual(host.read(), ['gap 1-2', 'ahead', 'new'])
  host.now += 800
  host.streams.onSecond()
  assert.deepEqual(host.read(), ['gap 1-4'])
})

test('who comes to an epoch without what was before it is told that this is gone', () => {
  const host = new Host()
  host.streams.define(definition)
  const sequences = new Map([[1 as Boot, 5]])
  const begun = { definition, epoch: 3, isSealing: false, last: 4, sequences }
  host.streams.begin(begun, new Map([[1 as Boot, A]]))
  assert.deepEqual(host.read(), ['gap 1-5'])
  host.insert({ from: 6, texts: ['f'], offset: 5 })
  assert.deepEqual(host.read(), ['gap 1-5', 'f'])
})

test('the first epoch in leader mode begins behind what was published in gossip mode, for whoever comes then', () => {
  const host = new Host()
  const replica = host.streams.define(definition)
  const sequences = new Map([[1 as Boot, 5]])
  const begun = { definition, epoch: 1, isSealing: false, last: 0, sequences }
  assert.equal(host.streams.begin(begun, new Map([[1 as Boot, A]])), replica)
  const feed = new LogFeed(replica, { kind: 'now' })
  replica.endAt(sequences)
  assert.deepEqual([feed.next(), hasPassed(feed, sequences)], [undefined, true])
})

/** A ledger of the stream, whose origin A#1 is at a sequence. */
function ledgerAt(sequence: number): Ledger {
  const ledger = new Ledger()
  ledger.apply({ op: 'begin', epoch: 1, definition, fence: new Map() })
  ledger.apply({ op: 'origin', node: A, boot: 1 as Boot })
  const stream = ledger.streams.get(ordersId)
  assert.ok(stream)
  stream.sequences.set(1 as Boot, sequence)
  return ledger
}

test('a floor is a gap in its place for what is not here, and nothing for what is', () => {
  const host = new Host()
  host.streams.define(definition)
  host.insert({ from: 1, texts: ['a', 'b'] })
  const feed = new LogFeed(host.replica, { kind: 'now' })
  host.streams.restore(ledgerAt(2), [])
  assert.deepEqual(host.read(), ['a', 'b'])
  host.streams.restore(ledgerAt(7), [])
  host.insert({ from: 8, texts: ['h'] })
  assert.deepEqual(host.read(), ['a', 'b', 'gap 3-7', 'h'])
  const item = feed.next()
  assert.deepEqual([item?.kind, item?.from], ['gap', 3])
})

test('what a floor stands for is a gap also when everything behind it was dropped', () => {
  const host = new Host()
  host.streams.define(definition)
  host.streams.restore(ledgerAt(5), [])
  host.insert({ from: 6, texts: ['f', 'g'] })
  assert.deepEqual(host.read(), ['gap 1-5', 'f', 'g'])
  host.now += 1000
  host.streams.onSecond()
  assert.deepEqual(host.read(), ['gap 1-7'])
})

test('a floor creates the streams that it speaks of, and their subscribers hear of them', () => {
  const host = new Host()
  host.streams.restore(ledgerAt(3), [])
  assert.deepEqual(host.grown, ['orders'])
  host.insert({ from: 4, texts: ['d'] })
  assert.deepEqual(host.read(), ['gap 1-3', 'd'])
})

test('a later epoch has a replica of its own, behind what the stream had, and the old one goes when it is empty', () => {
  const host = new Host()
  host.streams.define(definition)
  const old = host.insert({ from: 1, texts: ['a'] })
  const ledger = ledgerAt(1)
  ledger.apply({ op: 'begin', epoch: 2, definition: { ...definition, mode: 'gossip' }, fence: new Map() })
  ledger.apply({ op: 'seal', epoch: 2, definition: { ...definition, mode: 'gossip' } })
  ledger.apply({ op: 'begin', epoch: 3, definition, fence: new Map([['A#1' as never, 5]]) })
  const before = host.replica
  const stream = ledger.streams.get(ordersId)
  assert.ok(stream)
  const replica = host.streams.begin(stream, ledger.nodes)
  assert.notEqual(replica, before)
  host.insert({ from: 6, texts: ['f'], epoch: 3 })
  const feed = new LogFeed(replica, { kind: 'after', vector: new Map([[1 as Boot, 5]]), others: 'zero' })
  assert.equal(feed.next()?.from, 6)
  assert.equal(host.streams.isDropped(old), false)
  host.now += 1000
  host.streams.onSecond()
  assert.ok(host.streams.isDropped(old))
})
