// A batch that is to be sent stays as it is until it was sent, whatever retention does meanwhile.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { letGo, SlabPool } from '../../../node/core/common/slabs.ts'
import { GossipAgent } from '../../../node/core/gossip/agent.ts'
import { a, b, boots, definition } from './machine.ts'

test('a batch in an effect stays as it is though retention has dropped it, until it is let go', () => {
  const slabs = new SlabPool({ slabBytes: 4096, wipes: true })
  const agent = new GossipAgent(a, boots['A'] ?? assert.fail(), [a, b], 5000, slabs)
  const replica = agent.define({ ...definition, retention: { bytes: 1, ageMs: 1000 } })
  agent.handle({ kind: 'peerUp', peer: b, boot: boots['B'] ?? assert.fail(), budget: 1_000_000 }, 1000)
  const frame = new Uint8Array(100).fill(5)
  const effects = agent.handle({ kind: 'publish', replica, frame, count: 1, confirm: false, token: 0 }, 1000)
  assert.equal(replica.messages, 0)
  const [sent, ...others] = effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'batch' ? [effect.message.frame] : [],
  )
  assert(sent !== undefined)
  assert.deepEqual(others, [])
  assert.notEqual(sent, frame)
  assert.deepEqual(sent, frame)
  letGo(sent)
  assert.notDeepEqual(sent, frame)
})
