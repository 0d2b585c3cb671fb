// Requests about the node's own subscriptions while the connected nodes are still being told.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../../node/broker/broker.ts'
import { NodeSubscriptions } from '../../node/broker/node-subscriptions.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { createBroker } from './test-broker.ts'

/** A broker linked to a node that has not confirmed anything. */
function untold(): { readonly broker: Broker; readonly subscriptions: NodeSubscriptions } {
  const { broker } = createBroker()
  broker.handle({ kind: 'peerUp', peer: 'B' as NodeId, boot: 7 as Boot, budget: 1_000_000 })
  return { broker, subscriptions: new NodeSubscriptions(broker) }
}

/** Whether a promise is settled after everything that can happen without another node has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  const turn = new Promise((resolve) => setImmediate(() => resolve(pending)))
  return (await Promise.race([promise, turn])) !== pending
}

test('a request to subscribe ends when the subscription is removed before it is ready', async () => {
  for (const end of ['remove', 'clear'] as const) {
    const { subscriptions } = untold()
    const added = subscriptions.add('a.>')
    assert.equal(await isSettled(added), false)
    if (end === 'remove') assert.deepEqual(subscriptions.remove('a.>'), { changed: true })
    else subscriptions.clear()
    assert.deepEqual(await added, { changed: true })
    assert.equal(subscriptions.size, 0)
  }
})

test('a second request to subscribe answers when the first one is ready, not before', async () => {
  const { broker, subscriptions } = untold()
  const first = subscriptions.add('a.>')
  const second = subscriptions.add('a.>')
  assert.equal(await isSettled(second), false)
  broker.handle({ kind: 'peerDown', peer: 'B' as NodeId })
  assert.deepEqual(await Promise.all([first, second]), [{ changed: true }, { changed: false }])
})
