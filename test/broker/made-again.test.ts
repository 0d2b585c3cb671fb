// A stream that is made again over a node that does not know in which mode its group has it by then: it comes into the one that was asked for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forgetWish } from '../../node/broker/made-again.ts'
import { writeDefinition } from '../../node/broker/stream-changes.ts'
import type { StreamMode } from '../../node/core/stream/definition.ts'
import { reachMode } from '../../node/mode-switch.ts'
import { isRefusal } from '../../node/wire/control.ts'
import { definitionOf, RemadeStream } from './remade-stream.ts'

class MadeAgain extends RemadeStream {
  isCutOff = true
  readonly #later: (() => void)[] = []

  constructor() {
    super()
    const { leader, ports } = this.broker
    const answer = (callback: (isCurrent: boolean) => void): void => callback(!this.isCutOff)
    leader.whenCurrent = (_stream, callback) => answer(callback)
    leader.cluster.whenCurrent = answer
    Object.assign(ports, {
      after: (_delayMs: number, callback: () => void) => void this.#later.push(callback),
    })
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

  /** What is to be done later is done now, again and again. */
  override async pass(seconds = 10): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      for (const callback of this.#later.splice(0)) callback()
      await super.pass(1)
    }
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
  await host.pass()
  assert.equal(host.state, 'gossip 2')
  assert.equal(host.broker.streams.wanted.size, 0)
})

test('one that is made again in leader mode comes into that, though its group has gone to gossip mode', async () => {
  const host = await MadeAgain.in('leader', 'leader')
  await host.switchTo('gossip')
  host.isCutOff = false
  await host.pass()
  assert.equal(host.state, 'leader 3')
})

test('what is asked for later stays', async () => {
  for (const isAskedHere of [true, false]) {
    const host = await MadeAgain.in('gossip', 'gossip')
    if (isAskedHere) forgetWish(host.broker, 'orders', 'leader')
    else host.isCutOff = false
    await host.pass(1)
    await host.switchTo('leader')
    host.isCutOff = false
    await host.pass()
    assert.equal(host.state, 'leader 1', `here: ${isAskedHere}`)
  }
})

test('of two that are made again, one after the other, the mode of the last one counts', async () => {
  const host = await MadeAgain.in('leader', 'leader')
  host.remove(0)
  host.make('gossip')
  host.isCutOff = false
  await host.pass()
  assert.equal(host.state, 'gossip 2')
  host.remove(0)
  await host.pass()
  assert.deepEqual([host.state, host.broker.streams.wanted.size], ['removed', 0])
})

test('a stream that is made for the first time has the mode that it began in', async () => {
  const host = new MadeAgain()
  host.make('gossip')
  assert.equal(host.broker.streams.wanted.size, 0)
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
  await host.pass()
  assert.equal(host.state, 'leader 1')
})

test('what is asked for later stays also of a stream that its group has never heard of', async () => {
  const host = await MadeAgain.in('leader', 'gossip')
  host.isCutOff = false
  forgetWish(host.broker, 'orders', 'gossip')
  // Another stream is made, or a cursor stored: the catalog is looked through.
  host.broker.refreshStreams()
  assert.equal(host.state, 'gossip 0')
  await host.pass()
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
