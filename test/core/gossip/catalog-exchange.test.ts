// How the catalog spreads between nodes: in messages that fit a frame, up to its limit, and not for ever.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { protocolLimits } from '../../../node/core/common/limits.ts'
import { type CatalogEntry, catalogEntriesMax } from '../../../node/core/gossip/catalog.ts'
import type { GossipEffect } from '../../../node/core/gossip/context.ts'
import { encodePeerText } from '../../../node/wire/peer-codec.ts'
import { b, boots, c, d, Machine } from './machine.ts'

const cursor = 'v1.eyJvcmRlcnMiOnsiQSMxIjoxMDAwMDAsIkIjMiI6MTAwMDAwfX0'

function cursors(count: number): CatalogEntry[] {
  return [...Array(count).keys()].map((index) => ({
    key: `cursor:subscription-${index}`,
    value: { cursor, claim: 1 },
    version: 1,
    by: b,
  }))
}

function counted(effects: readonly GossipEffect[]): number {
  let refused = 0
  for (const effect of effects) {
    if (effect.kind === 'count' && effect.counter === 'catalogEntriesRefused') refused += effect.by
  }
  return refused
}

function probe(machine: Machine, catalogHash: number): string[] {
  const message = { kind: 'probe', toldHash: 0, interestHash: 0, catalogHash } as const
  return machine.hear(b, message).filter((text) => text === 'B: catalog')
}

test('tells a full catalog in messages that fit a frame', () => {
  const machine = new Machine([b, c], [c])
  for (const { key, value } of cursors(12_000)) {
    machine.agent.handle({ kind: 'write', key, value }, machine.now)
  }
  const effects = machine.agent.handle(
    { kind: 'peerUp', peer: b, boot: boots['B'] ?? fail(), budget: 1 },
    2000,
  )
  const sizes = effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'catalog'
      ? [Buffer.byteLength(encodePeerText(effect.message))]
      : [],
  )
  assert.ok(sizes.length > 3, `${sizes.length} messages`)
  assert.ok(Math.max(...sizes) < protocolLimits.frameBytesMax / 3, `${Math.max(...sizes)} bytes`)
})

test('refuses and counts new keys beyond the limit, written here or elsewhere, and keeps room for streams', () => {
  const machine = new Machine([b])
  const { agent } = machine
  const heard = agent.handle(
    { kind: 'message', from: b, message: { kind: 'catalog', entries: cursors(9001) } },
    1000,
  )
  assert.equal(counted(heard), 1)
  const write = (key: string): number =>
    counted(agent.handle({ kind: 'write', key, value: { claim: 2 } }, 1000))
  assert.equal(write('cursor:new'), 1)
  assert.equal(agent.catalog.hasRoomFor('cursor:new'), false)
  assert.equal(agent.catalog.get('cursor:new'), undefined)
  assert.equal(write('cursor:subscription-0'), 0)
  for (let stream = 0; stream < 1000; stream++) assert.equal(write(`stream:${stream}`), 0)
  assert.equal(write('stream:new'), 1)
  assert.equal([...agent.catalog.entries()].length, catalogEntriesMax)
})

test('tells everything again ever more rarely to a peer that never agrees, and at once when something changes', () => {
  const machine = new Machine([b])
  let tells = 0
  for (let second = 0; second < 1000; second++) tells += probe(machine, 77).length
  assert.ok(tells >= 4 && tells < 16, `${tells} tells`)
  assert.equal(probe(machine, 77).length, 0)
  assert.equal(probe(machine, 78).length, 1)
})

const confirmed = (texts: readonly string[]): string[] => texts.filter((text) => text.startsWith('confirmed'))

function ask(machine: Machine, token: number): string[] {
  return machine.show(machine.agent.handle({ kind: 'ask', token }, machine.now))
}

test('who asks all peers has what they know when they have answered, and waits for nobody who is not in reach', () => {
  const machine = new Machine([b, c, d], [b, c])
  assert.deepEqual(ask(machine, 7), ['B: catalog', 'C: catalog'])
  assert.equal(machine.agent.hasDeadlines, true)
  const entries = [{ key: 'stream:new', value: { claim: 1 }, version: 3, by: b }]
  assert.deepEqual(confirmed(machine.hear(b, { kind: 'catalog', entries, answers: 7 })), [])
  assert.deepEqual(confirmed(machine.hear(c, { kind: 'catalog', entries, answers: 6 })), [])
  assert.deepEqual(confirmed(machine.hear(c, { kind: 'catalog', entries: [], answers: 7 })), [
    'confirmed 7 true',
  ])
  assert.equal(machine.agent.catalog.get('stream:new')?.version, 3)
  assert.equal(machine.agent.hasDeadlines, false)
})

test('who is alone, whose peers leave, or who gets no answer within two seconds, goes on with what there is', () => {
  assert.deepEqual(ask(new Machine([b], []), 1), ['confirmed 1 true'])
  const machine = new Machine([b, c])
  ask(machine, 1)
  assert.deepEqual(confirmed(machine.down(b)), [])
  assert.deepEqual(confirmed(machine.down(c)), ['confirmed 1 true'])
  machine.up(b)
  ask(machine, 2)
  assert.deepEqual(confirmed(machine.tick(1999)), [])
  assert.deepEqual(confirmed(machine.tick(1)), ['confirmed 2 true'])
  assert.equal(machine.agent.hasDeadlines, false)
})

test('answers whoever asks with everything, at the end of which is the number, or with that alone where nothing differs', () => {
  const machine = new Machine([b])
  for (const { key, value } of cursors(4000)) machine.agent.handle({ kind: 'write', key, value }, 1000)
  const answersTo = (hash: number): (number | undefined)[] => {
    const message = { kind: 'catalog', entries: [], asks: { id: 9, hash } } as const
    const effects = machine.agent.handle({ kind: 'message', from: b, message }, 1000)
    return effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'catalog' ? [effect.message.answers] : [],
    )
  }
  assert.deepEqual(answersTo(machine.agent.catalog.hash), [9])
  assert.deepEqual(answersTo(0), [undefined, undefined, 9])
})

function fail(): never {
  throw new Error('no such node')
}
