// The epochs of a stream that was made again, on a node whose catalog and whose log of the group know different streams of its name.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Boot, type NodeId, toStreamId } from '../../node/core/common/ids.ts'
import type { Holding, PeerMessage } from '../../node/core/gossip/messages.ts'
import { batchOf } from '../leader/leader-batches.ts'
import { begin, pulled, seal } from './first-epoch.ts'
import { answerWith, definitionOf, RemadeStream } from './remade-stream.ts'
import { lead } from './test-broker.ts'

const B = 'B' as NodeId
const b = 2 as Boot

/** What was removed, by the catalog, before the log told of one; and which of them has the epoch. */
const cases = [
  { removed: 'none', inLog: 5, has: 5 },
  { removed: undefined, inLog: 5, has: 5 },
  { removed: 3, inLog: 5, has: 5 },
  { removed: 5, inLog: 3, has: 5 },
  { removed: 5, inLog: undefined, has: 5 },
] as const

for (const { removed, inLog, has } of cases)
  test(`it has the number of the later one: removed ${removed}, in the log ${inLog}`, async () => {
    const host = new RemadeStream()
    await lead(host.broker)
    if (removed !== 'none') {
      await host.define(definitionOf('gossip', removed === undefined ? {} : { behind: 0, made: removed }))
      host.remove(0, removed)
    }
    seal(host, inLog)
    assert.deepEqual(
      host.broker.epochs.all('orders').map(({ id, definition }) => [id, definition.made]),
      [[toStreamId(`orders#0#${has}`), has]],
    )
  })

for (const isFirst of ['the change of the mode', 'the removal'] as const)
  test(`a stream that is made again has a number of its own in a later epoch, too, where ${isFirst} comes first`, async () => {
    const host = new RemadeStream()
    await host.define(definitionOf('leader'))
    await host.publish()
    if (isFirst === 'the removal') host.remove(1)
    await host.switchTo('gossip')
    if (isFirst !== 'the removal') host.remove(1)
    await host.define(definitionOf('gossip', { behind: 1, made: 3 }))
    assert.deepEqual(
      host.broker.epochs.all('orders').map(({ id }) => id),
      [toStreamId('orders#2#3')],
    )
  })

for (const removed of ['none', undefined, 3] as const)
  test(`a subscriber gets what another node holds of it, where the catalog knew of ${removed}`, async () => {
    const host = new RemadeStream()
    const real = toStreamId('orders#0#5')
    const one = { node: B, boot: b, first: 1, last: 1, base: 0 }
    host.link(b, (message) => {
      const { stream } = message as { readonly stream?: unknown }
      if (stream !== real) return answerWith(message)
      return message.kind === 'pull' ? pulled(message.id, real) : answerWith(message, [one])
    })
    await lead(host.broker)
    const got = host.subscribe()
    await lead(host.broker)
    if (removed !== 'none') {
      await host.define(definitionOf('gossip', removed === undefined ? {} : { behind: 0, made: removed }))
      host.remove(0, removed)
    }
    const sealed = seal(host, 5)
    host.now += 20
    begin(host, sealed)
    await host.define({ ...sealed.definition, mode: 'leader' })
    await host.pass(5)
    assert.deepEqual(got, ['one'])
  })

for (const isLate of [false, true])
  test(`a subscriber leaves an epoch that is over and of which nobody has anything, also one that comes to it late (${isLate})`, async () => {
    const host = new RemadeStream()
    const now: Holding = { node: B, boot: 3 as Boot, first: 0, last: 0, base: 0 }
    host.link(now.boot, (message) => answerWith(message, [now]))
    await lead(host.broker)
    host.subscribe()
    await lead(host.broker)
    if (!isLate) await host.define(definitionOf('gossip'))
    const sealed = seal(host, undefined)
    host.now += 20
    begin(host, sealed)
    await host.define(definitionOf('leader'))
    await host.pass(100)
    const reads = [...host.broker.subscribers].flatMap(({ streams }) => streams)
    assert.equal(reads.find(({ name }) => name === 'orders')?.definition.mode, 'leader')
  })

for (const known of ['the removal', 'the removal, too late', 'nothing'] as const)
  test(`a copy is kept that was confirmed in an epoch of the log before the catalog knew of its stream (it knew of ${known})`, async () => {
    const host = new RemadeStream()
    const sent: PeerMessage[] = []
    host.link(b, (message) => {
      sent.push(message)
      return answerWith(message)
    })
    await host.define(definitionOf('leader'))
    await host.publish()
    const again = definitionOf('gossip', { behind: 1, made: 3 })
    if (known === 'the removal') host.remove(1)
    await host.switchTo('gossip', again)
    const frame = batchOf({ boot: b, from: 1, texts: ['one'], topic: 'orders.b' })
    const stream = toStreamId('orders#2#3')
    const message = { kind: 'batch', stream, boot: b, from: 1, count: 1, confirm: true, frame } as const
    host.broker.handle({ kind: 'message', from: B, message })
    await host.pass(1)
    assert.ok(sent.some(({ kind }) => kind === 'held'))
    host.broker.handle({ kind: 'peerDown', peer: B })
    if (known === 'the removal, too late') host.remove(1)
    await host.define(again)
    assert.equal(host.held, 1)
  })

test('a subscription that waits while its stream is removed gets nothing of it, and reads it no more', async () => {
  const host = new RemadeStream()
  const { broker } = host
  await host.define(definitionOf('gossip'))
  await host.publish('old')
  // B does not answer: the interest is still being made known.
  host.link(b, () => [])
  const got = host.subscribe(0)
  // The wait is over, and the subscription has not heard of that.
  broker.agent.isInterestWaiting = (): boolean => false
  host.remove(0)
  await host.pass(5)
  assert.deepEqual(got, [])
  const reads = [...broker.subscribers].flatMap(({ streams }) => streams.map(({ name }) => name))
  assert.ok(!reads.includes('orders'), `${reads}`)
})
