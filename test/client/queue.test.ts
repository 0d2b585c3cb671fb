// Members of a queue in the client: what the node sends is handed out as it comes, and what was not begun goes back with the connection.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect } from '../../client/index.ts'
import { FakeNode, numbered } from './fake-node.ts'
import { show } from './taking.ts'

test('a member says its queue and key, and has a credit that keeps moves short', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  await client.subscribe('a.>', { queue: 'workers', key: 'customer', from: { offset: 7 } }, () => undefined)
  assert.deepEqual(node.last.controls[0], {
    op: 'subscribe',
    id: 1,
    patterns: ['a.>'],
    from: { offset: 7 },
    name: undefined,
    queue: 'workers',
    key: 'customer',
    credit: { messages: 1024, bytes: 8_388_608 },
  })
})

test('what comes behind a higher sequence is handed out, and so is what has come before', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const taken: string[] = []
  await client.subscribe('a.>', { queue: 'workers' }, (delivery) => {
    taken.push(show(delivery))
  })
  for (const [first, count] of [
    [20, 2],
    [3, 2],
    [20, 1],
  ] as const)
    node.last.sendFrame(numbered(first, count))
  node.last.send({
    op: 'gap',
    id: 1,
    stream: 'default',
    origin: 'A#39u',
    from: 1,
    to: 2,
    reason: 'retention',
  })
  await node.until(() => node.last.credits.length > 0)
  assert.deepEqual(taken, ['20 m20', '21 m21', '3 m3', '4 m4', '20 m20', 'gap 1-2'])
  assert.equal(node.last.credits.at(-1)?.messages, 5)
})

test('what was not begun is dropped with the connection, and the next one begins behind what is under way', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, { reconnect: { minMs: 1 } })
  const taken: string[] = []
  const begun = Promise.withResolvers<void>()
  const working = Promise.withResolvers<void>()
  await client.subscribe('a.>', { queue: 'workers', from: 'earliest' }, async (delivery) => {
    taken.push(show(delivery))
    if (taken.length !== 2) return
    begun.resolve()
    await working.promise
  })
  node.last.sendFrame(numbered(1, 5))
  await begun.promise
  const reconnected = new Promise<void>((resolve) => client.on('reconnected', () => resolve()))
  node.last.cut()
  await reconnected
  const { controls } = node.last
  assert.equal(controls.length, 0, 'not while a message is worked on')
  working.resolve()
  await node.until(() => controls.length === 1)
  const again = controls[0]
  assert.ok(again?.op === 'subscribe')
  assert.deepEqual([again.queue, again.from], ['workers', 'earliest'])
  node.last.sendFrame(numbered(2, 2))
  await node.until(() => node.last.credits.length > 0)
  assert.deepEqual(taken, ['1 m1', '2 m2', '2 m2', '3 m3'])
  assert.equal(node.last.credits.at(-1)?.messages, 2)
})

test('options that do not go together are refused before anything is sent', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  for (const options of [
    { queue: 'workers', name: 'billing' },
    { key: 'customer' },
    { queue: 'workers', from: { time: 5 } },
    { queue: 'workers', from: { cursor: 'v1.e30' } },
  ])
    await assert.rejects(client.subscribe('a.>', options), { code: 'CONFIG_INVALID' })
  assert.deepEqual(node.last.controls, [])
})
