// What a node keeps of a stream that is removed and made again, or whose mode changes, again and again: it does not grow with that.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { definitionOf, RemadeStream } from './remade-stream.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const lives = 12

/** The stream goes through gossip mode, and says by which replica. */
async function passGossip(host: RemadeStream): Promise<WeakRef<object>> {
  await host.publish('in order')
  await host.switchTo('gossip')
  await host.publish('in gossip')
  const [replica] = host.broker.epochs.all('orders').slice(-1)
  assert.ok(replica)
  host.broker.isPressed(replica)
  await host.switchTo('leader')
  return new WeakRef(replica)
}

/** The stream is removed and made again, each time in leader mode, and changes to gossip mode and back. */
async function remake(host: RemadeStream): Promise<readonly WeakRef<object>[]> {
  const replicas: WeakRef<object>[] = []
  for (let life = 1; life <= lives; life++) {
    host.remove(host.ledgered.last)
    await host.define(definitionOf('leader', { behind: host.ledgered.last, made: life * 10 }))
    replicas.push(await passGossip(host))
  }
  return replicas
}

/** The same stream changes its mode, and what it has becomes too old. */
async function changeModes(host: RemadeStream): Promise<readonly WeakRef<object>[]> {
  const replicas: WeakRef<object>[] = []
  for (let life = 1; life <= lives; life++) {
    replicas.push(await passGossip(host))
    host.now += definitionOf('gossip').retention.ageMs + 1
    host.onSecond()
  }
  return replicas
}

for (const [what, live] of [
  ['is removed and made again', remake],
  ['changes its mode', changeModes],
] as const)
  test(`of a stream that ${what} a node keeps no more than two epochs in gossip mode, whoever reads it all the time`, async () => {
    const host = new RemadeStream()
    await host.define(definitionOf('leader'))
    await host.publish('first')
    const got = host.subscribe()
    const before = host.broker.agent.replicas.size
    const replicas = await live(host)
    const { agent, subscribers } = host.broker
    assert.ok(agent.replicas.size <= before + 2, `${agent.replicas.size} replicas`)
    const [subscriber] = subscribers
    assert.equal(subscriber?.delivered, got.length)
    assert.equal(got.length, lives * 2)
    host.broker.handle({ kind: 'tick' })
    // What was looked at stays for a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    const kept = replicas.filter((replica) => replica.deref() !== undefined).length
    assert.ok(kept <= 2, `${kept} of ${lives} are kept`)
  })
