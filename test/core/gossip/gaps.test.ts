// What must not be told as a gap: what somebody in reach still holds, and what has just come in.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot, NodeId } from '../../../node/core/common/ids.ts'
import { Feed } from '../../../node/core/stream/feed.ts'
import { b, boots, c, d, definition, holding, Machine } from './machine.ts'

/** A feed on all that the stream has, and what it hands out now, as texts; what it asks for goes to the machine. */
function readFrom(machine: Machine): { readonly read: () => string[]; readonly sent: string[] } {
  const { agent, replica } = machine
  const sent: string[] = []
  const feed = new Feed(
    replica,
    { kind: 'after', vector: new Map(), others: 'zero' },
    (state, from, to): void => {
      sent.push(...machine.show(agent.handle({ kind: 'backfill', replica, state, from, to }, machine.now)))
    },
  )
  const read = (): string[] => {
    const items: string[] = []
    for (let item = feed.next(); item !== undefined; item = feed.next())
      items.push(
        item.kind === 'gap' ? `gap ${item.from}-${item.to} ${item.reason}` : `${item.from}-${item.entry.to}`,
      )
    return items
  }
  return { read, sent }
}

/** Whatever they were asked for, they do not have it. */
function sayNo(machine: Machine, peers: readonly NodeId[]): void {
  for (let id = 1; id < 9; id++)
    for (const peer of peers) machine.hear(peer, { kind: 'pulled', id, batches: 0, busy: false })
}

test('does not count what comes of a removed stream as gone, and asks for it when the stream is back', () => {
  const machine = new Machine([b])
  machine.agent.undefine(machine.replica.id)
  machine.hear(b, machine.batch(b, 1, 3))
  machine.agent.define(definition)
  machine.interest()
  machine.hear(b, machine.holdings(true, holding(b, 1, 3, 3)))
  const { read, sent } = readFrom(machine)
  assert.deepEqual(read(), [])
  assert.deepEqual(sent, ['B: pull 1 2 1-3'])
  machine.hear(b, machine.batch(b, 1, 3))
  assert.deepEqual(read(), ['1-3'])
})

test('lets readers see what fills a hole before retention makes room for what waited behind it', () => {
  const machine = new Machine([b])
  machine.agent.define({ ...definition, retention: { bytes: 600, ageMs: 10_000 } })
  machine.interest()
  machine.hear(b, machine.holdings(true, holding(b, 0, 0, 0)))
  const { read } = readFrom(machine)
  // With what it costs besides, each takes 228 bytes: two fit.
  machine.hear(b, machine.batch(b, 2, 1))
  machine.hear(b, machine.batch(b, 3, 1))
  machine.hear(b, machine.batch(b, 1, 1))
  assert.deepEqual(read(), ['1-1', '2-2', '3-3'])
  machine.tick(100)
  assert.equal(machine.replica.bytes, 456)
})

test('asks again for what was given up when somebody has come who holds it before the gap was told', () => {
  const machine = new Machine([b, c], [b])
  machine.interest()
  const { read, sent } = readFrom(machine)
  machine.hear(b, machine.holdings(true, holding(b, 0, 10, 0)))
  machine.hear(b, { kind: 'pulled', id: 1, batches: 0, busy: false })
  machine.up(c)
  machine.hear(c, machine.holdings(true, holding(b, 1, 10, 0)))
  assert.deepEqual(read(), [])
  assert.deepEqual(sent, ['B: pull 2 2 1-10'])
  assert.deepEqual(machine.hear(b, { kind: 'pulled', id: 2, batches: 0, busy: false }), ['C: pull 3 2 1-10'])
  machine.hear(c, machine.batch(b, 1, 10))
  assert.deepEqual(read(), ['1-10'])
})

test('tells the gap when nobody has come who holds what was given up', () => {
  const machine = new Machine([b])
  machine.interest()
  const { read, sent } = readFrom(machine)
  machine.hear(b, machine.holdings(true, holding(b, 0, 10, 0)))
  machine.hear(b, { kind: 'pulled', id: 1, batches: 0, busy: false })
  assert.deepEqual(read(), ['gap 1-10 retention'])
  assert.deepEqual(sent, [])
})

test('asks those once more before it gives up whose claim covers a hole that they may have filled since', () => {
  for (const filled of [true, false]) {
    const machine = new Machine([b, c, d], [c])
    machine.interest()
    const { read } = readFrom(machine)
    machine.hear(c, machine.holdings(true, holding(b, 1, 10, 0)))
    assert.deepEqual(machine.hear(c, { kind: 'pulled', id: 1, batches: 0, busy: false }), [])
    assert.deepEqual(pullsOf(machine.tick(8000)), [])
    assert.deepEqual(pullsOf(machine.tick(1100)), ['C: pull 2 2 1-10'])
    if (filled) machine.hear(c, machine.batch(b, 1, 10))
    machine.hear(c, { kind: 'pulled', id: 2, batches: filled ? 1 : 0, busy: false })
    assert.deepEqual(read(), filled ? ['1-10'] : ['gap 1-10 lost'])
    assert.equal(machine.agent.wantCount, 0)
  }
})

test('waits only once for a member out of reach, though a gap is asked for again', () => {
  const machine = new Machine([b, c, d], [b, c])
  machine.interest()
  const { read } = readFrom(machine)
  for (const peer of [b, c]) machine.hear(peer, machine.holdings(true, holding(d, 0, 10, 0)))
  sayNo(machine, [b, c])
  assert.deepEqual(read(), [])
  machine.tick(definition.retention.ageMs)
  // The link to C comes back before the reader looks, so that what was absent is asked for again.
  machine.down(c)
  machine.up(c)
  assert.deepEqual(read(), [])
  sayNo(machine, [b, c])
  assert.deepEqual(read(), ['gap 1-10 lost'])
})

test('does not take the word of an origin that does not know of the stream yet for the last one', () => {
  const machine = new Machine([b, c])
  machine.down(b)
  machine.interest()
  const { read } = readFrom(machine)
  machine.hear(c, machine.holdings(true, holding(b, 1, 10, 0)))
  machine.down(c)
  machine.up(b)
  machine.hear(b, machine.holdings(true))
  sayNo(machine, [b])
  machine.tick(100)
  assert.deepEqual(read(), [])
  assert.deepEqual(pullsOf(machine.hear(b, machine.holdings(true, holding(b, 0, 0, 0)))), [
    'B: pull 3 2 1-10',
  ])
  assert.deepEqual(read(), [])
  sayNo(machine, [b])
  assert.deepEqual(read(), ['gap 1-10 retention'])
})

test('takes its word where it has forgotten an epoch that ended long ago', () => {
  for (const agoMs of [0, definition.retention.ageMs]) {
    const machine = new Machine([b, c], [b])
    const { agent, replica } = machine
    machine.interest()
    const { read } = readFrom(machine)
    replica.endedAt = machine.now - agoMs
    const state = replica.originState(b, boots['B'] as Boot, machine.now)
    replica.setBase(state, 0)
    machine.hear(b, machine.holdings(true))
    agent.handle({ kind: 'backfill', replica, state, from: 1, to: 10 }, machine.now)
    sayNo(machine, [b])
    assert.deepEqual(read(), agoMs === 0 ? [] : ['gap 1-10 retention'])
  }
})

test('tells a reader that begins later why messages are missing: dropped by their origin, or lost with it', () => {
  const machine = new Machine([b, c, d], [b, c])
  machine.interest()
  const gone = [holding(b, 0, 5, 0), holding(d, 0, 10, 0)]
  for (const peer of [b, c]) machine.hear(peer, machine.holdings(true, ...gone))
  sayNo(machine, [b, c])
  machine.tick(definition.retention.ageMs)
  sayNo(machine, [b, c])
  const { read } = readFrom(machine)
  assert.deepEqual(read(), ['gap 1-5 retention', 'gap 1-10 lost'])
})

function pullsOf(effects: readonly string[]): string[] {
  return effects.filter((text) => text.includes('pull '))
}
