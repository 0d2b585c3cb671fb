// What becomes of the members of a queue when their stream changes under them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { begin, seal } from './first-epoch.ts'
import { definitionOf, RemadeStream } from './remade-stream.ts'

/** What a member is told that joins now. */
function join({ broker }: RemadeStream): string[] {
  const told: string[] = []
  broker.queues.join('A#1/7', {
    ...{ stream: 'orders', name: 'workers', patterns: ['orders.>'], key: undefined },
    sink: { canTake: true, batch: () => undefined, gap: () => undefined },
    newSub: () => 'A#1/8',
    begin: () => ({ offset: 0, vector: new Map() }),
    onJoined: () => void told.push('joined'),
    onEnded: (code) => void told.push(code),
  })
  return told
}

async function pass(host: RemadeStream, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await host.pass(1)
    host.broker.queues.onSecond()
  }
}

test('a member that waits for its node to be current is not refused for an epoch of long ago', async () => {
  const host = new RemadeStream()
  await host.define(definitionOf('leader'))
  const asked: (() => void)[] = []
  host.broker.leader.whenCurrent = (_stream, callback) => void asked.push(() => callback(true))
  const told = join(host)
  // The node has just started: its log tells what became of the stream.
  begin(host, seal(host))
  for (const answer of asked.splice(0)) answer()
  await pass(host, 3)
  assert.deepEqual(told, ['joined'])
})

test('one that has waited is refused where the stream is in gossip mode by then', async () => {
  const host = new RemadeStream()
  await host.define(definitionOf('leader'))
  await host.publish()
  const told = join(host)
  await host.switchTo('gossip')
  await pass(host, 3)
  assert.equal(told.at(-1), 'QUEUE_NEEDS_ORDER')
})

for (const seconds of [0, 2])
  test(`a member hears that its stream was removed and, ${seconds} s later, made again in gossip mode`, async () => {
    const host = new RemadeStream()
    await host.define(definitionOf('leader'))
    const told = join(host)
    await pass(host, 3)
    assert.deepEqual(told, ['joined'])
    host.remove(0)
    await pass(host, seconds)
    await host.define(definitionOf('gossip', { behind: 0, made: 3 }))
    await pass(host, 60)
    assert.equal(host.broker.streams.find('orders')?.definition.mode, 'gossip')
    assert.deepEqual(told.slice(0, 2), ['joined', 'QUEUE_NEEDS_ORDER'])
  })
