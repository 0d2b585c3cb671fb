// Durable subscriptions against a real node: whoever leaves in the middle goes on there, as often as they like.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect } from '../../client/index.ts'
import { RealCluster } from './real-cluster.ts'
import { take } from './taking.ts'

const numbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index)

test('reads one batch in parts, over several connections, without leaving anything out', async () => {
  await using cluster = await RealCluster.start(['A'])
  await using publisher = await connect(cluster.url('A'))
  const publications = numbers(1, 400).map((number) => ({ topic: 'a.b', payload: `m${number}` }))
  const read = async (count: number): Promise<string[]> => {
    await using client = await connect(cluster.url('A'))
    const options = { name: 'billing', from: 'earliest', credit: { messages: 1000 } } as const
    const subscription = await client.subscribe('a.b', options)
    const taken = await take(subscription, count)
    await subscription.unsubscribe()
    return taken
  }
  await publisher.publishBatch(publications)
  const seen: string[] = []
  const starts: number[] = []
  for (const count of [50, 50, 50, 60, 70]) {
    const taken = await read(count)
    starts.push(Number.parseInt(taken[0] ?? '', 10))
    seen.push(...taken)
  }
  // The iterator that is left does not tell that its last message was worked on, so that one comes again.
  const told = [...new Set(seen.map((text) => Number.parseInt(text, 10)))]
  assert.deepEqual(told, numbers(1, told.length))
  assert.deepEqual(starts, [1, 50, 99, 148, 207])
})
