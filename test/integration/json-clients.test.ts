// herald.json.v1 as a person would use it, with nothing but a WebSocket: publishing, subscribing, and every way to be refused.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Cluster } from './cluster.ts'
import type { ClusterNode } from './cluster-node.ts'
import { RawClient, type Told } from './raw-client.ts'
import { sendFrom, subscribeNodes, untilPassed } from './traffic.ts'
import { until } from './until.ts'

let cluster: Cluster
let a: ClusterNode
let b: ClusterNode

before(async () => {
  cluster = await Cluster.start({ nodes: 2, environment: { HERALD_LIMITS_SUBSCRIPTIONS: '5' } })
  a = cluster.node('A')
  b = cluster.node('B')
})

after(async () => {
  await cluster[Symbol.asyncDispose]()
})

/** Sends one text and returns how the node closed the connection. */
async function endingAfter(
  text: string,
): Promise<{ status: number; reason: string; closing: Told | undefined }> {
  using client = await RawClient.open(a)
  client.webSocket.send(text)
  const ending = await client.ending
  return { ...ending, closing: client.heard('closing')[0] }
}

test('the welcome tells the cluster, the addresses and the limits', async () => {
  using client = await RawClient.open(a)
  const welcome = await client.hear('welcome')
  assert.deepEqual(welcome, {
    op: 'welcome',
    cluster: 'herald',
    node: 'A',
    boot: (await a.status()).origin,
    urls: [a.url, b.url],
    limits: {
      payloadBytesMax: 1_048_576,
      batchRecordsMax: 512,
      batchBytesMax: 65_536,
      inFlightBytesMax: 8_388_608,
      subscriptionsMax: 5,
    },
  })
})

test('text and bytes, headers and key go from one node to the other and back as they were', async () => {
  using publisher = await RawClient.open(a)
  using subscriber = await RawClient.open(b)
  subscriber.say({ op: 'subscribe', id: 3, patterns: ['json.>'] })
  const subscribed = await subscriber.hear('subscribed')
  assert.match(String(subscribed['cursor']), /^v1\./)
  publisher.webSocket.send(
    '{"op":"publish","topic":"json.__proto__","text":"grüße €","id":"one","headers":{"__proto__":"x","b":"ä"},"key":"k","ack":"copies"}',
  )
  publisher.say({
    op: 'publish',
    topic: 'json.bytes',
    base64: Buffer.from([0, 255, 128]).toString('base64'),
    id: 2,
  })
  const published = await publisher.hear('published', { id: 'one' })
  const origin = (await a.status()).origin
  assert.deepEqual(published, {
    op: 'published',
    id: 'one',
    status: 'acknowledged',
    stream: 'default',
    origin,
    sequence: 1,
  })
  const text = await subscriber.hear('message', { topic: 'json.__proto__' })
  assert.equal(typeof text['time'], 'number')
  assert.deepEqual(
    [text['id'], text['text'], text['stream'], text['origin'], text['sequence'], text['key']],
    [3, 'grüße €', 'default', origin, 1, 'k'],
  )
  assert.deepEqual(Object.entries(Object(text['headers'])), [
    ['__proto__', 'x'],
    ['b', 'ä'],
  ])
  const bytes = await subscriber.hear('message', { topic: 'json.bytes' })
  assert.deepEqual([bytes['base64'], bytes['text'], bytes['headers']], ['AP+A', undefined, {}])
  subscriber.say({ op: 'unsubscribe', id: 3 })
  assert.match(String((await subscriber.hear('unsubscribed', { id: 3 }))['cursor']), /^v1\./)
})

test('names of the prototype of objects are topics, headers and subscription names like any other', async () => {
  using client = await RawClient.open(a)
  client.say({ op: 'subscribe', id: 1, patterns: ['proto.>'], name: '__proto__' })
  client.say({ op: 'subscribe', id: 2, patterns: ['proto.>'], name: 'constructor' })
  await client.hear('subscribed', { id: 2 })
  for (const topic of ['proto.__proto__', 'proto.constructor', 'proto.hasOwnProperty'])
    client.say({ op: 'publish', topic, text: topic })
  await until('both have all', () => client.heard('message').length === 6)
  client.say({ op: 'publish', topic: '__proto__', text: 'x', id: 9 })
  assert.equal((await client.hear('published', { id: 9 }))['status'], 'acknowledged')
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
})

test('what cannot be published is refused by its code, and the connection goes on', async () => {
  using client = await RawClient.open(a)
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`h${index}`, 'x']))
  const refused: readonly (readonly [string, object, RegExp])[] = [
    ['TOPIC_INVALID', { topic: 'a..b', text: 'x' }, /a\.\.b/],
    ['TOPIC_INVALID', { topic: 'a.*', text: 'x' }, /a\.\*/],
    ['TOPIC_INVALID', { topic: 't'.repeat(65_536), text: 'x' }, /65536|255/],
    ['HEADERS_TOO_LARGE', { topic: 'a.b', text: 'x', headers: many }, /65 headers, at most 64/],
    ['HEADERS_TOO_LARGE', { topic: 'a.b', text: 'x', headers: { a: 'x'.repeat(16_385) } }, /16384/],
    ['HEADERS_TOO_LARGE', { topic: 'a.b', text: 'x', headers: { a: 1 } }, /header a is not a text/],
    ['KEY_TOO_LARGE', { topic: 'a.b', text: 'x', key: 'k'.repeat(256) }, /255/],
    ['PAYLOAD_TOO_LARGE', { topic: 'a.b', text: 'x'.repeat(1_048_577) }, /1048577 bytes, at most 1048576/],
    ['PAYLOAD_TOO_LARGE', { topic: 'a.b', text: '€'.repeat(350_000) }, /1050000 bytes, at most 1048576/],
    ['CONTROL_MALFORMED', { topic: 5, text: 'x' }, /topic/],
    ['CONTROL_MALFORMED', { topic: 'a.b' }, /text and base64/],
    ['CONTROL_MALFORMED', { topic: 'a.b', base64: '%%%' }, /text and base64/],
    ['CONTROL_MALFORMED', { topic: 'a.b', text: 'x', base64: 'eA==' }, /one of text and base64/],
    ['CONTROL_MALFORMED', { topic: 'a.b', text: 'x', ack: 'some' }, /ack/],
  ]
  const before = await a.counter('publishesRefused')
  for (const [index, [code, fields, words]] of refused.entries()) {
    client.say({ op: 'publish', id: index, ...fields })
    const answer = await client.hear('published', { id: index })
    assert.deepEqual([answer['status'], answer['code']], ['refused', code], JSON.stringify(answer))
    assert.match(String(answer['message']), words)
  }
  assert.equal(await a.counter('publishesRefused'), before + refused.length)
  client.say({ op: 'publish', topic: 'a.b', text: 'x'.repeat(1_048_576), id: 'largest' })
  assert.equal((await client.hear('published', { id: 'largest' }))['status'], 'acknowledged')
})

test('what cannot be subscribed is refused by its code, and the connection goes on', async () => {
  using client = await RawClient.open(a)
  const refused: readonly (readonly [string, object])[] = [
    ['PATTERN_INVALID', { patterns: ['a.>.b'] }],
    ['PATTERN_INVALID', { patterns: ['ok', ''] }],
    ['SUBSCRIPTION_NAME_INVALID', { patterns: ['a'], name: 'two words' }],
    ['CURSOR_INVALID', { patterns: ['a'], from: { cursor: 'v1.e30x' } }],
    ['CURSOR_INVALID', { patterns: ['a'], from: { cursor: 'v2.e30' } }],
  ]
  for (const [index, [code, fields]] of refused.entries()) {
    client.say({ op: 'subscribe', id: index + 1, ...fields })
    assert.equal((await client.hear('refused', { id: index + 1 }))['code'], code)
  }
  for (let id = 11; id <= 15; id++) client.say({ op: 'subscribe', id, patterns: ['a'] })
  client.say({ op: 'subscribe', id: 11, patterns: ['a'] })
  assert.equal((await client.hear('refused', { id: 11 }))['code'], 'SUBSCRIPTION_ID_USED')
  client.say({ op: 'subscribe', id: 16, patterns: ['a'] })
  assert.equal((await client.hear('refused', { id: 16 }))['code'], 'SUBSCRIPTION_LIMIT')
  client.say({ op: 'unsubscribe', id: 11 })
  await client.hear('unsubscribed', { id: 11 })
  client.say({ op: 'subscribe', id: 17, patterns: ['a'] })
  await client.hear('subscribed', { id: 17 })
})

test('texts that are not of the protocol close with 1008 and the reason', async () => {
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
  const texts = [
    'hello',
    '',
    '[]',
    '"text"',
    'null',
    '{"op":"dance"}',
    '{"op":"__proto__"}',
    '{"op":"subscribe"}',
    '{"op":"subscribe","id":0,"patterns":["a"]}',
    '{"op":"subscribe","id":1,"patterns":[]}',
    '{"op":"subscribe","id":1,"patterns":"a"}',
    '{"op":"subscribe","id":1,"patterns":["a"],"from":"yesterday"}',
    '{"op":"subscribe","id":1,"patterns":["a"],"credit":{"messages":-1,"bytes":1}}',
    '{"op":"subscribe","id":1,"patterns":["a"],"credit":{"bytes":1}}',
    '{"op":"credit","id":"1","messages":1}',
    '{"op":"publish"',
    deep,
    `{"op":"publish","topic":"a.b","text":"x","id":${deep}}`,
    `{"id":${deep},"op":"publish","topic":"a.b","text":"x"}`,
    `{"op":${deep}}`,
    `{"op":"subscribe","id":1,"patterns":${deep}}`,
    `{"op":"subscribe","id":${deep},"patterns":["a"]}`,
  ]
  const before = await a.counter('protocolErrors')
  for (const text of texts) {
    const { status, reason, closing } = await endingAfter(text)
    assert.equal(status, 1008, `${text.slice(0, 80)}: ${reason}`)
    assert.match(reason, /^CONTROL_MALFORMED: /)
    assert.equal(closing?.['code'], 'CONTROL_MALFORMED')
  }
  assert.equal(await a.counter('protocolErrors'), before + texts.length)
})

test('a deep value where any is ignored costs nothing', async () => {
  using client = await RawClient.open(a)
  const deep = `${'[{"a":'.repeat(5000)}1${'}]'.repeat(5000)}`
  client.webSocket.send(`{"op":"publish","topic":"deep.x","text":"x","id":1,"more":${deep}}`)
  assert.equal((await client.hear('published', { id: 1 }))['status'], 'acknowledged')
  client.webSocket.send(`{"op":"publish","topic":"deep.x","text":"x","id":2,"headers":${deep}}`)
  assert.equal((await client.hear('published', { id: 2 }))['code'], 'HEADERS_TOO_LARGE')
})

test('a binary message closes with 1002', async () => {
  using client = await RawClient.open(a)
  client.webSocket.send(Buffer.from([1, 2, 3]))
  const { status, reason } = await client.ending
  assert.equal(status, 1002)
  assert.match(reason, /^FRAME_UNKNOWN: /)
})

test('credit bounds a JSON subscription, and without credit a named one keeps its place', async () => {
  using client = await RawClient.open(a)
  client.say({ op: 'subscribe', id: 1, patterns: ['metered.>'], credit: { messages: 3, bytes: 1_000_000 } })
  client.say({ op: 'subscribe', id: 2, patterns: ['metered.>'], name: 'json-reader' })
  await client.hear('subscribed', { id: 2 })
  for (let index = 0; index < 10; index++)
    client.say({ op: 'publish', topic: 'metered.x', text: String(index) })
  const texts = (of: RawClient, id: number): unknown[] =>
    of.heard('message').flatMap((message) => (message['id'] === id ? [message['text']] : []))
  await until('the unmetered one has all', () => texts(client, 2).length === 10)
  assert.deepEqual(texts(client, 1), ['0', '1', '2'])
  client.say({ op: 'credit', id: 1, messages: 2 })
  await until('two more came', () => texts(client, 1).length === 5)
  client.webSocket.close()
  await client.ending
  await sendFrom([b], 'metered.x', 2)
  using again = await RawClient.open(b)
  again.say({ op: 'subscribe', id: 5, patterns: ['metered.>'], name: 'json-reader' })
  await until('what came meanwhile is there', () => texts(again, 5).length >= 2)
  assert.deepEqual(
    texts(again, 5),
    ['message #1', 'message #2'].map((text) => text.replace('message', 'from B')),
  )
})

test('what retention has dropped is told as a gap', async () => {
  await a.admin.putStream('short', { topics: ['short.>'], retention: { bytes: 65_536 }, copies: 0 })
  await subscribeNodes([a], 'short.>')
  using early = await RawClient.open(a)
  early.say({ op: 'subscribe', id: 1, patterns: ['short.>'] })
  const { cursor } = await early.hear('subscribed')
  await sendFrom([a], `short.${'x'.repeat(100)}`, 20_000)
  await untilPassed([a], 20_000, { stream: 'short' })
  using late = await RawClient.open(a)
  late.say({ op: 'subscribe', id: 1, patterns: ['short.>'], from: { cursor } })
  const gap = await late.hear('gap')
  const first = await late.hear('message')
  assert.deepEqual([gap['id'], gap['stream'], gap['from'], gap['reason']], [1, 'short', 1, 'retention'])
  assert.equal(gap['origin'], (await a.status()).origin)
  assert.equal(first['sequence'], Number(gap['to']) + 1)
})

test('a publish that asks for no acknowledgement is answered when it was taken over, or refused', async () => {
  using client = await RawClient.open(a)
  client.say({ op: 'publish', topic: 'json.none', text: 'x', id: 1, ack: 'none' })
  client.say({ op: 'publish', topic: 'json..none', text: 'x', id: 2, ack: 'none' })
  assert.deepEqual(await client.hear('published', { id: 1 }), { op: 'published', id: 1, status: 'sent' })
  const refused = await client.hear('published', { id: 2 })
  assert.deepEqual([refused['status'], refused['code']], ['refused', 'TOPIC_INVALID'])
})

test('ten thousand publishes without acknowledgement leave room for more', async () => {
  using client = await RawClient.open(a)
  for (let id = 1; id <= 10_000; id++) {
    client.say({ op: 'publish', topic: 'json.none', text: 'x', id, ack: 'none' })
  }
  client.say({ op: 'publish', topic: 'json.none', text: 'x', id: 'last' })
  const last = await client.hear('published', { id: 'last' })
  assert.equal(last['status'], 'acknowledged')
})

test('from the first a subscription gets what is retained', async () => {
  using client = await RawClient.open(a)
  client.say({ op: 'publish', id: 1, topic: 'beginnings.a', text: 'one' })
  await client.hear('published')
  client.say({ op: 'subscribe', id: 3, patterns: ['beginnings.>'], from: 'first' })
  assert.equal((await client.hear('message'))['text'], 'one')
})
