// What the journal is told of where a subscription begins, so that `check` knows what is due to it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../../node/broker/broker.ts'
import { NodeSubscriptions } from '../../node/broker/node-subscriptions.ts'
import type { SubscriberOptions } from '../../node/broker/subscriber.ts'
import type { SubscriptionEventLine } from '../../node/core/common/journal-lines.ts'
import { createBroker } from './test-broker.ts'

/** The clock of the broker stands at 1000. */
function recorded(): { readonly broker: Broker; readonly lines: SubscriptionEventLine[] } {
  const lines: SubscriptionEventLine[] = []
  const { broker } = createBroker({ subscriptionEvent: (line) => lines.push(line) })
  return { broker, lines }
}

function subscribe(broker: Broker, options: Pick<SubscriberOptions, 'start' | 'cursor'>): void {
  const sink = { canTake: true, batch: () => undefined, gap: () => undefined }
  const common = { sub: 's', kind: 'client', patterns: ['>'], name: undefined, sink, resumes: false } as const
  broker.subscribe({ ...common, ...options }, () => undefined)
}

/** The moments that the `sub` lines name, and the bases. */
function told(lines: readonly SubscriptionEventLine[]): unknown {
  return lines.map((line) => (line.t === 'sub' ? line.since : line.t === 'base' ? line.seq : line.t))
}

test('a subscription that begins now says since when, and names no origin that has sent nothing', () => {
  const { broker, lines } = recorded()
  subscribe(broker, { start: () => ({ kind: 'now' }) })
  assert.deepEqual(told(lines), [1000])
})

test('a subscription that wants what is older says of every origin where it stands, at 0 as well', () => {
  const { broker, lines } = recorded()
  subscribe(broker, { start: () => ({ kind: 'after', vector: new Map(), others: 'zero' }) })
  assert.deepEqual(told(lines), [1000, 0])
})

test('a subscription that goes on from a cursor does not say since when', () => {
  const { broker, lines } = recorded()
  const start: SubscriberOptions['start'] = () => ({ kind: 'after', vector: new Map(), others: 'zero' })
  subscribe(broker, { start, cursor: new Map() })
  assert.deepEqual(told(lines), [undefined])
})

test("a node's own subscription says after a restart when it was made, in every file of the journal", () => {
  const { broker, lines } = recorded()
  const subscriptions = new NodeSubscriptions(broker)
  subscriptions.resume({ sub: 'A#0:1:>', pattern: '>', since: 400, vectors: new Map() })
  for (const subscriber of broker.subscribers) subscriber.announce()
  assert.deepEqual(told(lines), [400, 400])
  assert.equal(subscriptions.saved()[0]?.since, 400)
})
