// What a node keeps of epochs that have ended, and for how long: what others hold may be asked for, and retention is the stream's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { epochAfter, startAfter } from '../../node/broker/start.ts'
import type { SubscriberSink } from '../../node/broker/subscriber.ts'
import type { Boot } from '../../node/core/common/ids.ts'
import { streamLimits } from '../../node/core/stream/definition.ts'
import { type FeedStart, hasPassed } from '../../node/core/stream/feed.ts'
import { LogFeed } from '../../node/core/stream/log-feed.ts'
import { Replica } from '../../node/core/stream/replica.ts'
import { batchCount, batchSequence } from '../../node/wire/batch-header.ts'
import { encodeGap, isGap } from '../../node/wire/gap-batch.ts'
import { batchOf, orders, ordersId } from '../leader/leader-batches.ts'
import { A, a, B, b, EpochsOfA, ledgerOf, nodes, ofB } from './epochs-of-a.ts'
import { createBroker } from './test-broker.ts'

test('an origin of the stream is not forgotten as soon as an epoch in gossip mode begins, or is completed', () => {
  const host = new EpochsOfA()
  host.time = 1_000_000_000
  const stranger = 9 as Boot
  const more = new Map([...nodes, [stranger, B] as const])
  host.epochs.onEpoch(ledgerOf('leader', 1, { [stranger]: 3 }), more, new Replica(orders))
  host.epochs.onEpoch(ledgerOf('gossip', 2, { [stranger]: 3 }), more, undefined)
  host.epochs.complete(host.first)
  host.agent.handle({ kind: 'tick' }, host.time)
  const known = [host.first, host.epochs.all('orders').at(-1)].map((replica) =>
    replica?.origins.has(stranger),
  )
  assert.deepEqual(known, [true, true])
})

test('an epoch that has ended stays while empty until every subscriber has gone on behind it', () => {
  const host = new EpochsOfA()
  const [leading, last] = [new Replica(orders), new Replica(orders)]
  host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, leading)
  host.epochs.onEpoch(ledgerOf('gossip', 2, { [b]: 5 }), nodes, undefined)
  host.epochs.onEpoch(ledgerOf('leader', 3, { [b]: 9 }), nodes, last)
  const chain = host.epochs.all('orders')
  const [, , between] = chain
  const kept: (readonly (Replica | undefined)[])[] = []
  host.time += orders.retention.ageMs
  for (const reads of [undefined, leading, between, last]) {
    host.reads = reads
    host.epochs.onSecond()
    kept.push(host.epochs.all('orders'))
  }
  assert.deepEqual(kept, [chain, [leading, between, last], [between, last], [last]])
})

test('an ended epoch of which nothing is here stays as long as retention lets others hold it', () => {
  const host = new EpochsOfA()
  const [leading, last] = [new Replica(orders), new Replica(orders)]
  host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, leading)
  host.time += orders.retention.ageMs
  host.epochs.onEpoch(ledgerOf('gossip', 2, { [b]: 5 }), nodes, undefined)
  host.epochs.onEpoch(ledgerOf('leader', 3, { [b]: 9 }), nodes, last)
  const between = host.epochs.next(leading)
  host.reads = last
  host.epochs.onSecond()
  assert.deepEqual(host.epochs.all('orders'), [between, last])
  host.time += orders.retention.ageMs - 1
  host.epochs.onSecond()
  assert.deepEqual(host.epochs.all('orders'), [between, last])
  host.time++
  host.epochs.onSecond()
  assert.deepEqual(host.epochs.all('orders'), [last])
})

test('of an epoch that is over, and was forgotten, whoever comes late is told what is gone, and nothing once the stream is removed', () => {
  const host = new EpochsOfA()
  host.publish(1)
  const leading = new Replica(orders)
  host.epochs.onEpoch(ledgerOf('leader', 1, { [a]: 1 }), nodes, leading)
  host.reads = leading
  host.time += orders.retention.ageMs
  host.epochs.onSecond()
  assert.deepEqual(host.epochs.all('orders'), [leading])
  // What had surely been published when the interest began, which is older than the message: nobody is told of that.
  const message = { kind: 'interest', stream: host.first.id, wanted: true, ageMs: host.time } as const
  const answered = (): unknown => {
    const effects = host.agent.handle({ kind: 'message', from: B, message }, host.time)
    return effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'holdings' ? effect.message.holdings : [],
    )
  }
  const holding = { node: A, boot: a, first: 0, last: 0 }
  assert.deepEqual(answered(), [{ ...holding, base: 0 }])
  host.epochs.remove('orders')
  assert.deepEqual(answered(), [{ ...holding, last: 1, base: 1 }])
})

test('the epochs of a stream share its retention: what is held of the last one is kept, and of those before what it leaves', () => {
  const host = new EpochsOfA()
  const leading = new Replica({ ...orders, retention: { bytes: 300_000, ageMs: 60_000 } })
  host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, leading)
  const bytesFor = (held: number): readonly number[] => {
    leading.bytes = held
    host.epochs.onSecond()
    return [host.first, leading].map(({ definition }) => definition.retention.bytes)
  }
  assert.deepEqual(bytesFor(100_000), [200_000, 300_000])
  // Whoever still reads in it gets on.
  assert.deepEqual(bytesFor(290_000), [streamLimits.retentionBytesMin, 300_000])
  assert.equal(host.first.definition.retention.ageMs, 60_000)
})

test('for what this node has published behind the fence, and has no more, stand gaps', () => {
  const host = new EpochsOfA()
  host.first.definition = { ...orders, mode: 'gossip', retention: { bytes: 1_000_000, ageMs: 1000 } }
  for (const from of [1, 2, 3]) host.publish(from)
  host.time = 2001
  host.agent.handle({ kind: 'tick' }, host.time)
  const begun = ledgerOf('leader', 1, { [a]: 1 })
  const [rest] = host.epochs.onEpoch(begun, nodes, new Replica(orders)) ?? []
  const [gap = new Uint8Array(0), ...more] = rest?.frames ?? []
  assert.deepEqual([isGap(gap), batchSequence(gap), batchCount(gap), more.length], [true, 2, 2, 0])
})

test('numbers that are gone behind a message have their time as well', () => {
  const host = new EpochsOfA()
  host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, new Replica(orders))
  const ledger = ledgerOf('gossip', 2, { [a]: 5 })
  host.epochs.onEpoch(ledger, nodes, undefined)
  const common = { at: 0, onPlaced: undefined }
  host.epochs.publishAgain(ledger, [{ frame: batchOf({ from: 6, texts: ['f'] }), to: 6, ...common }])
  host.time = 2000
  const [frame = new Uint8Array(0)] = encodeGap({ stream: ordersId, boot: a, from: 7, to: 9 })
  host.epochs.publishAgain(ledger, [{ frame, to: 9, ...common }])
  const own = host.epochs.all('orders').at(-1)?.originState(A, a, 0) ?? assert.fail('it has begun')
  assert.deepEqual([own.lastBefore(1500), own.lastBefore(3000)], [6, 9])
})

test('a gap is published again as nothing but its numbers', () => {
  const host = new EpochsOfA()
  host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, new Replica(orders))
  const ledger = ledgerOf('gossip', 2, { [a]: 5 })
  host.epochs.onEpoch(ledger, nodes, undefined)
  const [frame = new Uint8Array(0)] = encodeGap({
    stream: ordersId,
    boot: a,
    from: 4,
    to: 9,
  })
  const next = { frame: batchOf({ from: 10, texts: ['j'] }), to: 10 }
  const common = { at: 0, onPlaced: undefined }
  host.epochs.publishAgain(ledger, [{ frame, to: 9, ...common }])
  const present = host.epochs.all('orders').at(-1)
  assert.ok(present)
  const own = present.originState(A, a, 0)
  // Whoever reads since before then is owed them, and told; what was before the epoch nobody is, nor who comes later.
  assert.deepEqual([own.lastBefore(0), own.lastBefore(host.time + 1)], [5, 9])
  host.epochs.publishAgain(ledger, [{ ...next, ...common }])
  assert.deepEqual([own.log.first?.from, own.log.last?.to, host.agent.nextSequence(present)], [10, 10, 11])
  assert.equal(own.isGivenUp(6), true)
})

test('what a floor stood for of an epoch in leader mode is gone, so that whoever reads in it is told, and goes on', () => {
  const host = new EpochsOfA()
  const leading = new Replica(orders)
  host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, leading)
  // The next that is heard of is the epoch after the next but one.
  host.epochs.onEpoch(ledgerOf('leader', 5, { [b]: 9 }), nodes, new Replica(orders))
  const feed = new LogFeed(leading, { kind: 'after', vector: new Map([[b, 4]]), others: 'zero' })
  const item = feed.next()
  assert.deepEqual([item?.kind, item?.from, item?.kind === 'gap' && item.to], ['gap', 5, 9])
  assert.ok(hasPassed(feed, leading.fence ?? new Map()))
})

test('an origin of an epoch that has ended is not forgotten before the epoch', () => {
  const host = new EpochsOfA()
  const stranger = 9 as Boot
  const more = new Map([...nodes, [stranger, B] as const])
  host.epochs.onEpoch(ledgerOf('leader', 1, { [stranger]: 0 }), more, new Replica(orders))
  host.agent.handle({ kind: 'tick' }, host.time + 100 * orders.retention.ageMs)
  assert.equal(host.first.origins.has(stranger), true)
})

test('of an origin that was forgotten nothing is asked for that this node had, nor what was before the epoch', () => {
  const host = new EpochsOfA()
  const [gone, older] = [8 as Boot, 9 as Boot]
  const more = new Map([...nodes, [gone, B], [older, B]] as const)
  host.first.forgotten.set(gone, 5)
  host.epochs.onEpoch(ledgerOf('leader', 1, { [gone]: 5, [older]: 0 }), more, new Replica(orders))
  host.epochs.onEpoch(ledgerOf('gossip', 2, { [gone]: 5, [older]: 7 }), more, undefined)
  const second = host.epochs.all('orders').at(-1)
  assert.ok(second)
  second.forget(older)
  host.epochs.onEpoch(ledgerOf('leader', 3, { [gone]: 5, [older]: 7 }), more, new Replica(orders))
  assert.deepEqual(
    host.inputs.filter(({ kind }) => kind === 'backfill'),
    [],
  )
  assert.equal(second.originState(B, older, 1000).position, 7)
})

test('a subscription that begins in an epoch that has ended is told what nobody has of it, and goes on', () => {
  const { broker } = createBroker()
  const value = { topics: ['orders.>'], mode: 'gossip', retention: orders.retention, copies: 0 }
  broker.handle({ kind: 'write', key: 'stream:orders', value })
  const next = new Replica(orders)
  broker.epochs.onEpoch(ledgerOf('leader', 1, { [b]: 4 }), nodes, next)
  const got: string[] = []
  const sink: SubscriberSink = {
    canTake: true,
    batch: () => void got.push('batch'),
    gap: (_replica, state, from, to) => void got.push(`${state.origin} ${from}-${to}`),
  }
  const common = {
    sub: 's',
    kind: 'client',
    patterns: ['orders.>'],
    name: undefined,
    resumes: false,
  } as const
  const cursor = new Map()
  const start = (replica: Replica): FeedStart => startAfter(cursor, replica)
  const subscriber = broker.subscribe(
    { ...common, sink, start, cursor, choose: epochAfter(cursor) },
    () => undefined,
  )
  const [ended] = broker.epochs.all('orders')
  assert.equal(ended && broker.agent.missing(ended), 4, 'B may have it')
  broker.handle({ kind: 'nodes', nodes: [A] })
  broker.handle({ kind: 'tick' })
  assert.deepEqual([got, subscriber.streams.includes(next)], [[`${ofB} 1-4`], true])
})

test('a stream that was removed while its group changes its mode is forgotten again', () => {
  const host = new EpochsOfA()
  host.epochs.remove('orders')
  host.removed.add('orders')
  host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, new Replica(orders))
  assert.equal(host.epochs.all('orders').length, 1)
  host.epochs.onSecond()
  assert.deepEqual(host.epochs.all('orders'), [])
})
