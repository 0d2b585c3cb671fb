// A stream that is made again over a node that does not know in which mode its group has it by then: it comes into the one that was asked for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepMode, writeDefinition } from '../../node/broker/stream-changes.ts'
import type { StreamDefinition, StreamMode } from '../../node/core/stream/definition.ts'
import { reachMode } from '../../node/mode-switch.ts'
import { isRefusal } from '../../node/wire/control.ts'
import { definitionOf, RemadeStream } from './remade-stream.ts'

class MadeAgain extends RemadeStream {
  isCutOff = true

  constructor() {
    super()
    const { leader } = this.broker
    const answer = (callback: (isCurrent: boolean) => void): void => callback(!this.isCutOff)
    const wish = leader.wish.bind(leader)
    leader.whenCurrent = (_stream, callback) => answer(callback)
    leader.cluster.whenCurrent = answer
    leader.wish = (definition, epoch) => void (this.isCutOff || wish(definition, epoch))
  }

  /** It was there in a mode, and is made again in one, while the group is out of reach. */
  static async in(mode: StreamMode, before: StreamMode): Promise<MadeAgain> {
    const host = new MadeAgain()
    await host.define(definitionOf(before))
    await host.publish()
    host.remove(0)
    host.make(mode)
    return host
  }

  make(mode: StreamMode): void {
    const { name, topics, retention, copies, replicas } = definitionOf(mode)
    const change = { name, topics, retention, copies, replicas, mode, createsOnly: true }
    assert.equal(isRefusal(writeDefinition(this.broker, change)), false)
  }

  /** Somebody wants it who is not cut off. */
  override async switchTo(mode: StreamMode, further: Partial<StreamDefinition> = {}): Promise<void> {
    const { isCutOff } = this
    this.isCutOff = false
    await super.switchTo(mode, further)
    this.isCutOff = isCutOff
  }

  get state(): string {
    const { epochs, streams } = this.broker
    const replica = streams.find('orders')
    return replica === undefined ? 'removed' : `${replica.definition.mode} ${epochs.numberOf(replica)}`
  }
}

test('a stream that is made again in gossip mode, and of which its group brings leader mode, goes back to gossip mode', async () => {
  const host = await MadeAgain.in('gossip', 'gossip')
  // The change had been asked for on the stream before.
  await host.switchTo('leader')
  await host.pass(3)
  assert.equal(host.state, 'leader 1')
  host.isCutOff = false
  await host.pass(10)
  assert.equal(host.state, 'gossip 2')
  assert.equal(host.broker.epochs.wantedModeOf('orders'), undefined)
})

test('one that is made again in leader mode comes into that, though its group has gone to gossip mode', async () => {
  const host = await MadeAgain.in('leader', 'leader')
  await host.switchTo('gossip')
  host.isCutOff = false
  await host.pass(10)
  assert.equal(host.state, 'leader 3')
})

test('what is asked for later stays', async () => {
  const host = await MadeAgain.in('gossip', 'gossip')
  const { made } = host.broker.streams.definitionOf('orders') ?? {}
  host.isCutOff = false
  await host.pass(1)
  await host.switchTo('leader', { made })
  await host.pass(10)
  assert.equal(host.state, 'leader 1')
})

test('a change of it meanwhile does not end the wish', async () => {
  const host = await MadeAgain.in('leader', 'gossip')
  const change = { name: 'orders', retention: { ageMs: 1_000_000 }, createsOnly: false }
  assert.equal(isRefusal(writeDefinition(host.broker, change)), false)
  host.isCutOff = false
  await host.pass(10)
  assert.equal(host.state, 'leader 1')
})

test('of two that are made again, one after the other, the mode of the last one counts', async () => {
  const host = await MadeAgain.in('leader', 'leader')
  host.remove(0)
  host.make('gossip')
  host.isCutOff = false
  await host.pass(10)
  assert.equal(host.state, 'gossip 2')
  host.remove(0)
  await host.pass(10)
  assert.equal(host.state, 'removed')
})

test('a stream that is made for the first time has the mode that it began in', async () => {
  const host = new MadeAgain()
  host.make('gossip')
  assert.equal(host.broker.epochs.wantedModeOf('orders'), undefined)
})

test('a definition of another mode ends what was asked for when the stream was made again', async () => {
  const host = await MadeAgain.in('gossip', 'gossip')
  await host.switchTo('leader')
  await host.pass(3)
  assert.equal(host.state, 'leader 1')
  const { name, topics, retention, copies, replicas } = definitionOf('leader')
  const change = { name, topics, retention, copies, replicas, mode: 'leader', createsOnly: false } as const
  assert.equal(isRefusal(writeDefinition(host.broker, change)), false)
  host.isCutOff = false
  await host.pass(10)
  assert.equal(host.state, 'leader 1')
})

test('what is asked for later stays also of a stream that its group has never heard of', async () => {
  const host = await MadeAgain.in('leader', 'gossip')
  host.isCutOff = false
  keepMode(host.broker, 'orders', 'gossip')
  // Another stream is made, or a cursor stored: the catalog is looked through.
  host.broker.refreshStreams()
  assert.equal(host.state, 'gossip 0')
  await host.pass(10)
  assert.equal(host.state, 'gossip 0')
})

test('a change of a stream leaves its mode alone, also where that has changed while the change was written', async () => {
  const host = new RemadeStream()
  await host.define(definitionOf('gossip'))
  const change = { name: 'orders', retention: { ageMs: 1_000_000 }, createsOnly: false }
  const definition = writeDefinition(host.broker, change)
  assert.ok(!isRefusal(definition))
  await host.switchTo('leader')
  const over = AbortSignal.timeout(0)
  assert.equal(await reachMode(host.broker, definition, { isNew: false, draining: over }), undefined)
  assert.equal(host.epoch, 1)
})
