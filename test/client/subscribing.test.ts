// What subscribers get: order, holes, gaps and copies, and how subscriptions begin and end.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect, type Message, type SubscribeOptions } from '../../client/index.ts'
import { filterBatch } from '../../node/wire/batch-filter.ts'
import { encodeProgress, encodeSelect } from '../../node/wire/control.ts'
import { batchOf, boot, FakeNode, numbered, origin, streamId } from './fake-node.ts'
import { cursorAt, show, take } from './taking.ts'

test('a message has all that was published with it', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const subscription = await client.subscribe(['a.>', 'b'], { from: 'earliest' })
  assert.deepEqual(node.last.controls[0], {
    op: 'subscribe',
    id: 1,
    patterns: ['a.>', 'b'],
    from: 'earliest',
    name: undefined,
    credit: { messages: 65_536, bytes: 8_388_608 },
  })
  const options = { headers: { trace: 'x', ['__proto__']: 'safe' }, key: 'k', time: 1001.5 }
  node.last.sendFrame(
    batchOf(
      [
        { topic: 'a.b', payload: 'first' },
        { topic: 'b', payload: new Uint8Array([1, 2]), options },
      ],
      5,
    ),
  )
  const messages: Message[] = []
  for await (const delivery of subscription) {
    if (delivery.kind === 'message') messages.push(delivery)
    if (messages.length === 2) break
  }
  const [first, second] = messages
  assert.deepEqual(
    [first?.topic, first?.text(), first?.sequence, first?.stream, first?.origin, first?.time, first?.key],
    ['a.b', 'first', 5, 'default', origin, 1000, undefined],
  )
  assert.deepEqual(Object.entries(first?.headers ?? {}), [])
  assert.deepEqual([second?.topic, second?.key, second?.time], ['b', 'k', 1001.5])
  assert.deepEqual([...(second?.payload ?? [])], [1, 2])
  assert.equal(second?.headers['trace'], 'x')
  assert.equal(Object.getPrototypeOf(second?.headers), null)
})

test('the first is asked for as the earliest, which every node knows', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  await client.subscribe('a', { from: 'first' })
  const [request] = node.last.controls
  assert.equal(request?.op === 'subscribe' && request.from, 'earliest')
})

test('holes of filtered batches are passed over without a gap', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const subscription = await client.subscribe('a')
  const records = ['a', 'x', 'x', 'a', 'x'].map((topic, index) => ({ topic, payload: `m${index + 1}` }))
  const filtered = filterBatch(
    batchOf(records, 1),
    (topic) => topic === 0,
    (bytes) => new Uint8Array(bytes),
  )
  assert.ok(filtered !== undefined)
  node.last.sendFrame(filtered)
  node.last.sendFrame(numbered(6, 1, 'a'))
  assert.deepEqual(await take(subscription, 3), ['1 m1', '4 m4', '6 m6'])
  assert.equal(subscription.cursor, cursorAt(6))
})

test('copies are dropped, also the first half of a batch', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const subscription = await client.subscribe('a.b')
  node.last.sendFrame(numbered(1, 4))
  node.last.sendFrame(numbered(2, 2))
  node.last.sendFrame(numbered(3, 4))
  assert.deepEqual(await take(subscription, 6), ['1 m1', '2 m2', '3 m3', '4 m4', '5 m5', '6 m6'])
})

test('gaps and progress move the position, and gaps are told', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const subscription = await client.subscribe('a.b', { from: { cursor: cursorAt(3) } })
  assert.deepEqual(node.last.controls[0]?.op === 'subscribe' && node.last.controls[0].from, {
    cursor: cursorAt(3),
  })
  node.last.sendFrame(numbered(4, 1))
  node.last.send({ op: 'gap', id: 1, stream: 'default', origin, from: 5, to: 9, reason: 'lost' })
  node.last.sendFrame(encodeProgress({ subscription: 1, stream: streamId, boot, sequence: 20 }))
  node.last.sendFrame(numbered(21, 1))
  assert.deepEqual(await take(subscription, 3), ['4 m4', 'gap 5-9', '21 m21'])
})

test('a node may send before it confirms, and a cursor holds from the first batch on', async () => {
  await using node = await FakeNode.listen()
  node.confirms = false
  await using client = await connect(node.url)
  const subscribing = client.subscribe('a.b', { from: { cursor: cursorAt(3) } })
  await node.until(() => node.last.controls.length === 1)
  node.last.sendFrame(encodeSelect(1))
  node.last.sendFrame(numbered(2, 4))
  node.last.confirm(1, cursorAt(3))
  assert.deepEqual(await take(await subscribing, 2), ['4 m4', '5 m5'])
  await assert.rejects(client.subscribe('a', { from: { cursor: 'mine' } }), { code: 'CURSOR_INVALID' })
})

const violations: [string, (node: FakeNode) => void][] = [
  ['a sequence that skips', (node) => node.last.sendFrame(numbered(3, 1))],
  [
    'a gap that skips',
    (node) => node.last.send({ op: 'gap', id: 1, stream: 'default', origin, from: 9, to: 9, reason: 'lost' }),
  ],
  ['a batch that does not parse', (node) => node.last.sendFrame(numbered(2, 3).subarray(0, 60))],
  ['a frame of an unknown type', (node) => node.last.sendFrame(new Uint8Array([99]))],
  ['a control message that is not JSON', (node) => node.last.sendText('{"op":')],
  ['a second welcome', (node) => node.welcome(node.last)],
  ['a broken acknowledgement', (node) => node.last.sendFrame(new Uint8Array([3, 1]))],
]
for (const [what, misbehave] of violations) {
  test(`${what} closes the connection with 1002, and the client resumes`, async () => {
    await using node = await FakeNode.listen()
    await using client = await connect(node.url, { reconnect: { minMs: 1 } })
    const subscription = await client.subscribe('a.b')
    node.last.sendFrame(numbered(1, 1))
    assert.deepEqual(await take(subscription, 1), ['1 m1'])
    const next = take(subscription, 1)
    const broken = node.last
    misbehave(node)
    await node.until(() => node.last !== broken && node.last.controls.length === 1)
    await node.until(() => broken.closedWith !== undefined)
    assert.equal(broken.closedWith?.status, 1002)
    node.last.sendFrame(numbered(2, 1))
    assert.deepEqual(await next, ['2 m2'])
  })
}

test('leaving the loop unsubscribes', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const subscription = await client.subscribe('a.b')
  node.last.sendFrame(numbered(1, 3))
  for await (const delivery of subscription) {
    assert.equal(show(delivery), '1 m1')
    break
  }
  assert.deepEqual(node.last.controls.at(-1), { op: 'unsubscribe', id: 1 })
  assert.equal(await subscription.closed, undefined)
  assert.equal(client.stats.subscriptions, 0)
})

test('await using unsubscribes, and closing the client ends loops', async () => {
  await using node = await FakeNode.listen()
  const client = await connect(node.url)
  {
    await using scoped = await client.subscribe('a.b', () => {})
    assert.deepEqual(scoped.patterns, ['a.b'])
  }
  assert.deepEqual(node.last.controls.at(-1), { op: 'unsubscribe', id: 1 })
  const subscription = await client.subscribe('a.b')
  const loop = take(subscription, 1)
  await client.close()
  assert.deepEqual(await loop, [])
})

test('two subscriptions on one client keep apart', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const first = await client.subscribe('a')
  node.last.sendFrame(numbered(1, 2, 'a'))
  const second = await client.subscribe('b')
  node.last.sendFrame(numbered(1, 1, 'b'))
  assert.deepEqual(await take(first, 2), ['1 m1', '2 m2'])
  assert.deepEqual(await take(second, 1), ['1 m1'])
})

test('a subscription that the node ends throws in the loop after what had come', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const subscription = await client.subscribe('a.b', { name: 'billing' })
  node.last.sendFrame(numbered(1, 1))
  node.last.send({
    op: 'ended',
    id: 1,
    code: 'SUBSCRIPTION_TAKEN_OVER',
    message: 'by another',
    cursor: cursorAt(1),
  })
  assert.deepEqual(await take(subscription, 1), ['1 m1'])
  await assert.rejects(take(subscription, 1), { code: 'SUBSCRIPTION_TAKEN_OVER' })
  assert.equal((await subscription.closed)?.code, 'SUBSCRIPTION_TAKEN_OVER')
})

test('what the node refuses rejects, and what is invalid is not even asked', async () => {
  await using node = await FakeNode.listen()
  node.confirms = false
  await using client = await connect(node.url)
  const refused = client.subscribe('a')
  await node.until(() => node.last.controls.length === 1)
  node.last.send({ op: 'refused', id: 1, code: 'SUBSCRIPTION_LIMIT', message: 'too many' })
  await assert.rejects(refused, { code: 'SUBSCRIPTION_LIMIT', message: 'too many' })
  await assert.rejects(client.subscribe('a.>.b'), { code: 'PATTERN_INVALID' })
  await assert.rejects(client.subscribe([]), { code: 'PATTERN_INVALID' })
  await assert.rejects(client.subscribe('a', { credit: { messages: 0 } }), { code: 'CONFIG_INVALID' })
  assert.equal(node.last.controls.length, 1)
})

test('where to begin, and how much may be on its way, is checked here: a node closes the connection of whoever asks for anything else', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const wrong = [
    ...[{ offset: 0 }, { offset: 1.5 }, { offset: '7' }, { time: Number.NaN }, { cursor: 7 }, {}],
    ...['yesterday', 7, null],
  ].map((from) => ({ from }))
  const credits = [{ messages: 1.5 }, { bytes: 0.5 }, { bytes: Number.NaN }].map((credit) => ({ credit }))
  const keys = ['', 'ü'.repeat(128), 7].map((key) => ({ queue: 'workers', key }))
  for (const options of [...wrong, ...credits, ...keys]) {
    const [name = ''] = Object.keys(options).slice(-1)
    const expected = { code: 'CONFIG_INVALID', message: new RegExp(`^${name}.* is .*, not `) }
    await assert.rejects(
      client.subscribe('a', options as SubscribeOptions),
      expected,
      JSON.stringify(options),
    )
  }
  assert.deepEqual(node.last.controls, [])
})

test('a signal ends a subscription, before and after it was confirmed', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  await assert.rejects(client.subscribe('a', { signal: AbortSignal.abort(new Error('early')) }), /early/)
  const running = new AbortController()
  const subscription = await client.subscribe('a', { signal: running.signal })
  const loop = take(subscription, 1)
  running.abort(new Error('enough'))
  await assert.rejects(loop, /enough/)
  await subscription.closed
  node.confirms = false
  const waiting = new AbortController()
  const unconfirmed = client.subscribe('a', { signal: waiting.signal })
  await node.until(() => node.last.controls.length === 3)
  waiting.abort(new Error('waited enough'))
  await assert.rejects(unconfirmed, /waited enough/)
})
