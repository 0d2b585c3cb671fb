// What becomes of publications: batching, order, limits and every outcome.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect, type PublishResult } from '../../client/index.ts'
import { batchBaseTime, batchCount, publishAckLevel, publishNumber } from '../../node/wire/batch-header.ts'
import { BatchReader, readHeaders, readTopics } from '../../node/wire/batch-reader.ts'
import { readText } from '../../node/wire/text.ts'
import { FakeNode, origin, streamId } from './fake-node.ts'

interface Sent {
  readonly topic: string
  readonly text: string
  readonly headers: Record<string, string>
  readonly key: string
  readonly time: number
}

function recordsOf(frame: Uint8Array): Sent[] {
  const read = readTopics(frame)
  assert.ok('topics' in read)
  const reader = new BatchReader()
  reader.open(frame)
  const sent: Sent[] = []
  while (reader.next()) {
    sent.push({
      topic: read.topics[reader.topicIndex] ?? '',
      text: readText(frame.subarray(reader.payloadStart, reader.payloadEnd)),
      headers: { ...readHeaders(frame, reader.headersStart, reader.headersEnd) },
      key: readText(frame.subarray(reader.keyStart, reader.keyEnd)),
      time: reader.time,
    })
  }
  assert.equal(reader.problem, undefined)
  return sent
}

test('a publication is acknowledged with its stream, origin and sequence', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  await client.subscribe('other')
  const receipts = [client.publish('a.b', 'one'), client.publish('a.b', 'two')]
  assert.equal(receipts[1]?.result, undefined)
  const results = await Promise.all(receipts)
  const expected = { status: 'acknowledged', stream: 'default', origin } as const
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
        { records: 1, stream: streamId, boot: 4242 as never, first: 7 },
        { records: 2, stream: streamId, boot: 4242 as never, first: 20 },
      ],
    },
  ])
  const results = await Promise.all(receipts)
  const sequences = results.map((result) => (result.status === 'acknowledged' ? result.sequence : undefined))
  assert.deepEqual(sequences, [7, 20, 21])
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
      ...Array(3).fill('TOPIC_INVALID'),
      ...Array(2).fill('PAYLOAD_TOO_LARGE'),
      'KEY_TOO_LARGE',
      ...Array(3).fill('HEADERS_TOO_LARGE'),
    ],
  )
  await client.publish('a', 'valid')
  assert.equal(node.last.frames.length, 1)
  assert.equal(client.stats.refused, 9)
  assert.deepEqual(failed, [
    '3 TOPIC_INVALID',
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
})

test('a refusal of the node carries its code and reason', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url)
  const receipt = client.publish('a', '')
  await node.until(() => node.last.frames.length === 1)
  node.last.acknowledge([{ status: 'refused', publish: 1, reason: 'NODE_DRAINING: going down' }])
  assert.deepEqual(await receipt, { status: 'refused', code: 'NODE_DRAINING', reason: 'going down' })
})

test('a level that was not reached in time ends as unknown', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url)
  const receipt = client.publish('a', '', { ack: 'copies' })
  await node.until(() => node.last.frames.length === 1)
  node.last.acknowledge([{ status: 'unknown', publish: 1, runs: [] }])
  const result = await receipt
  assert.equal(result.status === 'unknown' && result.code, 'COPIES_TIMEOUT')
})

test('no acknowledgement before the deadline ends as unknown, and a late one changes nothing', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url)
  const events: string[] = []
  client.on('unknown', (event) => events.push(event.code))
  const late = client.publish('a', 'short', { deadlineMs: 20 })
  const patient = client.publish('a', 'long')
  const result = await late
  assert.equal(result.status === 'unknown' && result.code, 'PUBLISH_UNKNOWN')
  assert.equal(patient.result, undefined)
  assert.deepEqual(events, ['PUBLISH_UNKNOWN'])
  node.last.acknowledge([
    { status: 'stored', publish: 1, runs: [] },
    { status: 'stored', publish: 2, runs: [] },
  ])
  assert.equal((await patient).status, 'acknowledged')
  assert.equal(late.result?.status, 'unknown')
  assert.equal(client.stats.heldBytes, 0)
})

test('a break after sending ends as unknown; what was not sent goes out after reconnecting', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url, { reconnect: { minMs: 1 } })
  const sent = client.publish('a', 'sent')
  await node.until(() => node.last.frames.length === 1)
  node.last.cut()
  const result = await sent
  assert.equal(result.status === 'unknown' && result.code, 'PUBLISH_UNKNOWN')
  node.acknowledges = true
  assert.equal((await client.publish('a', 'queued')).status, 'acknowledged')
  assert.equal(node.connections.length, 2)
  assert.deepEqual(node.last.frames.map(publishNumber), [1])
})

test('what cannot be sent before its deadline is refused as not stored', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, { reconnect: { minMs: 60_000, maxMs: 60_000 } })
  const gone = new Promise((resolve) => client.on('disconnected', resolve))
  node.last.cut()
  await gone
  const result = await client.publish('a', '', { deadlineMs: 10 })
  assert.equal(result.status === 'refused' && result.code, 'CLIENT_DISCONNECTED')
  await client.close()
})

test('over twice the in-flight limit publishing is refused, and writable tells when it is wise again', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url, { inFlightBytesMax: 10_000 })
  const results: (PublishResult | undefined)[] = []
  for (let index = 0; index < 30; index++) results.push(client.publish('a', new Uint8Array(1000)).result)
  const refused = results.filter((result) => result?.status === 'refused')
  assert.ok(refused.length >= 10 && refused.length <= 12, `${refused.length} were refused`)
  assert.ok(refused.every((result) => result?.status === 'refused' && result.code === 'CLIENT_BUFFER_FULL'))
  await node.until(() => node.last.frames.length === 1)
  assert.equal(client.saturated, true)
  const writable = client.writable()
  const abort = AbortSignal.abort(new Error('enough'))
  await assert.rejects(client.writable({ signal: abort }), /enough/)
  node.last.acknowledge([{ status: 'stored', publish: 1, runs: [] }])
  await writable
  assert.equal(client.saturated, false)
})

test("the node's limit of bytes in flight is kept", async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  node.inFlightBytesMax = 5000
  await using client = await connect(node.url)
  const receipts = Array.from({ length: 4 }, (_, index) =>
    client.publish('a', new Uint8Array(2000), { ack: index % 2 === 0 ? 'local' : 'copies' }),
  )
  await node.until(() => node.last.frames.length === 2)
  node.last.acknowledge([{ status: 'stored', publish: 1, runs: [] }])
  await node.until(() => node.last.frames.length === 3)
  for (const publish of [2, 3]) node.last.acknowledge([{ status: 'stored', publish, runs: [] }])
  await node.until(() => node.last.frames.length === 4)
  node.last.acknowledge([{ status: 'stored', publish: 4, runs: [] }])
  assert.ok((await Promise.all(receipts)).every((result) => result.status === 'acknowledged'))
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

test('close makes what was sent unknown, refuses what was not, and refuses what comes after', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  const client = await connect(node.url)
  const sent = client.publish('a', '1')
  await node.until(() => node.last.frames.length === 1)
  const closing = client.close()
  const after = client.publish('a', '2')
  await closing
  assert.equal((await sent).status, 'unknown')
  const result = await after
  assert.equal(result.status === 'refused' && result.code, 'CLIENT_CLOSED')
  await client.writable()
  await client.flush()
  assert.equal(client.state, 'closed')
})

test('drain waits for outcomes before it closes', async () => {
  await using node = await FakeNode.listen()
  const client = await connect(node.url)
  const receipt = client.publish('a', '1')
  const draining = client.drain()
  assert.equal(client.publish('a', '2').result?.status, 'refused')
  await draining
  assert.equal(receipt.result?.status, 'acknowledged')
  await node.until(() => node.last.closedWith !== undefined)
  assert.equal(node.last.closedWith?.status, 1000)
})
