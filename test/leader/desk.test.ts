// Where batches wait for their place: to whom they go, and what becomes of them when that changes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Boot, type NodeId, toOrigin } from '../../node/core/common/ids.ts'
import { decodeControl } from '../../node/leader/control.ts'
import { type Route, SubmissionDesk } from '../../node/leader/desk.ts'
import { Ledger } from '../../node/leader/ledger.ts'
import { leaderLimits } from '../../node/leader/limits.ts'
import { Numbering } from '../../node/leader/numbering.ts'
import {
  batchCount,
  batchFlag,
  batchOffset,
  batchPlace,
  batchSequence,
  frameType,
} from '../../node/wire/batch-header.ts'
import { isGap } from '../../node/wire/gap-batch.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'
import { batchOf, orders, ordersId, textsOf } from './leader-batches.ts'

const A = 'A' as NodeId
const B = 'B' as NodeId

class Host {
  now = 1000
  route: Route | undefined
  /** Frames that wait on the link, as they were handed to it. */
  readonly sent: Uint8Array[] = []
  readonly ledger: Ledger = new Ledger()
  readonly placed: Uint8Array[] = []
  readonly heard: string[] = []
  readonly desk: SubmissionDesk = new SubmissionDesk({
    ...{ node: A, boot: 1 as Boot, timeoutMs: 5000, limits: leaderLimits },
    slabs: new CountedSlabs(smallWipedSlabs),
    ports: {
      now: () => this.now,
      allocate: (bytes) => new Uint8Array(bytes).fill(0xab),
      sendFrame: (_node, frame) => this.sent.push(frame),
      queuedBytes: () => 0,
    },
    routeOf: () => this.route,
  })

  /** This node leads from now on. */
  lead(): void {
    const numbering = new Numbering(this.ledger, (command) => {
      if (command.op === 'batch') this.placed.push(command.frame)
    })
    this.route = { kind: 'here', numbering, ledger: this.ledger, definition: orders }
    this.desk.sendAgain(() => true)
  }

  add(...texts: readonly string[]): void {
    for (const text of texts) {
      const frame = batchOf({ from: this.desk.own(ordersId).next, texts: [text] })
      this.desk.add(ordersId, frame, (placed) => this.heard.push(`${text} ${placed?.offset}`))
    }
  }
}

const placesOf = (frames: readonly Uint8Array[]): string[] =>
  frames.map((frame) => `${textsOf(frame).join()} at ${batchPlace(frame)}`)

test('what comes while nobody gives places goes to the first who does', () => {
  const host = new Host()
  host.add('a', 'b')
  assert.deepEqual([host.sent, host.placed], [[], []])
  host.route = { kind: 'node', node: B }
  host.desk.goOn()
  assert.deepEqual(host.sent.map(textsOf), [['a'], ['b']])
  assert.ok(host.sent.every((frame) => ((frame[batchOffset.flags] ?? 0) & batchFlag.submitted) !== 0))
})

test('a frame that waits on a link is not written to when this node gives the places itself', () => {
  const host = new Host()
  host.route = { kind: 'node', node: B }
  host.add('a', 'b')
  const before = host.sent.map((frame) => new Uint8Array(frame))
  host.lead()
  assert.deepEqual(placesOf(host.placed), ['a at 1', 'b at 2'])
  assert.deepEqual(host.sent, before)
  assert.ok(host.placed.every((frame) => ((frame[batchOffset.flags] ?? 0) & batchFlag.submitted) === 0))
})

test('whoever waits hears of the place, and nobody else does', () => {
  const host = new Host()
  host.add('a')
  host.desk.onPlaced(batchOf({ boot: 2, from: 1, offset: 4 }), host.ledger)
  host.desk.onPlaced(batchOf({ from: 1, offset: 5 }), host.ledger)
  assert.deepEqual([host.heard, host.desk.waitingBytes(ordersId)], [['a 5'], 0])
})

test('of what a floor stands for nobody here knows the place', () => {
  const host = new Host()
  host.add('a', 'b', 'c')
  const stream = { definition: orders, epoch: 1, isSealing: false, last: 9 }
  host.ledger.streams.set(ordersId, { ...stream, sequences: new Map([[1 as Boot, 2]]) })
  host.desk.onRestored(host.ledger)
  assert.deepEqual(host.heard, ['a undefined', 'b undefined'])
  assert.ok(host.desk.waitingBytes(ordersId) > 0)
})

test('what was left over of an epoch goes before what has come since, also of another origin', () => {
  const host = new Host()
  host.desk.own(ordersId, 3)
  host.add('c')
  const frames = [1, 2].map((from) => batchOf({ from, texts: [`${from}`] }))
  const other = [batchOf({ boot: 2, from: 6, texts: ['six'] })]
  host.desk.addLeftOver('orders', [
    { node: A, boot: 1 as Boot, from: 1, frames },
    { node: B, boot: 2 as Boot, from: 6, frames: other },
  ])
  host.route = { kind: 'node', node: B }
  host.desk.goOn()
  assert.deepEqual(
    host.sent.map((frame) => (frame[0] === frameType.batch ? batchSequence(frame) : decodeControl(frame, A))),
    [1, 2, 3, { op: 'origin', stream: 'orders', origin: toOrigin(B, 2 as Boot) }, 6],
  )
})

test('what goes another way is taken out in order, and nobody is told anything for that', () => {
  const host = new Host()
  host.add('a', 'b')
  const taken = host.desk.takeAll(ordersId)
  assert.deepEqual(
    taken.map(({ frame }) => textsOf(frame).join()),
    ['a', 'b'],
  )
  assert.deepEqual([host.heard, host.desk.waitingBytes(ordersId)], [[], 0])
})

test('who waits on a stream that is forgotten hears that nobody knows', () => {
  const host = new Host()
  host.add('a')
  host.desk.forget(ordersId, 0, 0)
  assert.deepEqual(host.heard, ['a undefined'])
})

/** First and last sequence of each frame that was sent, and whether it stands for what is gone. */
function sentOf({ sent }: Host): [number, number, boolean][] {
  return sent.map((frame) => {
    const from = batchSequence(frame)
    return [from, from + batchCount(frame) - 1, isGap(frame)]
  })
}

test('numbers that were given before a stream was removed are used up, and the group gets gaps for them', () => {
  const host = new Host()
  host.desk.own(ordersId, 4)
  host.add('a', 'b')
  host.desk.forget(ordersId, 3, 0)
  host.route = { kind: 'node', node: B }
  host.add('c')
  assert.deepEqual(sentOf(host), [
    [4, 5, true],
    [6, 6, false],
  ])
})

test('so are those that were given in gossip mode, behind what the group has', () => {
  const host = new Host()
  host.desk.forget(ordersId, 3, 7)
  host.route = { kind: 'node', node: B }
  host.add('c')
  assert.deepEqual(sentOf(host), [
    [4, 7, true],
    [8, 8, false],
  ])
})

test('what waits is forgotten with its memory, also where the stream is removed twice, and its numbers are not', () => {
  const host = new Host()
  host.add('a', 'b')
  host.desk.forget(ordersId, 0, 0)
  host.add('c')
  host.desk.forget(ordersId, 0, 2)
  assert.deepEqual(host.heard, ['a undefined', 'b undefined', 'c undefined'])
  assert.equal(host.desk.waitingBytes(ordersId), 0)
  host.lead()
  host.add('d')
  assert.deepEqual(
    host.placed.map((frame) => [batchSequence(frame), batchCount(frame), batchPlace(frame)]),
    [
      [1, 3, 0],
      [4, 1, 1],
    ],
  )
})
