// Subscriptions on a node whose catalog says that a stream is in leader mode, when the log of its group tells that it began in gossip mode: the epoch
// in which they were to begin is none, and what was in the first one is theirs, as far as they want it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { epochOf, startOf } from '../../node/broker/start.ts'
import type { SubscribeRequest } from '../../node/wire/control.ts'
import { toDefinitionValue } from '../../node/wire/stream-definition.ts'
import { textsOf } from '../leader/leader-batches.ts'
import { begin, linkB, place, seal } from './first-epoch.ts'
import { definitionOf, RemadeStream } from './remade-stream.ts'
import { lead } from './test-broker.ts'

/** What a subscription gets, and where B stands for it when it is ready. */
function subscribe(
  host: RemadeStream,
  from: SubscribeRequest['from'],
): { got: string[]; readyAt: unknown[] } {
  const got: string[] = []
  const readyAt: unknown[] = []
  host.broker.subscribe(
    {
      ...{ sub: 'reader', kind: 'client', patterns: ['orders.>'], name: undefined, resumes: false },
      sink: {
        canTake: true,
        batch: (_replica, _state, frame) => void got.push(...textsOf(frame)),
        gap: (_replica, { origin }, first, last) => void got.push(`gap ${origin} ${first}-${last}`),
      },
      start: startOf(host.broker, from),
      choose: epochOf(from),
    },
    (subscriber) => void readyAt.push(new Map(subscriber.cursor().get('orders')).get('B#2' as never)),
  )
  return { got, readyAt }
}

/** Nobody says whether the node is current before the test does. */
function holdAnswers({ broker }: RemadeStream): () => void {
  const asked: (() => void)[] = []
  broker.leader.whenCurrent = (_stream, callback) => void asked.push(() => callback(true))
  return () => {
    for (const answer of asked.splice(0)) answer()
  }
}

const stages = ['waits', 'waits late', 'has begun'] as const

/** It subscribes, the log tells of the first epoch and, when that was answered, of the second one, in which `new` has the first place. */
async function run(from: SubscribeRequest['from'], stage: (typeof stages)[number], publishedMs: number) {
  const host = new RemadeStream()
  host.now += 100_000
  const answer = holdAnswers(host)
  if (stage !== 'waits late') await host.define(definitionOf('leader'))
  linkB(host, publishedMs)
  const told = subscribe(host, from)
  // Over another node it was made in gossip mode, at the same time.
  host.now += 20
  if (stage === 'waits late') await host.define(definitionOf('leader'))
  if (stage === 'has begun') answer()
  const sealed = seal(host)
  answer()
  await lead(host.broker)
  begin(host, sealed)
  answer()
  await lead(host.broker)
  await place(host, 'new')
  return told
}

for (const stage of stages) {
  test(`it goes on in the first one, and gets what was published there since (it ${stage})`, async () => {
    const { got } = await run('now', stage, -10)
    assert.deepEqual(got, ['one', 'new'])
  })

  test(`from now on it gets nothing of before (it ${stage})`, async () => {
    const { got } = await run('now', stage, 60_000)
    assert.deepEqual(got, ['new'])
  })
}

for (const from of ['earliest', { time: 5 }] as const)
  for (const stage of ['waits', 'has begun'] as const)
    test(`from ${JSON.stringify(from)} it gets what others hold of before (it ${stage})`, async () => {
      const { got } = await run(from, stage, 60_000)
      assert.deepEqual(got, ['one', 'new'])
    })

test('it is ready when it stands in the first one, and says where', async () => {
  const { readyAt } = await run('now', 'waits', 60_000)
  assert.deepEqual(readyAt, [1])
})

for (const kind of ['comes before the stream', 'has a cursor'] as const)
  test(`it gets everything also where the log tells of both epochs before the node is known to be current (it ${kind})`, async () => {
    const host = new RemadeStream()
    linkB(host, 0)
    await lead(host.broker)
    const value = toDefinitionValue(definitionOf('leader'))
    const write = (): void => host.broker.handle({ kind: 'write', key: 'stream:orders', value })
    if (kind === 'has a cursor') write()
    const got = kind === 'has a cursor' ? host.subscribe(new Map()) : host.subscribe()
    host.now += 20
    if (kind !== 'has a cursor') write()
    begin(host, seal(host))
    await lead(host.broker)
    await place(host, 'new')
    assert.deepEqual(got, ['one', 'new'])
  })
