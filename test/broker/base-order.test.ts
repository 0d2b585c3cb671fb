// The journal hears where a subscription stands on an origin before it hears what came of it, in every stream.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toStreamKey } from '../../node/broker/stream-table.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { numberBatch } from '../../node/wire/batch-header.ts'
import { toDefinitionValue } from '../../node/wire/stream-definition.ts'
import { createBroker } from './test-broker.ts'

const b = 'B' as NodeId
const boot = 2 as Boot

test('tells the bases of all streams that one event places before it hands out anything', () => {
  const lines: string[] = []
  const { broker } = createBroker({
    subscriptionEvent: (line) => line.t === 'base' && line.origin.startsWith('B') && lines.push('base'),
    delivered: () => lines.push('got'),
  })
  const retention = { bytes: 1_000_000, ageMs: 60_000 }
  const definition = {
    name: 'one',
    topics: ['a.>'],
    mode: 'gossip',
    retention,
    copies: 0,
    replicas: 3,
  } as const
  broker.handle({ kind: 'write', key: toStreamKey('one'), value: toDefinitionValue(definition) })
  broker.handle({ kind: 'peerUp', peer: b, boot, budget: 1_000_000 })
  const sink = { canTake: true, batch: () => undefined, gap: () => undefined }
  const start = () => ({ kind: 'after', vector: new Map(), others: 'zero' }) as const
  const subscription = { sub: 's', kind: 'client', patterns: ['>'], name: undefined, resumes: false } as const
  broker.subscribe({ ...subscription, sink, start }, () => undefined)
  for (const { id, name } of broker.agent.replicas.values()) {
    const answer = { kind: 'holdings', stream: id, answer: true, holdings: [] } as const
    broker.handle({ kind: 'message', from: b, message: answer })
    const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
    builder.append(name === 'one' ? 'a.x' : 'b.x', 'text', undefined, 1000)
    const frame = builder.finish(1, 'local')
    numberBatch(frame, id, boot, 1, 0)
    const batch = { kind: 'batch', stream: id, boot, from: 1, count: 1, confirm: false, frame } as const
    broker.handle({ kind: 'message', from: b, message: batch })
  }
  assert.deepEqual(lines, [])
  broker.handle({ kind: 'peerDown', peer: b })
  assert.deepEqual(lines, ['base', 'base', 'got', 'got'])
})
