// What comes of a stream that was made again, in gossip mode, to a node that has not heard of that: it is not taken for the stream before.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toEpochId } from '../../node/broker/epoch.ts'
import { type Boot, type NodeId, toStreamId } from '../../node/core/common/ids.ts'
import type { PeerMessage } from '../../node/core/gossip/messages.ts'
import { toDefinitionValue } from '../../node/wire/stream-definition.ts'
import { batchOf } from '../leader/leader-batches.ts'
import { definitionOf, RemadeStream } from './remade-stream.ts'

const again = toEpochId('orders', 0, 3)
const origin = { node: 'B' as NodeId, boot: 2 as Boot }

/** Beside B, which has heard that the stream was made again, by a node whose link to this one is down. */
class BesideB extends RemadeStream {
  readonly sent: PeerMessage[] = []

  constructor() {
    super()
    const { broker } = this
    Object.assign(broker.ports, {
      sendToPeer: (_to: NodeId, message: PeerMessage) => void this.sent.push(message),
    })
    broker.handle({ kind: 'peerUp', peer: origin.node, boot: origin.boot, budget: 1_000_000 })
  }

  hear(message: PeerMessage): void {
    this.broker.handle({ kind: 'message', from: origin.node, message })
  }

  /** A publisher of B asks for copies. */
  push(stream = again): void {
    const frame = batchOf({ boot: origin.boot, from: 1, texts: ['new'], topic: 'orders.b' })
    this.hear({ kind: 'batch', stream, boot: origin.boot, from: 1, count: 1, confirm: true, frame })
  }

  hold(last: number, stream = again): void {
    const holdings = [{ ...origin, first: Math.min(1, last), last, base: 0 }]
    this.hear({ kind: 'holdings', stream, answer: true, holdings })
  }

  hearOfTheNewOne(): void {
    const value = toDefinitionValue(definitionOf('gossip', { behind: 0, made: 3 }))
    this.hear({ kind: 'catalog', entries: [{ key: 'stream:orders', value, version: 3, by: origin.node }] })
  }

  sends(kind: PeerMessage['kind']): number {
    return this.sent.filter((message) => message.kind === kind).length
  }
}

test('a node that has not heard that a stream was made again confirms no copy of what is on it', async () => {
  const host = new BesideB()
  await host.define(definitionOf('gossip'))
  host.subscribe()
  host.hold(0, toStreamId('orders'))
  host.push()
  assert.deepEqual([host.sends('held'), host.held], [0, 0])
})

test('who reads there gets it when the node hears of it', async () => {
  const host = new BesideB()
  await host.define(definitionOf('gossip'))
  const got = host.subscribe()
  host.hold(0, toStreamId('orders'))
  host.push()
  host.hearOfTheNewOne()
  host.hold(1)
  host.now += 200
  host.broker.handle({ kind: 'tick' })
  assert.equal(host.sends('pull'), 1)
  host.push()
  assert.deepEqual([got, host.sends('held')], [['new'], 1])
})

test('what is on its way of the stream before is nobody’s when the new one is known', async () => {
  const host = new BesideB()
  await host.define(definitionOf('gossip'))
  const got = host.subscribe()
  host.hold(0, toStreamId('orders'))
  host.hearOfTheNewOne()
  host.hold(0)
  host.push(toStreamId('orders'))
  assert.deepEqual([got, host.held, host.sends('held')], [[], 0, 0])
})
