// The gossip machine of one node: given a state, when an input, then exactly these messages and effects. Most of these
// are defects that the simulator found once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot, NodeId } from '../../../node/core/common/ids.ts'
import { b, boots, c, d, definition, holding, Machine } from './machine.ts'

test('answers an interest with its base and pushes what follows', () => {
  const machine = new Machine([b])
  machine.publish(3)
  assert.deepEqual(machine.wants(b), ['B: holdings answer 1:1-3@3'])
  assert.deepEqual(machine.publish(2), ['B: batch 1 4-5'])
})

test('goes on behind what a returning peer has', () => {
  const machine = new Machine([b])
  machine.wants(b)
  machine.publish(3)
  machine.down(b)
  machine.publish(2)
  machine.up(b)
  assert.deepEqual(machine.wants(b, 3), ['B: holdings answer 1:1-3@3', 'B: batch 1 4-5'])
})

test('sends to as many keepers as there are copies, and confirms when they hold it', () => {
  const machine = new Machine([b, c, d], [b, c, d], 2)
  const sent = machine.publish(2, 9)
  assert.equal(sent.length, 2)
  const keepers = sent.map((text) => text.slice(0, 1)) as NodeId[]
  const held = { kind: 'held', stream: machine.replica.id, boot: boots['A'] as Boot, from: 1, to: 2 } as const
  assert.deepEqual(machine.hear(keepers[0] as NodeId, held), [])
  assert.deepEqual(machine.hear(keepers[1] as NodeId, held), ['confirmed 9 true'])
})

test('does not count a peer as holder of what lies before its base', () => {
  const machine = new Machine([b, c], [b], 1)
  machine.down(b)
  assert.deepEqual(machine.publish(2, 9), [])
  machine.up(c)
  machine.wants(c, 2)
  assert.deepEqual(
    machine.hear(c, { kind: 'held', stream: machine.replica.id, boot: boots['A'] as Boot, from: 1, to: 2 }),
    ['confirmed 9 true'],
  )
})

test('ends a publication as unknown when copies do not come, and looks at those behind it', () => {
  const machine = new Machine([b])
  machine.publish(1, 1)
  machine.now += 10
  machine.publish(1, 2)
  machine.hear(b, { kind: 'held', stream: machine.replica.id, boot: boots['A'] as Boot, from: 2, to: 2 })
  assert.deepEqual(
    machine.tick(4995).filter((text) => text.startsWith('confirmed')),
    ['confirmed 1 false', 'confirmed 2 true'],
  )
})

test('confirms to a living origin only what it holds', () => {
  const machine = new Machine([b])
  assert.deepEqual(machine.hear(b, machine.batch(b, 1, 2, true)), ['B: held 2 1-2'])
  machine.tick(20_000)
  assert.deepEqual(machine.hear(b, machine.batch(b, 1, 2, true)), [])
})

test('asks the origin for a hole, and tells a gap when nobody has it', () => {
  const machine = new Machine([b, c])
  machine.interest()
  machine.hear(b, machine.holdings(true, holding(b, 0, 0, 0)))
  machine.hear(c, machine.holdings(true, holding(c, 0, 0, 0)))
  assert.deepEqual(machine.hear(b, machine.batch(b, 4, 2)), ['B: pull 1 2 1-3'])
  assert.deepEqual(machine.hear(b, { kind: 'pulled', id: 1, batches: 0, busy: false }), ['C: pull 2 2 1-3'])
  assert.deepEqual(machine.hear(c, { kind: 'pulled', id: 2, batches: 0, busy: false }), ['delivered'])
  assert.equal(machine.replica.origins.get(boots['B'] as Boot)?.position, 5)
  assert.equal(machine.agent.wantCount, 0)
})

test('does not take an answer for complete of which batches were lost', () => {
  const machine = new Machine([b])
  machine.interest()
  machine.hear(b, machine.holdings(true, holding(b, 0, 0, 0)))
  machine.hear(b, machine.batch(b, 4, 2))
  assert.deepEqual(machine.hear(b, { kind: 'pulled', id: 1, batches: 2, busy: false }), [])
  assert.deepEqual(
    machine.tick(100).filter((text) => text.includes('pull')),
    ['B: pull 2 2 1-3'],
  )
})

test('waits for a member out of reach as long as retention could let it hold what is missing', () => {
  const machine = new Machine([b, c, d], [c])
  machine.interest()
  assert.deepEqual(machine.hear(c, machine.holdings(true, holding(b, 3, 4, 0))), [
    'base B#2 0',
    'delivered',
    'C: pull 1 2 1-4',
    'interestKnown',
  ])
  machine.hear(c, machine.batch(b, 3, 2))
  machine.hear(c, { kind: 'pulled', id: 1, batches: 1, busy: false })
  machine.tick(8_000)
  assert.equal(machine.agent.wantCount, 1)
  machine.tick(1_100)
  assert.equal(machine.agent.wantCount, 0)
  assert.equal(machine.replica.delivered.length, 2)
})

test('remembers, when an origin goes down, what others said that they hold of it', () => {
  const machine = new Machine([b, c])
  machine.interest()
  machine.hear(b, machine.holdings(true, holding(b, 0, 0, 0)))
  machine.hear(c, machine.holdings(true, holding(b, 1, 5, 0)))
  assert.equal(machine.agent.wantCount, 0)
  assert.deepEqual(machine.down(b), ['C: pull 1 2 1-5'])
})

test('does not forget an origin while something of it is wanted', () => {
  const machine = new Machine([b, c], [c])
  machine.interest()
  machine.hear(c, machine.holdings(true, holding(b, 1, 5, 0)))
  machine.tick(100)
  assert.deepEqual(machine.hear(c, machine.batch(b, 1, 5)), ['delivered'])
})

test('does not forget an origin of which something is wanted, though it was last heard of long ago', () => {
  const machine = new Machine([b, c], [c])
  machine.interest()
  machine.hear(c, machine.holdings(true, holding(b, 1, 1, 1)))
  machine.tick(19_500)
  assert.deepEqual(machine.hear(c, machine.holdings(false, holding(b, 1, 5, 1))), ['C: pull 1 2 2-5'])
  machine.tick(600)
  assert.deepEqual(machine.hear(c, machine.batch(b, 2, 4)), ['delivered'])
})

test('sends a keeper again what may have died with its link', () => {
  const machine = new Machine([b])
  assert.deepEqual(machine.publish(2, 9), ['B: batch 1 1-2'])
  machine.down(b)
  assert.deepEqual(
    machine.up(b).filter((text) => text.includes('batch')),
    ['B: batch 1 1-2'],
  )
  const { replica } = machine
  const held = { kind: 'held', stream: replica.id, boot: boots['A'] as Boot, from: 1, to: 2 } as const
  assert.deepEqual(machine.hear(b, held), ['confirmed 9 true'])
})

test('notices lost holdings by the probe, and asks for all of them again', () => {
  const machine = new Machine([b])
  machine.interest()
  const { hash: catalogHash } = machine.agent.catalog
  const probe = { kind: 'probe', toldHash: 77, interestHash: 0, catalogHash } as const
  assert.deepEqual(machine.hear(b, probe), ['B: resync', 'B: interest true age 250 have undefined'])
  assert.deepEqual(machine.hear(b, { ...probe, toldHash: 0 }), [])
})

test('tells an interest that is not to wait for its answers as older, also one that has begun just now', () => {
  const machine = new Machine([b])
  assert.ok(machine.interest().includes('B: interest true age 0 have undefined'))
  machine.interest(false)
  const { agent, now, replica } = machine
  const late = agent.handle({ kind: 'interest', replica, wanted: true, since: now }, now)
  assert.ok(machine.show(late).includes('B: interest true age 250 have undefined'))
})

test('notices a lost interest by the probe and asks for all of them again', () => {
  const machine = new Machine([b])
  const probe = {
    kind: 'probe',
    toldHash: 0,
    interestHash: 77,
    catalogHash: machine.agent.catalog.hash,
  } as const
  assert.deepEqual(machine.hear(b, probe), ['B: resync'])
  machine.interest()
  assert.deepEqual(machine.hear(b, { kind: 'resync' }), ['B: interest true age 250 have undefined'])
})

test('tells how far it went when its messages expired before the link took them', () => {
  const machine = new Machine([b])
  machine.wants(b)
  machine.agent.handle({ kind: 'budget', peer: b, bytes: 0 }, machine.now)
  machine.publish(5)
  assert.ok(machine.tick(20_000).includes('B: holdings 1:0-5@0'))
})

test('hands a link no more than it takes, and the rest when it takes more', () => {
  const machine = new Machine([b])
  machine.wants(b)
  const budget = (bytes: number): string[] =>
    machine.show(machine.agent.handle({ kind: 'budget', peer: b, bytes }, machine.now))
  budget(150)
  assert.deepEqual(machine.publish(1), ['B: batch 1 1-1'])
  assert.deepEqual(machine.publish(1), ['B: batch 1 2-2'])
  assert.deepEqual(machine.publish(1), [])
  assert.deepEqual(machine.publish(1), [])
  assert.deepEqual(budget(1), ['B: batch 1 3-3'])
  assert.deepEqual(budget(1000), ['B: batch 1 4-4'])
})

test('goes on numbering after everything was dropped, and after its stream was removed', () => {
  const machine = new Machine([b])
  machine.publish(5)
  machine.tick(20_000)
  assert.equal(machine.agent.nextSequence(machine.replica), 6)
  machine.agent.undefine(machine.replica.id)
  assert.equal(machine.agent.nextSequence(machine.agent.define(definition)), 6)
})
