// The leader's part in a change of the mode: an epoch ends when it is known where, once, and nobody holds that up for good.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Boot, type NodeId, type Origin, toOrigin } from '../../node/core/common/ids.ts'
import type { StreamMode } from '../../node/core/stream/definition.ts'
import type { Command } from '../../node/leader/command.ts'
import type { Held, SealReport } from '../../node/leader/fence.ts'
import { Ledger } from '../../node/leader/ledger.ts'
import { Numbering } from '../../node/leader/numbering.ts'
import { Switching } from '../../node/leader/switching.ts'
import { batchOf, orders, ordersId } from './leader-batches.ts'

const nodes = ['A', 'B', 'C'] as NodeId[]
const originOf = (node: string): Origin => toOrigin(node as NodeId, bootOf(node))
const bootOf = (node: string): Boot => (nodes.indexOf(node as NodeId) + 1) as Boot

/** The leader of the group of one stream, whose ledger a test advances. */
class Leader {
  readonly ledger: Ledger
  readonly down = new Set<string>()
  now = 10_000
  numbering: Numbering
  switching: Switching
  #commands: Command[] = []

  constructor(ledger: Ledger = new Ledger()) {
    this.ledger = ledger
    const propose = (command: Command): void => void this.#commands.push(command)
    this.numbering = new Numbering(ledger, propose)
    this.switching = new Switching({
      ...{ ledger, numbering: this.numbering, propose, nodes: () => nodes },
      isUp: (node) => !this.down.has(node),
      now: () => this.now,
    })
  }

  wish(mode: StreamMode, epoch: number): void {
    this.switching.onWish({ ...orders, mode }, epoch)
  }

  /** A member says that it has numbered so much, and what it has of others. */
  report(node: string, own: number, held: Readonly<Record<string, number>> = {}, epoch = 0): void {
    const parts = Object.entries({ ...held, [node]: own }).map(([origin, delivered]): [Origin, Held] => {
      return [originOf(origin), { delivered, ranges: [] }]
    })
    const report: SealReport = {
      ...{ node: node as NodeId, boot: bootOf(node), own },
      ...{ isInterested: true, held: new Map(parts) },
    }
    this.switching.onReport(orders.name, epoch, report)
  }

  /** Time passes. */
  wait(ms: number): void {
    this.now += ms
    this.switching.tick()
  }

  /** What was proposed since the last call, as text. */
  take(): string[] {
    const commands = this.#commands
    this.#commands = []
    return commands.map(textOf)
  }

  /** Everything that was proposed is applied. Returns it as text. */
  apply(): string[] {
    for (const command of this.#commands) assert.ok(this.ledger.apply(command))
    return this.take()
  }
}

function textOf(command: Command): string {
  if (command.op === 'batch' || command.op === 'origin' || command.op === 'time') return command.op
  const { op, epoch, definition } = command
  const fence = op === 'begin' ? [...command.fence].map(([origin, to]) => ` ${origin}:${to}`).join('') : ''
  return `${op} ${epoch} ${definition.mode}${fence}`
}

/** A leader whose stream is in epoch 0, which is sealed. */
function sealed(): Leader {
  const leader = new Leader()
  leader.wish('leader', 0)
  assert.deepEqual(leader.apply(), ['seal 0 gossip'])
  return leader
}

/** A leader whose stream is in epoch 1, in leader mode. */
function ordered(): Leader {
  const leader = new Leader()
  leader.ledger.apply({ op: 'begin', epoch: 1, definition: orders, fence: new Map() })
  return leader
}

test('a wish for the other mode begins the change once, however often it is said', () => {
  const leader = new Leader()
  leader.wish('gossip', 0)
  assert.deepEqual(leader.take(), [], 'it is in that mode already')
  leader.wish('leader', 0)
  leader.wish('leader', 0)
  assert.deepEqual(leader.apply(), ['seal 0 gossip'])
  leader.wish('leader', 0)
  assert.deepEqual(leader.take(), [])
})

test('a wish that speaks of another epoch than the present one changes nothing', () => {
  const leader = ordered()
  leader.wish('gossip', 0)
  leader.wish('gossip', 2)
  assert.deepEqual(leader.take(), [])
  leader.wish('gossip', 1)
  assert.deepEqual(leader.take(), ['begin 2 gossip'])
})

test('an epoch in leader mode ends at once, and gives no more places', () => {
  const leader = ordered()
  leader.numbering.submit('A' as NodeId, batchOf({ from: 1 }), undefined)
  leader.wish('gossip', 1)
  leader.numbering.submit('A' as NodeId, batchOf({ from: 2 }), undefined)
  assert.deepEqual(leader.apply(), ['origin', 'batch', 'begin 2 gossip'])
  assert.equal(leader.ledger.streams.get(ordersId)?.last, 1)
})

test('a stream that begins in leader mode goes to gossip mode also where nothing was published yet', () => {
  const leader = new Leader()
  leader.wish('gossip', 1)
  assert.deepEqual(leader.apply(), ['begin 1 leader', 'begin 2 gossip'])
})

test('an epoch in gossip mode ends when all members have said what they have, where they say', () => {
  const leader = sealed()
  leader.report('A', 4, { B: 7, C: 2 })
  leader.report('B', 7, { A: 4, C: 2 })
  leader.wait(100)
  assert.deepEqual(leader.take(), [])
  leader.report('C', 2, { A: 4, B: 7 })
  assert.deepEqual(leader.apply(), ['begin 1 leader B#2:7 C#3:2 A#1:4'])
})

test('a member whose link is down is waited for one second, and one that is slow for four', () => {
  const leader = sealed()
  leader.report('A', 4)
  leader.report('B', 7, { A: 4, C: 2 })
  leader.report('A', 4, { B: 7, C: 2 })
  leader.wait(3900)
  assert.deepEqual(leader.take(), [], 'C could still be heard')
  leader.down.add('C')
  leader.wait(0)
  assert.deepEqual(leader.apply(), ['begin 1 leader B#2:7 C#3:2 A#1:4'])

  const slow = sealed()
  slow.report('A', 4)
  slow.report('B', 0)
  slow.wait(4000)
  assert.deepEqual(slow.apply(), ['begin 1 leader A#1:4 B#2:0'])

  const hasty = sealed()
  hasty.down.add('C')
  hasty.report('A', 4)
  hasty.report('B', 0, { A: 4 })
  hasty.wait(900)
  assert.deepEqual(hasty.take(), [], 'a link that broke may be back')
  hasty.wait(100)
  assert.deepEqual(hasty.take(), ['begin 1 leader A#1:4 B#2:0'])
})

test('who lacks something before the fence is given a second to get it', () => {
  const leader = sealed()
  leader.report('A', 4)
  leader.report('B', 0, { A: 4 })
  leader.report('C', 0, { A: 3 })
  leader.wait(500)
  assert.deepEqual(leader.take(), [])
  leader.report('C', 0, { A: 4 })
  assert.equal(leader.apply().length, 1, 'now all have it')

  const other = sealed()
  other.report('A', 4)
  other.report('B', 0, { A: 4 })
  other.report('C', 0, { A: 3 })
  other.wait(1000)
  assert.equal(other.take().length, 1, 'the rest is asked for in the epoch that has ended')
})

test('the next epoch is proposed once, whoever speaks after that', () => {
  const leader = sealed()
  for (const node of nodes) leader.report(node, 0)
  assert.equal(leader.take().length, 1)
  leader.report('C', 0)
  leader.wait(5000)
  assert.deepEqual(leader.take(), [])
})

test('what a member had of another epoch says nothing of this one', () => {
  const leader = sealed()
  for (const node of nodes) leader.report(node, 0)
  leader.apply()
  leader.wish('gossip', 1)
  leader.apply()
  leader.wish('leader', 2)
  assert.deepEqual(leader.apply(), ['seal 2 gossip'])
  for (const each of [leader, new Leader(leader.ledger)]) {
    for (const node of nodes) each.report(node, 0, {}, 0)
    assert.deepEqual(each.take(), [])
    for (const node of nodes) each.report(node, 0, {}, 2)
    assert.deepEqual(each.take(), ['begin 3 leader A#1:0 B#2:0 C#3:0'])
  }
})

test('a change to leader mode is taken back while it is under way, and made again', () => {
  const leader = sealed()
  leader.wish('gossip', 0)
  for (const node of nodes) leader.report(node, 0)
  assert.deepEqual(leader.apply(), ['begin 1 gossip A#1:0 B#2:0 C#3:0'])

  const firm = sealed()
  firm.wish('gossip', 0)
  firm.wish('leader', 0)
  for (const node of nodes) firm.report(node, 0)
  assert.deepEqual(firm.apply(), ['begin 1 leader A#1:0 B#2:0 C#3:0'])
})

test('another leader goes on with an epoch that is sealed, from what members say again', () => {
  const { ledger } = sealed()
  const next = new Leader(ledger)
  next.wait(0)
  assert.deepEqual(next.take(), [])
  for (const node of nodes) next.report(node, 3, { A: 3, B: 3, C: 3 })
  assert.deepEqual(next.apply(), ['begin 1 leader A#1:3 B#2:3 C#3:3'])
})
