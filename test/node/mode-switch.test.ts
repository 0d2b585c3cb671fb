// Waiting for a stream to change its mode: what is asked, and how it ends.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../../node/broker/broker.ts'
import { toStreamKey } from '../../node/broker/stream-table.ts'
import type { StreamMode } from '../../node/core/stream/definition.ts'
import { switchMode } from '../../node/mode-switch.ts'
import { toDefinitionValue, toRemovalValue } from '../../node/wire/stream-definition.ts'
import { createBroker } from '../broker/test-broker.ts'

/** A broker whose clock goes on by a second whenever it is read. */
function hastyBroker(): ReturnType<typeof createBroker>['broker'] {
  const { broker } = createBroker()
  let at = 0
  const ports = { ...broker.ports, now: (): number => (at += 1000) }
  return Object.assign(Object.create(broker), { ports })
}

const never = new AbortController().signal

function ask(name: string, mode: StreamMode, draining: AbortSignal = never, gone?: AbortSignal) {
  return switchMode(hastyBroker(), name, mode, { draining, gone })
}

test('a stream that nobody can lead is still as it was after fifteen seconds, and the answer says so', async () => {
  const answer = await ask('default', 'leader')
  assert.ok('refused' in answer)
  assert.equal(answer.refused, 'SWITCH_PENDING')
  assert.match(answer.reason, /stream default is still in gossip mode after \d+ ms/)
})

test('a stream that is in the mode already is answered at once', async () => {
  const answer = await ask('default', 'gossip')
  assert.ok('mode' in answer)
  assert.deepEqual([answer.stream, answer.mode, answer.epoch], ['default', 'gossip', 0])
})

test('a stream that there is not, and a node that shuts down, are said', async () => {
  const unknown = await ask('nothing', 'leader')
  assert.equal('refused' in unknown && unknown.refused, 'STREAM_UNKNOWN')
  const ended = await ask('default', 'leader', AbortSignal.abort())
  assert.equal('refused' in ended && ended.refused, 'NODE_DRAINING')
})

test('what nobody waits for any more is not asked for again', async () => {
  const answer = await ask('default', 'leader', never, AbortSignal.abort())
  assert.deepEqual(answer, { refused: 'SWITCH_PENDING', reason: 'nobody waits for it any more' })
})

/** A node that takes `orders` for being in gossip mode; `read`: what happens while the group is asked, and what comes of that. */
function askedOn(read: (broker: Broker) => boolean): ReturnType<typeof switchMode> {
  const { broker } = createBroker()
  const definition = broker.streams.plan('orders', { topics: ['orders.>'] })
  assert.ok('name' in definition)
  broker.handle({ kind: 'write', key: toStreamKey('orders'), value: toDefinitionValue(definition) })
  const group = { groups: new Map([[1, []]]), groupOf: () => 1 }
  const leader = Object.assign(Object.create(broker.leader), {
    cluster: { roster: group },
    whenCurrent: (_stream: unknown, callback: (isCurrent: boolean) => void) => callback(read(broker)),
  })
  const node = Object.assign(Object.create(broker), { leader })
  return switchMode(node, 'orders', 'gossip', { draining: never })
}

test('a stream is in a mode when its group says so, and not because a node knows no better', async () => {
  const fresh = await askedOn(() => true)
  assert.ok('mode' in fresh)
  const stale = await askedOn(() => false)
  assert.ok('refused' in stale)
  assert.equal(stale.refused, 'NO_LEADER')
  assert.match(stale.reason, /was last in gossip mode here, epoch 0, and nobody could say/)
})

test('a node that hears of another epoch while it asks goes by that one', async () => {
  let asked = 0
  const answer = await askedOn((broker) => {
    if (++asked > 1) return true
    broker.handle({ kind: 'write', key: toStreamKey('orders'), value: toRemovalValue({ behind: 0 }) })
    return true
  })
  assert.deepEqual([asked, 'refused' in answer && answer.refused], [1, 'STREAM_UNKNOWN'])
})
