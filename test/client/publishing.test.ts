// How publications travel: batching, order, and what is refused before it is sent.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect } from '../../client/index.ts'
import { browserEnvironment } from '../../client/transport-browser.ts'
import { nodeEnvironment } from '../../client/transport-node.ts'
import { batchBaseTime, batchCount, publishAckLevel, publishNumber } from '../../node/wire/batch-header.ts'
import { FakeNode, origin, streamId } from './fake-node.ts'
import { recordsOf } from './sent-records.ts'

test('a publication is acknowledged with its stream, origin and sequence', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  await client.subscribe('other')
  const receipts = [client.publish('a.b', 'one'), client.publish('a.b', 'two')]
  assert.equal(receipts[1]?.result, undefined)
  const results = await Promise.all(receipts)
  const unordered = { offset: undefined, epoch: undefined }
  const expected = { status: 'acknowledged', stream: 'default', origin, ...unordered } as const
  assert.deepEqual(results, [
    { ...expected, sequence: 1 },
    { ...expected, sequence: 2 },
  ])
  assert.deepEqual(receipts[1]?.result, { ...expected, sequence: 2 })
})

test('runs of an acknowledgement are assigned to the records in order', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url)
  const receipts = ['a', 'b', 'c'].map((topic) => client.publish(topic, ''))
  await node.until(() => node.last.frames.length === 1)
  node.last.acknowledge([
    {
      status: 'stored',
      publish: 1,
      runs: [
        { records: 1, stream: streamId, boot: 4242 as never, first: 7, epoch: 0, offset: 0 },
        { records: 2, stream: streamId, boot: 4242 as never, first: 20, epoch: 3, offset: 60 },
      ],
    },
  ])
  const places = (await Promise.all(receipts)).map((result) => {
    return result.status === 'acknowledged' ? [result.sequence, result.epoch, result.offset] : undefined
  })
  assert.deepEqual(places, [
    [7, undefined, undefined],
    [20, 3, 60],
    [21, 3, 61],
  ])
})

test('everything published in one turn goes out in one frame, in order', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  for (let index = 0; index < 100; index++) client.publish(index % 2 === 0 ? 'even' : 'odd', `m${index}`)
  await Promise.resolve()
  client.publish('late', 'in the same turn')
  await client.flush()
  assert.equal(node.last.frames.length, 1)
  const sent = recordsOf(node.last.frames[0] as Uint8Array)
  assert.equal(sent.length, 101)
  assert.deepEqual(
    sent.slice(0, 3).map((record) => `${record.topic} ${record.text}`),
    ['even m0', 'odd m1', 'even m2'],
  )
  assert.equal(sent[100]?.topic, 'late')
})

test('a batch ends at 512 records and at 64 KiB', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  for (let index = 0; index < 1025; index++) client.publish('a', 'x')
  await client.flush()
  assert.deepEqual(node.last.frames.map(batchCount), [512, 512, 1])
  node.last.frames.length = 0
  for (let index = 0; index < 100; index++) client.publish('a', new Uint8Array(2000))
  await client.flush()
  assert.ok(node.last.frames.every((frame) => frame.length <= 65_536))
  assert.ok(node.last.frames.length <= 4)
  const numbers = node.last.frames.map(publishNumber)
  assert.deepEqual(numbers, [4, 5, 6, 7].slice(0, numbers.length))
})

test('messages of up to 1 MiB pass, also of text that takes three bytes a character', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const results = await Promise.all([
    client.publish('a', new Uint8Array(1_048_576).fill(1)),
    client.publish('a', '€'.repeat(349_525)),
    client.publish('a', 'small'),
  ])
  assert.deepEqual(
    results.map((result) => result.status),
    ['acknowledged', 'acknowledged', 'acknowledged'],
  )
  const sent = node.last.frames.flatMap((frame) => recordsOf(frame))
  assert.deepEqual(
    sent.map((record) => record.text.length),
    [1_048_576, 349_525, 5],
  )
})

test('headers, keys and times arrive as they were given', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  client.publish('a', '1', { headers: { trace: 'abc', ünicode: '€' }, key: 'k1', time: 5000 })
  client.publish('a', '2', { time: 5000.5 })
  client.publish('a', '3', { time: 4000 })
  await client.flush()
  const [first, second] = node.last.frames
  assert.deepEqual(recordsOf(first as Uint8Array), [
    { topic: 'a', text: '1', headers: { trace: 'abc', ünicode: '€' }, key: 'k1', time: 5000 },
    { topic: 'a', text: '2', headers: {}, key: '', time: 5000.5 },
  ])
  assert.equal(batchBaseTime(second as Uint8Array), 4000)
})

test('a publication without a time does not inherit the old one of its batch', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const before = Date.now() - 5
  client.publish('a', '1', { time: before - 60_000 })
  client.publish('a', '2')
  await client.flush()
  const [, second] = recordsOf(node.last.frames[0] as Uint8Array)
  assert.ok((second?.time ?? 0) >= before)
})

test('a change of the acknowledgement level closes the open batch', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const none = client.publish('a', '1', { ack: 'none' })
  client.publish('a', '2', { ack: 'copies' })
  client.publish('a', '3', { ack: 'copies' })
  client.publish('a', '4')
  await client.flush()
  assert.deepEqual(node.last.frames.map(publishAckLevel), ['none', 'copies', 'local'])
  assert.deepEqual(await none, { status: 'sent' })
})

test('what is not valid is refused in the receipt and nothing is sent', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const failed: string[] = []
  client.on('refused', (event) => failed.push(`${event.messages} ${event.code}`))
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`h${index}`, '']))
  const receipts = [
    client.publish('', ''),
    client.publish('a..b', ''),
    client.publish('a.*', ''),
    client.publish(undefined as never, ''),
    client.publish('a', new Uint8Array(1_048_577)),
    client.publish('a', '€'.repeat(349_526)),
    client.publish('a', '', { key: 'k'.repeat(256) }),
    client.publish('a', '', { headers: many }),
    client.publish('a', '', { headers: { a: 'x'.repeat(16_384) } }),
    client.publish('a', '', { headers: { ['n'.repeat(256)]: '' } }),
  ]
  const results = await Promise.all(receipts)
  assert.deepEqual(
    results.map((result) => (result.status === 'refused' ? result.code : result.status)),
    [
      ...Array(4).fill('TOPIC_INVALID'),
      ...Array(2).fill('PAYLOAD_TOO_LARGE'),
      'KEY_TOO_LARGE',
      ...Array(3).fill('HEADERS_TOO_LARGE'),
    ],
  )
  await client.publish('a', 'valid')
  assert.equal(node.last.frames.length, 1)
  assert.equal(client.stats.refused, 10)
  assert.deepEqual(failed, [
    '4 TOPIC_INVALID',
    '2 PAYLOAD_TOO_LARGE',
    '1 KEY_TOO_LARGE',
    '3 HEADERS_TOO_LARGE',
  ])
})

test('arguments of a wrong type throw', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  assert.throws(() => client.publish('a', [1, 2] as never), TypeError)
  assert.throws(() => client.publish('a', '', { key: 7 as never }), TypeError)
  assert.throws(() => client.publish('a', '', { headers: { a: 7 as never } }), TypeError)
  assert.throws(() => client.publish('a', '', { time: Number.NaN }), RangeError)
  assert.throws(() => client.publish('a', '', { ack: 'all' as 'none' }), RangeError)
})

test('publishBatch keeps the order and takes more than the buffer holds', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, { inFlightBytesMax: 10_000 })
  const messages = Array.from({ length: 100 }, (_, index) => ({
    topic: 'a',
    payload: `${index} ${'x'.repeat(1000)}`,
  }))
  const results = await client.publishBatch(messages, { ack: 'copies' })
  assert.equal(results.length, 100)
  assert.ok(results.every((result) => result.status === 'acknowledged'))
  const sent = node.last.frames.flatMap((frame) => recordsOf(frame))
  assert.deepEqual(
    sent.map((record) => Number.parseInt(record.text, 10)),
    messages.map((_, index) => index),
  )
})

test('a payload may be reused after publish', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const payload = new Uint8Array([65, 65])
  client.publish('a', payload)
  payload.fill(66)
  await client.flush()
  assert.equal(recordsOf(node.last.frames[0] as Uint8Array)[0]?.text, 'AA')
})

test('a deadline of one publication that no timer can keep throws, and the longest one works', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  for (const deadlineMs of [0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '10' as never]) {
    assert.throws(() => client.publish('a', '', { deadlineMs }), {
      name: 'RangeError',
      message: `deadlineMs is ${deadlineMs}, not 1..3600000`,
    })
  }
  const result = await client.publish('a', '', { deadlineMs: 3_600_000 })
  assert.equal(result.status, 'acknowledged')
})

for (const [name, environment] of [
  ['Node', nodeEnvironment()],
  ['browser', browserEnvironment()],
] as const) {
  test(`the ${name} environment caps a timer instead of calling back at once`, async () => {
    const calls: string[] = []
    const cancel = environment.startTimer(2 ** 40, () => calls.push('too early'))
    await new Promise<void>((resolve) => environment.startTimer(20, resolve))
    cancel()
    environment.dispose()
    assert.deepEqual(calls, [])
  })
}

test('a signal calls publishBatch off while it waits, and nothing more is published', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url, { inFlightBytesMax: 1024 })
  const abort = new AbortController()
  const publications = Array.from({ length: 100 }, () => ({ topic: 'a', payload: 'x'.repeat(500) }))
  const waiting = client.publishBatch(publications, { signal: abort.signal })
  const { published } = client.stats
  assert.ok(published < 100)
  abort.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  await assert.rejects(client.publishBatch(publications, { signal: abort.signal }), /enough/)
  assert.equal(client.stats.published, published)
  await client.close()
})

test('a signal calls waiting for a drain off, and the drain goes on', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  const client = await connect(node.url)
  await assert.rejects(client.drain({ signal: AbortSignal.abort(new Error('before')) }), /before/)
  assert.equal(client.state, 'connected')
  const receipt = client.publish('a', 'x')
  const abort = new AbortController()
  const drained = client.drain({ signal: abort.signal })
  abort.abort(new Error('enough'))
  await assert.rejects(drained, /enough/)
  assert.equal(client.state, 'draining')
  await client.close()
  assert.equal((await receipt).status, 'unknown')
})
