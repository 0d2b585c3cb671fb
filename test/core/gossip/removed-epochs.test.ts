// What becomes of the epochs of a stream that was removed: their numbers are kept for as long as they may come back, and nothing else.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Boot, toStreamId } from '../../../node/core/common/ids.ts'
import type { Replica } from '../../../node/core/stream/replica.ts'
import { b, boots, definition, Machine } from './machine.ts'

/** A later epoch of the stream, in gossip mode. */
function defineEpoch({ agent }: Machine, epoch: number): Replica {
  return agent.define(definition, toStreamId(`orders#${epoch}`))
}

function publish(machine: Machine, replica: Replica, token: number = 0): string[] {
  const frame = new Uint8Array(100)
  const input = { kind: 'publish', replica, frame, count: 1, confirm: token > 0, token } as const
  return machine.show(machine.agent.handle(input, machine.now))
}

/** Two epochs, of which the first was removed. */
function withRemovedEpoch(token: number = 0): { readonly machine: Machine; readonly removed: Replica } {
  const machine = new Machine([b])
  const removed = defineEpoch(machine, 2)
  publish(machine, removed, token)
  machine.agent.undefine(removed.id)
  return { machine, removed }
}

test('goes on numbering in an epoch that comes back', () => {
  const { machine, removed } = withRemovedEpoch()
  assert.equal(defineEpoch(machine, 2), removed)
  assert.equal(machine.agent.nextSequence(removed), 2)
})

test('keeps one epoch of a stream that is removed again and again, and the first one', () => {
  const { machine } = withRemovedEpoch()
  for (let epoch = 4; epoch <= 40; epoch += 2) machine.agent.undefine(defineEpoch(machine, epoch).id)
  machine.agent.undefine(machine.replica.id)
  const last = defineEpoch(machine, 42)
  assert.deepEqual([...machine.agent.replicas.values()], [machine.replica, last])
})

test('keeps what was removed of other streams, and of one whose first epoch begins, which may not be behind it', () => {
  const { machine } = withRemovedEpoch()
  const bills = { ...definition, name: 'bills' }
  const removed = machine.agent.define(bills, toStreamId('bills#2'))
  machine.agent.undefine(removed.id)
  const first = machine.agent.define(bills)
  const last = defineEpoch(machine, 4)
  assert.deepEqual([...machine.agent.replicas.values()], [machine.replica, removed, first, last])
})

test('an epoch that has ended, and was not removed, stays when the next one begins', () => {
  const machine = new Machine([b])
  const ended = defineEpoch(machine, 2)
  ended.endAt(new Map())
  defineEpoch(machine, 4)
  assert.equal(machine.agent.replicas.get(ended.id), ended)
})

test('takes nothing of an epoch that it has forgotten, counts nothing as gone, and says that it holds nothing', () => {
  const { machine, removed } = withRemovedEpoch()
  defineEpoch(machine, 4)
  const stream = removed.id
  const boot = boots['A'] as Boot
  const message = { ...machine.batch(b, 5, 1), stream }
  const effects = machine.agent.handle({ kind: 'message', from: b, message }, machine.now)
  assert.deepEqual(
    effects.map((effect) => effect.kind === 'count' && effect.counter),
    ['batchesFromPeers', 'batchesOfUnknownStream'],
  )
  const asked = { kind: 'interest', stream, wanted: true, ageMs: 0 } as const
  assert.deepEqual(machine.hear(b, asked), ['B: holdings answer '])
  assert.deepEqual(machine.hear(b, { kind: 'pull', id: 1, stream, boot, from: 1, to: 1 }), ['B: pulled 1 0'])
  machine.tick(1000)
  assert.equal(machine.agent.wantCount, 0)
})

test('what waits for copies in an epoch that it has forgotten is not confirmed', () => {
  const { machine, removed } = withRemovedEpoch(7)
  defineEpoch(machine, 4)
  const boot = boots['A'] as Boot
  assert.deepEqual(machine.hear(b, { kind: 'held', stream: removed.id, boot, from: 1, to: 1 }), [])
  assert.deepEqual(
    machine.tick(6000).filter((effect) => effect.startsWith('confirmed')),
    ['confirmed 7 false'],
  )
  assert.equal(machine.agent.hasDeadlines, false)
})
