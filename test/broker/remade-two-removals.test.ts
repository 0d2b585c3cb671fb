// A removal over a node that has not heard yet that the stream was removed and made again over another one.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeRemoval } from '../../node/broker/stream-changes.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { PeerMessage } from '../../node/core/gossip/messages.ts'
import { toDefinitionValue } from '../../node/wire/stream-definition.ts'
import { definitionOf, RemadeStream } from './remade-stream.ts'
import { lead } from './test-broker.ts'

test('what was acknowledged on the new stream stays, though who removes the one before has not heard of it', async () => {
  const host = new RemadeStream()
  const { broker } = host
  await host.define(definitionOf('leader'))
  await host.publish('old')
  // B has removed it behind that message, made it again, and has one acknowledged there.
  await host.publishElsewhere()
  writeRemoval(broker, 'orders', () => undefined)
  for (let round = 0; round < 50 && broker.streams.find('orders') !== undefined; round++) {
    host.now += 100
    broker.leader.tick()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(broker.streams.find('orders'), undefined)
  await host.define(definitionOf('leader', { behind: 1, made: 3 }))
  host.onSecond()
  assert.equal(broker.streams.definitionOf('orders')?.behind, 1)
  assert.equal(host.held, 1)
})

/** The stream is removed over this node, which has a link to B. Says what becomes of that, and what was said to B. */
async function removeBesideB(host: RemadeStream): Promise<{ answers: unknown[]; sent: PeerMessage[] }> {
  const { broker } = host
  const [answers, sent]: [unknown[], PeerMessage[]] = [[], []]
  Object.assign(broker.ports, { sendToPeer: (_to: NodeId, message: PeerMessage) => void sent.push(message) })
  broker.handle({ kind: 'peerUp', peer: 'B' as NodeId, boot: 2 as Boot, budget: 1_000_000 })
  writeRemoval(broker, 'orders', (answer) => answers.push(answer))
  await lead(broker)
  return { answers, sent }
}

test('a node that removes a stream asks the others behind its group, and removes no other one than it was asked to', async () => {
  const host = new RemadeStream()
  const { broker } = host
  await host.define(definitionOf('leader'))
  await host.publish('old')
  const { answers, sent } = await removeBesideB(host)
  const asks = sent.flatMap((message) => (message.kind === 'catalog' ? (message.asks ?? []) : []))
  assert.deepEqual([answers, asks.map(({ hash }) => hash)], [[], [broker.agent.catalog.hash]])
  const value = toDefinitionValue(definitionOf('leader', { behind: 0, made: 3 }))
  const entries = [{ key: 'stream:orders', value, version: 3, by: 'B' as NodeId }]
  const answer = { kind: 'catalog', entries, answers: asks[0]?.id ?? 0 } as const
  broker.handle({ kind: 'message', from: 'B' as NodeId, message: answer })
  assert.match(String(Object(answers[0]).reason), /made again meanwhile/)
  assert.deepEqual([broker.streams.definitionOf('orders')?.made, host.held], [3, 1])
})

test('one that hangs is waited for two seconds', async () => {
  const host = new RemadeStream()
  await host.define(definitionOf('leader'))
  await host.publish('old')
  const { answers } = await removeBesideB(host)
  for (const [laterMs, count] of [
    [1999, 0],
    [1, 1],
  ] as const) {
    host.now += laterMs
    host.broker.handle({ kind: 'tick' })
    assert.equal(answers.length, count)
  }
  assert.equal(host.broker.streams.endOf('orders').isRemoved, true)
})
