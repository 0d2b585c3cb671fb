// The epochs of a stream on one node: a sealed one delivers nothing more, it ends at its fence, and what lies behind that goes on.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Subscriber } from '../../node/broker/subscriber.ts'
import { toOrigin } from '../../node/core/common/ids.ts'
import { type OriginState, Replica } from '../../node/core/stream/replica.ts'
import type { Placed, Submission } from '../../node/leader/submissions.ts'
import {
  batchCount,
  batchFlag,
  batchOffset,
  batchSequence,
  batchStream,
} from '../../node/wire/batch-header.ts'
import { batchOf, orders, ordersId } from '../leader/leader-batches.ts'
import { A, a, B, b, EpochsOfA, gossip, ledgerOf, nodes, ofB } from './epochs-of-a.ts'
import { createBroker } from './test-broker.ts'

/** The sequences of batches. */
function rangesOf(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame) => `${batchSequence(frame)}-${batchSequence(frame) + batchCount(frame) - 1}`)
}

test('a sealed epoch takes what comes, delivers nothing more, and says what this node has', () => {
  const host = new EpochsOfA()
  host.receive(1, 2)
  assert.equal(host.stateOfB.position, 2)
  const sealed = host.epochs.onSealed(ledgerOf('gossip', 0, {}))
  host.receive(3, 2)
  host.receive(7, 2)
  assert.equal(host.stateOfB.position, 2)
  const { own, isInterested, held } = sealed.report()
  assert.deepEqual([sealed.next, own, isInterested], [1, 0, true])
  const ranges = [
    { from: 3, to: 4 },
    { from: 7, to: 8 },
  ]
  assert.deepEqual(held.get(ofB), { delivered: 2, ranges })
})

test('an epoch ends at its fence: what belongs to it is delivered, and what this node has published behind it goes on', () => {
  const host = new EpochsOfA()
  host.receive(1, 2)
  for (const from of [1, 2, 3]) host.publish(from)
  host.epochs.onSealed(ledgerOf('gossip', 0, {}))
  for (const from of [3, 5]) host.receive(from, 2)
  const next = new Replica(orders)
  const [rest, ...more] = host.epochs.onEpoch(ledgerOf('leader', 1, { [a]: 1, [b]: 4 }), nodes, next) ?? []
  assert.equal(host.stateOfB.position, 4)
  assert.deepEqual([rest?.node, rest?.boot, rest?.from, more], [A, a, 2, []])
  assert.deepEqual(rangesOf(rest?.frames ?? []), ['2-2', '3-3'])
  const [frame = new Uint8Array(0)] = rest?.frames ?? []
  assert.deepEqual([batchStream(frame), frame[batchOffset.flags]], [ordersId, batchFlag.submitted])
  assert.deepEqual([host.epochs.next(host.first), host.epochs.numberOf(next)], [next, 1])
})

test('what this node lacks of an epoch that has ended is asked for', () => {
  const host = new EpochsOfA()
  host.receive(1, 2)
  host.epochs.onSealed(ledgerOf('gossip', 0, {}))
  host.epochs.onEpoch(ledgerOf('leader', 1, { [a]: 0, [b]: 4 }), nodes, new Replica(orders))
  const asked = host.inputs.flatMap((input) =>
    input.kind === 'backfill' ? `${input.state.origin} ${input.from}-${input.to}` : input.kind,
  )
  assert.deepEqual(asked, [`${ofB} 3-4`])
})

test('an epoch that has begun is not begun again, by a floor that speaks of it too', () => {
  const host = new EpochsOfA()
  const next = new Replica(orders)
  host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, next)
  host.receive(1, 2)
  assert.deepEqual(host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, new Replica(orders)), undefined)
  assert.deepEqual(host.epochs.onEpoch(ledgerOf('gossip', 0, {}), nodes, undefined), undefined)
  assert.deepEqual(host.epochs.all('orders'), [host.first, next])
  assert.deepEqual(host.current, [next])
})

test('a stream begins in the epoch that the log says first, whatever mode the catalog has by now', () => {
  const host = new EpochsOfA()
  host.epochs.remove('orders')
  const leading = host.epochs.define(orders)
  assert.deepEqual(host.epochs.onEpoch(ledgerOf('gossip', 0, {}), nodes, undefined), [])
  assert.equal(host.epochs.onSealed(ledgerOf('gossip', 0, {})).next, 1)
  host.epochs.onEpoch(ledgerOf('leader', 1, { [b]: 4 }), nodes, leading)
  const chain = host.epochs.all('orders')
  assert.deepEqual(
    chain.map((replica) => [host.epochs.numberOf(replica), replica.definition.mode]),
    [
      [0, 'gossip'],
      [1, 'leader'],
    ],
  )
  assert.equal(chain[1], leading)
})

test('an epoch in gossip mode goes on with the numbers of the one before, under a number of its own', () => {
  const host = new EpochsOfA()
  host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, new Replica(orders))
  host.epochs.onEpoch(ledgerOf('gossip', 2, { [a]: 5, [b]: 9 }), nodes, undefined)
  const present = host.epochs.all('orders').at(-1)
  assert.ok(present)
  assert.notEqual(present.id, host.first.id)
  assert.equal(host.agent.nextSequence(present), 6)
  assert.equal(present.originState(B, b, 1000).position, 9)
})

/** A stream that was in leader mode, up to sequence 5 of this node, and is in gossip mode. `told`: what publishers hear of their places. */
function inGossipAgain(): {
  readonly host: EpochsOfA
  readonly ledger: ReturnType<typeof ledgerOf>
  readonly told: (Placed | undefined)[]
  readonly onPlaced: (placed: Placed | undefined) => void
} {
  const host = new EpochsOfA()
  host.epochs.onEpoch(ledgerOf('leader', 1, {}), nodes, new Replica(orders))
  const ledger = ledgerOf('gossip', 2, { [a]: 5 })
  host.epochs.onEpoch(ledger, nodes, undefined)
  const told: (Placed | undefined)[] = []
  return { host, ledger, told, onPlaced: (placed) => void told.push(placed) }
}

test('what had no place is published in the next epoch with the number that it has, and nothing that does not follow', () => {
  const { host, ledger, told, onPlaced } = inGossipAgain()
  const submission = (from: number, texts: readonly string[]): Submission => {
    return { frame: batchOf({ from, texts }), to: from + texts.length - 1, at: 0, onPlaced }
  }
  host.epochs.publishAgain(ledger, [submission(5, ['e']), submission(6, ['f', 'g']), submission(9, ['i'])])
  assert.deepEqual(told, [undefined, { epoch: 2, offset: 0 }, undefined])
  assert.deepEqual(host.publishedAgain, [7])
  const log = host.epochs.all('orders').at(-1)?.originState(A, a, 1000).log
  assert.deepEqual([log?.first?.from, log?.last?.to], [6, 7])
  const { frame } = log?.first ?? {}
  assert.ok(frame)
  assert.notEqual(batchStream(frame), ordersId, 'the number of the epoch, not of the stream')
})

test('what asks for copies, and goes on in gossip mode, is answered when it has them', () => {
  const { host, ledger, told, onPlaced } = inGossipAgain()
  const submission = (from: number): Submission => {
    return { frame: batchOf({ from }), to: from, at: 0, onPlaced, asksForCopies: true }
  }
  host.epochs.publishAgain(ledger, [submission(6), submission(7)])
  const published = host.inputs.flatMap((input) => (input.kind === 'publish' ? [input] : []))
  assert.deepEqual([published.map(({ confirm }) => confirm), told], [[true, true], []])
  for (const { frame } of published) assert.ok(((frame[batchOffset.flags] ?? 0) & batchFlag.confirm) !== 0)
  for (const [at, { token }] of published.entries()) host.confirmations.settle(token, at === 0)
  assert.deepEqual(told, [{ epoch: 2, offset: 0 }, undefined])
})

test('a subscriber goes on in the next epoch when it has everything up to the fence of the one before', () => {
  const { broker } = createBroker()
  const [before, next] = [new Replica(gossip), new Replica(orders)]
  const take = (replica: Replica, from: number, count: number): void => {
    const texts = Array.from({ length: count }, () => 'x')
    const frame = batchOf({ boot: b, from, texts, ...(replica === next ? { offset: from } : {}) })
    const state = replica.originState(B, b, 1000)
    replica.insert(state, { frame, from, count, confirm: false }, 1000)
    replica.advance(state)
  }
  before.setBase(before.originState(B, b, 1000), 0)
  before.setBase(before.originState(A, a, 1000), 7)
  next.setBase(next.originState(B, b, 1000), 4)
  take(before, 1, 2)
  take(next, 5, 1)
  before.endAt(new Map([[b, 4]]))
  const got: string[] = []
  const sink = {
    canTake: true,
    batch: (_replica: Replica, _state: OriginState, _frame: Uint8Array, from: number, to: number) =>
      void got.push(`${from}-${to}`),
    gap: () => void got.push('gap'),
  }
  const host = {
    ...{ ports: broker.ports, topicTables: broker.topicTables, backfill: () => undefined },
    nextEpoch: (replica: Replica) => (replica === before ? next : undefined),
  }
  const start = { kind: 'after', vector: new Map([[a, 7]]), others: 'zero' } as const
  const common = { sub: 's', kind: 'client', patterns: ['>'], name: undefined, resumes: false } as const
  const subscriber = new Subscriber(host, { ...common, sink, start: () => start })
  subscriber.addStream(before)
  subscriber.pump()
  assert.deepEqual(got, ['1-2'])
  take(before, 3, 2)
  subscriber.pump()
  assert.deepEqual(got, ['1-2', '3-4', '5-5'])
  assert.deepEqual([subscriber.streams, subscriber.delivered], [[next], 5])
  // Nobody but one origin has published in the next epoch.
  const others = before.originState(A, a, 1000)
  assert.deepEqual(
    subscriber.cursor(),
    new Map([
      [
        'orders',
        new Map([
          [toOrigin(B, b), 5],
          [others.origin, 7],
        ]),
      ],
    ]),
  )
})

test('a subscriber under which a stream was removed and made again does not go back, in whatever epoch it stands', () => {
  const { broker } = createBroker()
  const [removed, again, next] = [new Replica(gossip), new Replica(gossip), new Replica(orders)]
  const take = (replica: Replica, from: number, count: number): void => {
    const frame = batchOf({ boot: b, from, texts: Array.from({ length: count }, () => 'x') })
    const state = replica.originState(B, b, 1000)
    replica.setBase(state, from - 1)
    replica.insert(state, { frame, from, count, confirm: false }, 1000)
    replica.advance(state)
  }
  take(removed, 1, 2)
  take(again, 3, 2)
  again.endAt(new Map([[b, 4]]))
  const host = {
    ...{ ports: broker.ports, topicTables: broker.topicTables, backfill: () => undefined },
    nextEpoch: (replica: Replica) => (replica === again ? next : undefined),
  }
  const sink = { canTake: true, batch: () => undefined, gap: () => assert.fail('nothing is gone') }
  const common = { sub: 's', kind: 'client', patterns: ['>'], name: undefined, resumes: false } as const
  const start = () => ({ kind: 'after', vector: new Map([[b, 0]]), others: 'zero' }) as const
  const subscriber = new Subscriber(host, { ...common, sink, start })
  const stands = (): unknown => subscriber.cursor().get('orders')?.get(toOrigin(B, b))
  subscriber.addStream(removed)
  subscriber.pump()
  assert.equal(stands(), 2)
  subscriber.removeStream(removed)
  assert.equal(stands(), 2)
  subscriber.addStream(again, subscriber.lateStarts.startOn(again))
  subscriber.pump()
  assert.deepEqual([subscriber.streams, stands()], [[next], 4])
})
