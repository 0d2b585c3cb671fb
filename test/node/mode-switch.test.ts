// Waiting for a stream to change its mode: what is asked, and how it ends.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StreamMode } from '../../node/core/stream/definition.ts'
import { switchMode } from '../../node/mode-switch.ts'
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
