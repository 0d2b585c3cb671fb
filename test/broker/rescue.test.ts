// What is held behind the fence of an epoch comes into the one that it belongs to, once, whoever has published it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Rescue } from '../../node/broker/rescue.ts'
import { type Boot, type NodeId, type StreamId, toStreamId } from '../../node/core/common/ids.ts'
import { GossipAgent, type GossipInput } from '../../node/core/gossip/agent.ts'
import { Replica } from '../../node/core/stream/replica.ts'
import type { LeftOver } from '../../node/leader/epoch-host.ts'
import {
  batchCount,
  batchFlag,
  batchOffset,
  batchSequence,
  batchStream,
} from '../../node/wire/batch-header.ts'
import { isGap } from '../../node/wire/gap-batch.ts'
import { batchOf, orders, ordersId } from '../leader/leader-batches.ts'

const A = 'A' as NodeId
const B = 'B' as NodeId
const a = 1 as Boot
const b = 2 as Boot
const C = 'C' as NodeId
const c = 3 as Boot
/** Node B runs again. */
const other = 9 as Boot
const gossip = { ...orders, mode: 'gossip' } as const

/** Node A, which B was connected to, and C. */
class Host {
  readonly node = A
  readonly boot = a
  readonly agent: GossipAgent = new GossipAgent(A, a, [A, B, C])
  readonly allocate = (bytes: number): Uint8Array => new Uint8Array(bytes)
  readonly #clock = { now: 1000 }
  readonly now = (): number => this.#clock.now
  readonly saved: string[] = []
  readonly frames: Uint8Array[] = []
  readonly leader = {
    desk: {
      saveLeftOver: (name: string, rest: readonly LeftOver[]): void => {
        for (const { node, from, frames } of rest) {
          this.saved.push(`${name} ${node} ${from}: ${frames.map(rangeOf)}`)
          this.frames.push(...frames)
        }
      },
    },
  }
  readonly #rescue = new Rescue(this)

  handle(input: GossipInput): void {
    this.agent.handle(input, this.now())
  }

  /** Links to nodes come up, by the boots that run there. */
  reach(...boots: readonly (readonly [NodeId, Boot])[]): void {
    for (const [peer, boot] of boots) this.handle({ kind: 'peerUp', peer, boot, budget: 1_000_000 })
  }

  /** An epoch in gossip mode; `id`: the number that its batches carry. */
  epoch(id: StreamId = ordersId): Replica {
    return this.agent.define(gossip, id)
  }

  run(...chain: readonly Replica[]): readonly string[] {
    this.saved.length = 0
    this.#rescue.run(chain)
    return this.saved
  }

  /** Runs once a second; what was saved, and after how many seconds the first of it. */
  runFor(seconds: number, ...chain: readonly Replica[]): readonly [number, readonly string[]] {
    const saved: string[] = []
    let first = 0
    for (let second = 1; second <= seconds; second++) {
      this.#clock.now += 1000
      saved.push(...this.run(...chain))
      if (saved.length > 0) first ||= second
    }
    return [first, saved]
  }
}

function rangeOf(frame: Uint8Array): string {
  return `${batchSequence(frame)}-${batchSequence(frame) + batchCount(frame) - 1}`
}

/** Holds batches of two messages of B. */
function hold(replica: Replica, ...starts: readonly number[]): void {
  const state = replica.originState(B, b, 1000)
  for (const from of starts) {
    const frame = batchOf({ boot: b, from, texts: ['x', 'y'] })
    replica.insert(state, { frame, from, count: 2, confirm: false }, 1000)
  }
}

function held(replica: Replica): string[] {
  const { log } = replica.originState(B, b, 1000)
  const ranges: string[] = []
  for (let entry = log.first; entry !== undefined; entry = log.atOrAfter(entry.to + 1))
    ranges.push(`${entry.from}-${entry.to}`)
  return ranges
}

test('what is left over of another node is given to whoever gives places, once, up to the first hole', () => {
  const host = new Host()
  const [ended, present] = [host.epoch(), new Replica(orders)]
  hold(ended, 1, 3, 5, 9)
  ended.endAt(new Map([[b, 2]]))
  assert.deepEqual(host.run(ended, present), ['orders B 3: 3-4,5-6'])
  const [frame = new Uint8Array(0)] = host.frames
  assert.deepEqual([batchStream(frame), frame[batchOffset.flags]], [ordersId, batchFlag.submitted])
  assert.deepEqual(host.run(ended, present), [])
  // It came later, from its origin, which had not heard of the end.
  hold(ended, 7)
  assert.deepEqual(host.run(ended, present), ['orders B 7: 7-8,9-10'])
})

test('what has its place by another node’s help is not submitted, and what follows it is', () => {
  const host = new Host()
  const [ended, present] = [host.epoch(), new Replica(orders)]
  hold(ended, 1, 5)
  ended.endAt(new Map([[b, 2]]))
  assert.deepEqual(host.run(ended, present), [])
  present.setBase(present.originState(B, b, 1000), 4)
  assert.deepEqual(host.run(ended, present), ['orders B 5: 5-6'])
})

test('in every epoch in leader mode what has no place is submitted anew', () => {
  const host = new Host()
  const [ended, leading, again] = [host.epoch(), new Replica(orders), new Replica(orders)]
  hold(ended, 3, 5)
  ended.endAt(new Map([[b, 2]]))
  assert.deepEqual(host.run(ended, leading), ['orders B 3: 3-4,5-6'])
  leading.endAt(new Map([[b, 4]]))
  again.setBase(again.originState(B, b, 1000), 4)
  assert.deepEqual(host.run(ended, leading, again), ['orders B 5: 5-6'])
})

test('an epoch in gossip mode takes what is left over as if its origin had sent it, under its own number, up to the first hole', () => {
  const host = new Host()
  const [ended, present] = [host.epoch(), host.epoch(toStreamId('orders#1'))]
  const state = present.originState(B, b, 1000)
  present.setBase(state, 2)
  hold(ended, 1, 3, 7)
  ended.endAt(new Map([[b, 2]]))
  assert.deepEqual(host.run(ended, present), [])
  assert.deepEqual([held(present), state.position, state.heldTo], [['3-4'], 4, 4])
  assert.equal(batchStream(state.log.first?.frame ?? new Uint8Array(0)), present.id)
  const { insertedBytes } = present
  host.run(ended, present)
  assert.equal(present.insertedBytes, insertedBytes)
  // Another node has brought what lies between.
  hold(present, 5)
  host.run(ended, present)
  assert.deepEqual(held(present), ['3-4', '5-6', '7-8'])
})

test('each epoch gets what belongs to it, also one that has ended', () => {
  const host = new Host()
  const ended = host.epoch()
  const between = host.epoch(toStreamId('orders#1'))
  const [leading, present] = [new Replica(orders), host.epoch(toStreamId('orders#3'))]
  hold(ended, 3, 5, 7, 9)
  ended.endAt(new Map([[b, 2]]))
  between.endAt(new Map([[b, 4]]))
  leading.endAt(new Map([[b, 6]]))
  assert.deepEqual(host.run(ended, between, leading, present), [])
  assert.deepEqual([held(between), held(present)], [['3-4'], ['7-8', '9-10']])
})

test('nothing is taken into an epoch that is sealed, nor twice of this node’s own messages', () => {
  const host = new Host()
  const [ended, present] = [host.epoch(), host.epoch(toStreamId('orders#1'))]
  hold(ended, 3)
  const frame = batchOf({ boot: a, from: 1, texts: ['own'] })
  host.handle({ kind: 'publish', replica: ended, frame, count: 1, confirm: false, token: 0 })
  ended.endAt(new Map([[b, 2]]))
  present.freeze()
  host.run(ended, present)
  assert.deepEqual([held(present), present.messages], [[], 0])
  present.fence = undefined
  host.run(ended, present)
  assert.deepEqual([held(present), present.messages], [['3-4'], 2])
})

test('what a node that is gone has left behind a hole waits while somebody could hold what is in it', () => {
  const orderOf = (host: Host): [Replica, Replica] => {
    const [ended, present] = [host.epoch(), new Replica(orders)]
    hold(ended, 1, 5)
    ended.endAt(new Map([[b, 2]]))
    return [ended, present]
  }
  const gone = ['orders B 3: 3-4,5-6']
  const restarted = new Host()
  restarted.reach([B, other], [C, c])
  assert.deepEqual(restarted.runFor(10, ...orderOf(restarted)), [6, gone])
  assert.ok(isGap(restarted.frames[0] ?? new Uint8Array(0)))
  // It runs, and will say itself what it has.
  const running = new Host()
  running.reach([B, b], [C, c])
  assert.deepEqual(running.runFor(100, ...orderOf(running)), [0, []])
  // Another node is away, until retention has passed.
  const away = new Host()
  away.reach([B, other])
  assert.deepEqual(away.runFor(100, ...orderOf(away)), [orders.retention.ageMs / 1000 + 1, gone])
})

test('behind such a hole an epoch in gossip mode takes what there is, and its own rule for gaps says what is missing', () => {
  const host = new Host()
  host.reach([B, other], [C, c])
  const [ended, present] = [host.epoch(), host.epoch(toStreamId('orders#1'))]
  present.setBase(present.originState(B, b, 1000), 2)
  hold(ended, 1, 5)
  ended.endAt(new Map([[b, 2]]))
  host.runFor(5, ended, present)
  assert.deepEqual(held(present), [])
  host.runFor(2, ended, present)
  assert.deepEqual(held(present), ['5-6'])
  assert.equal(host.agent.missing(present), 2, 'the others are asked')
})
