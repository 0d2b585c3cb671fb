// What a node does when an epoch is sealed, and when one begins: it says what it has until it is heard, and what waits goes on.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { StreamMode } from '../../node/core/stream/definition.ts'
import type { Control } from '../../node/leader/control.ts'
import type { DataMachine } from '../../node/leader/data-machine.ts'
import { type Route, SubmissionDesk } from '../../node/leader/desk.ts'
import type { EpochHost, LeftOver } from '../../node/leader/epoch-host.ts'
import type { StreamLedger } from '../../node/leader/ledger.ts'
import { leaderLimits } from '../../node/leader/limits.ts'
import { Phases } from '../../node/leader/phases.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'
import { batchOf, orders, ordersId, textsOf } from './leader-batches.ts'

const A = 'A' as NodeId
const boot = 1 as Boot

/** Node A, with what it has of the epoch, what others are told, and what goes into the next epoch. */
class Host {
  route: Route | undefined
  /** The last sequence that this node has numbered in gossip mode. */
  own = 0
  leftOver: readonly LeftOver[] = []
  /** What was said to the leader on another node, and to this node while it leads. */
  readonly told: string[] = []
  readonly heard: string[] = []
  isLeading = false
  readonly sent: Uint8Array[] = []
  readonly publishedAgain: string[] = []
  readonly desk: SubmissionDesk = new SubmissionDesk({
    ...{ node: A, boot, timeoutMs: 5000, limits: leaderLimits, slabs: new CountedSlabs(smallWipedSlabs) },
    ports: {
      now: () => 1000,
      allocate: (bytes) => new Uint8Array(bytes),
      sendFrame: (_node, frame) => this.sent.push(frame),
      queuedBytes: () => 0,
    },
    routeOf: () => this.route,
  })
  readonly #epochs: EpochHost = {
    onSealed: () => {
      const held = new Map()
      return {
        next: this.own + 1,
        report: () => ({ node: A, boot, own: this.own, isInterested: true, held }),
      }
    },
    onEpoch: () => this.leftOver,
    publishAgain: (_stream, submissions) => {
      for (const { frame } of submissions) this.publishedAgain.push(...textsOf(frame))
    },
  }
  readonly phases: Phases = new Phases({
    epochs: this.#epochs,
    desk: this.desk,
    machineOf: () => {
      const onReport = (_stream: string, epoch: number, { own }: { readonly own: number }): void =>
        void this.heard.push(`${epoch}: ${own}`)
      return { switching: this.isLeading ? { onReport } : undefined } as unknown as DataMachine
    },
    tellLeader: (_stream, control) => void this.told.push(textOf(control)),
  })

  phase(mode: StreamMode, epoch: number, isSealing = false): void {
    const stream: StreamLedger = {
      ...{ definition: { ...orders, mode }, epoch, isSealing, last: 0 },
      sequences: new Map(),
    }
    this.phases.onPhase(stream, new Map(), new Map())
  }

  /** Publishes in leader mode. */
  publish(...texts: readonly string[]): void {
    for (const text of texts)
      this.desk.add(ordersId, batchOf({ from: this.desk.own(ordersId).next, texts: [text] }), undefined)
  }

  get sentTexts(): string[] {
    return this.sent.flatMap(textsOf)
  }
}

function textOf(control: Control): string {
  return control.op === 'sealed' ? `${control.epoch}: ${control.report.own}` : control.op
}

test('what a node has of a sealed epoch is told at once, and again with every tick until the next one begins', () => {
  const host = new Host()
  host.phase('gossip', 0, true)
  host.own = 2
  host.phases.tick()
  assert.deepEqual(host.told, ['0: 0', '0: 2'])
  host.phase('leader', 1)
  host.phases.tick()
  assert.equal(host.told.length, 2)
})

test('a node that leads tells itself, and whoever leads next', () => {
  const host = new Host()
  host.isLeading = true
  host.phase('gossip', 4, true)
  host.isLeading = false
  host.phases.report(() => false)
  host.phases.report(() => true)
  assert.deepEqual([host.heard, host.told], [['4: 0'], ['4: 0']])
})

test('publishers number on behind what was numbered before the seal', () => {
  const host = new Host()
  host.own = 7
  host.phase('gossip', 0, true)
  assert.equal(host.desk.own(ordersId).next, 8)
})

test('what is left over of an epoch goes into the next one first, and then what has waited meanwhile', () => {
  const host = new Host()
  host.own = 2
  host.phase('gossip', 0, true)
  host.publish('c', 'd')
  host.route = { kind: 'node', node: 'B' as NodeId }
  const frames = ['a', 'b'].map((text, at) => batchOf({ from: at + 1, texts: [text] }))
  host.leftOver = [{ node: A, boot, from: 1, frames }]
  host.phase('leader', 1)
  assert.deepEqual(host.sentTexts, ['a', 'b', 'c', 'd'])
})

test('what was sent to the leader before an epoch has begun is sent again when it has', () => {
  const host = new Host()
  host.route = { kind: 'node', node: 'B' as NodeId }
  host.phase('gossip', 0, true)
  host.publish('a')
  assert.deepEqual(host.sentTexts, ['a'], 'it gets no place yet')
  host.phase('leader', 1)
  assert.deepEqual(host.sentTexts, ['a', 'a'])
})

test('what has no place when an epoch in gossip mode begins is published in it, in its order', () => {
  const host = new Host()
  host.phase('leader', 1)
  host.publish('a', 'b')
  host.phase('gossip', 2)
  assert.deepEqual(host.publishedAgain, ['a', 'b'])
  assert.equal(host.desk.waitingBytes(ordersId), 0)
})

test('what is left over when an epoch in gossip mode follows is published in that, before what waits', () => {
  const host = new Host()
  host.desk.own(ordersId, 3)
  host.publish('c')
  host.leftOver = [{ node: A, boot, from: 1, frames: [batchOf({ from: 1, texts: ['a', 'b'] })] }]
  host.phase('gossip', 2)
  assert.deepEqual(host.publishedAgain, ['a', 'b', 'c'])
})

test('a node that has heard of no seal numbers on behind what is left over', () => {
  const host = new Host()
  host.leftOver = [{ node: A, boot, from: 1, frames: [batchOf({ from: 1, texts: ['a', 'b'] })] }]
  host.phase('leader', 1)
  assert.equal(host.desk.own(ordersId).next, 3)
})

test('a node that hears of an epoch only when that is sealed goes on in it first', () => {
  const host = new Host()
  host.leftOver = [{ node: A, boot, from: 1, frames: [batchOf({ from: 1, texts: ['a', 'b'] })] }]
  host.phase('gossip', 4, true)
  assert.deepEqual(host.publishedAgain, ['a', 'b'])
  assert.deepEqual(host.told, ['4: 0'])
})
