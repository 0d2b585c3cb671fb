// Named producers: how they number, what is sent again after a connection broke, and how a retry is told.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect, type PublishReceipt } from '../../client/index.ts'
import { batchCount, publishNumber } from '../../node/wire/batch-header.ts'
import { batchProducer } from '../../node/wire/batch-producer.ts'
import type { AcknowledgedRun } from '../../node/wire/control.ts'
import { boot, type FakeConnection, FakeNode, origin, streamId } from './fake-node.ts'
import { recordsOf } from './sent-records.ts'

const quick = { reconnect: { minMs: 1 } } as const

/** Producer, sequences and texts of every publish that came on a connection. */
function sentOn({ frames }: FakeConnection): string[] {
  return frames.map((frame) => {
    const { name = '-', sequence = 0 } = batchProducer(frame) ?? {}
    const texts = recordsOf(frame).map(({ text }) => text)
    return `${name} ${sequence}+${batchCount(frame)} ${texts.join('')}`
  })
}

const run = (fields: Partial<AcknowledgedRun>): AcknowledgedRun => {
  return { records: 1, stream: streamId, boot, first: 1, epoch: 1, offset: 1, ...fields }
}

test('a producer that nobody remembers is a new one each time, and numbers from 1 on', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const [one, other] = [client.producer('p'), client.producer('p')]
  for (const { name } of [one, other]) assert.match(name, /^p\.[0-9a-z]{10}$/)
  assert.notEqual(one.name, other.name)
  const first = one.publish('t', 'a')
  assert.deepEqual([first.producerSequence, one.next, other.next], [1, 2, 1])
  one.publish('t', 'a', { sequence: 1 })
  one.publish('t', 'b', { sequence: 2 })
  const invalid = { code: 'PRODUCER_INVALID', message: /sequence 4 was not given by p\..*made without next/ }
  assert.throws(() => one.publish('t', 'c', { sequence: 4 }), invalid)
  await client.flush()
  assert.deepEqual(sentOn(node.last), [`${one.name} 1+1 a`, `${one.name} 1+2 ab`])
})

test('a producer that is remembered goes on where it is told, under its own name', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const told = client.producer('told', { next: 7 })
  const receipts = ['a', 'b', 'c'].map((text) => told.publish('t', text))
  assert.deepEqual(
    [told.name, told.next, ...receipts.map(({ producerSequence }) => producerSequence)],
    ['told', 10, 7, 8, 9],
  )
  assert.equal(client.publish('t', 'x').producerSequence, undefined)
  await Promise.all(receipts)
  await client.flush()
  assert.deepEqual(sentOn(node.last), ['told 7+3 abc', '- 0+1 x'])
})

test('a batch is of one producer, and of sequences that follow one another', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const [p, q] = [client.producer('p', { next: 1 }), client.producer('q', { next: 1 })]
  p.publish('t', 'a')
  p.publish('t', 'b')
  q.publish('t', 'c')
  p.publish('t', 'd')
  p.publish('t', 'e', { sequence: 10 })
  p.publish('t', 'f')
  p.publish('t', 'g', { sequence: 5 })
  p.publish('t', 'h')
  client.publish('t', 'i')
  await client.flush()
  assert.deepEqual(sentOn(node.last), [
    'p 1+2 ab',
    'q 1+1 c',
    'p 3+1 d',
    'p 10+2 ef',
    'p 5+1 g',
    'p 12+1 h',
    '- 0+1 i',
  ])
})

test('what is unanswered when the connection breaks is sent again, first and in order, under the same sequences', async () => {
  await using node = await FakeNode.listen()
  await using other = await FakeNode.listen()
  node.acknowledges = false
  node.urls = [node.url, other.url]
  await using client = await connect(node.url, quick)
  const producer = client.producer('p', { next: 1 })
  const receipts: PublishReceipt[] = []
  for (const text of ['a', 'b', 'c']) {
    receipts.push(producer.publish('t', text))
    await node.until(() => node.last.frames.length === receipts.length)
  }
  const unnamed = client.publish('t', 'x')
  await node.until(() => node.last.frames.length === 4)
  node.last.acknowledge([{ status: 'stored', publish: 2, runs: [run({})] }])
  assert.equal((await receipts[1])?.status, 'acknowledged')
  await node[Symbol.asyncDispose]()
  assert.equal((await unnamed).status, 'unknown')
  receipts.push(producer.publish('t', 'd'))
  const results = await Promise.all(receipts)
  assert.ok(results.every(({ status }) => status === 'acknowledged'))
  assert.deepEqual(sentOn(other.last), ['p 1+1 a', 'p 3+1 c', 'p 4+1 d'])
  assert.deepEqual(other.last.frames.map(publishNumber), [1, 2, 3])
  assert.equal(client.stats.heldBytes, 0)
})

test('copies are acknowledged as such, with the place of the first one as far as it is known', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url)
  await client.subscribe('other')
  const producer = client.producer('p', { next: 1 })
  const receipts = ['a', 'b', 'c'].map((text) => producer.publish('t', text))
  await node.until(() => node.last.frames.length === 1)
  const runs = [
    run({ boot: 0 as never, first: 0, epoch: 0, offset: 0, isDuplicate: true }),
    run({ first: 20, epoch: 3, offset: 60, isDuplicate: true }),
    run({ first: 21, epoch: 3, offset: 61 }),
  ]
  node.last.acknowledge([{ status: 'stored', publish: 1, runs }])
  const results = await Promise.all(receipts)
  const unknown = { origin: undefined, sequence: undefined, offset: undefined, epoch: undefined }
  const common = { status: 'acknowledged', stream: 'default', origin } as const
  assert.deepEqual(results, [
    { ...common, ...unknown, duplicate: true },
    { ...common, sequence: 20, offset: 60, epoch: 3, duplicate: true },
    { ...common, sequence: 21, offset: 61, epoch: 3 },
  ])
})

test('what ended as unknown is published again by its sequence, and takes no new number', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url)
  const producer = client.producer('p', { next: 1 })
  const receipt = producer.publish('t', 'a', { deadlineMs: 20 })
  const result = await receipt
  assert.equal(result.status, 'unknown')
  node.acknowledges = true
  const again = producer.publish('t', 'a', { sequence: receipt.producerSequence })
  assert.equal((await again).status, 'acknowledged')
  assert.equal(producer.next, 2)
  assert.deepEqual(sentOn(node.last), ['p 1+1 a', 'p 1+1 a'])
})

test('what was sent on a connection that broke ends as unknown, whatever becomes of the next attempt', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url, { reconnect: { minMs: 1, maxMs: 1 } })
  const events: string[] = []
  for (const name of ['refused', 'unknown'] as const)
    client.on(name, ({ code, messages }) => events.push(`${name} ${messages} ${code}`))
  const producer = client.producer('p', { next: 1 })
  const refused = producer.publish('t', 'a')
  await node.until(() => node.last.frames.length === 1)
  node.last.cut()
  await node.until(() => node.connections.length === 2 && node.last.frames.length === 1)
  node.last.acknowledge([{ status: 'refused', publish: 1, reason: 'NO_LEADER: nobody leads' }])
  assert.deepEqual(await refused, { status: 'unknown', code: 'NO_LEADER', reason: 'nobody leads' })
  const overdue = producer.publish('t', 'b', { deadlineMs: 100 })
  await node.until(() => node.last.frames.length === 2)
  node.welcomes = false
  node.last.cut()
  const result = await overdue
  assert.deepEqual(
    [result.status, result.status === 'unknown' && result.code],
    ['unknown', 'CLIENT_DISCONNECTED'],
  )
  const closed = producer.publish('t', 'c')
  assert.equal(closed.result, undefined)
  await client.close()
  assert.equal((await closed).status, 'refused', 'this one was never sent')
  assert.deepEqual(events, [
    'unknown 1 NO_LEADER',
    'unknown 1 CLIENT_DISCONNECTED',
    'refused 1 CLIENT_CLOSED',
  ])
})

test('a client that closes leaves what was sent as unknown', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  const client = await connect(node.url)
  const sent = client.producer('p').publish('t', 'a')
  await node.until(() => node.last.frames.length === 1)
  await client.close()
  assert.equal((await sent).status, 'unknown')
})

test('a number that was never sent is given again', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const producer = client.producer('p', { next: 1 })
  const receipt = producer.publish('t..t', 'a')
  assert.deepEqual([receipt.result?.status, receipt.producerSequence, producer.next], ['refused', 1, 1])
  await producer.publish('t', 'b')
  assert.deepEqual(sentOn(node.last), ['p 1+1 b'])
})

test('publishBatch of a producer numbers, or takes the numbers that are given', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const producer = client.producer('p', { next: 5 })
  const results = await producer.publishBatch([
    { topic: 't', payload: 'a' },
    { topic: 't', payload: 'b' },
    { topic: 't', payload: 'c', sequence: 20 },
    { topic: 't', payload: 'd' },
  ])
  assert.equal(results.length, 4)
  assert.deepEqual(sentOn(node.last), ['p 5+2 ab', 'p 20+2 cd'])
})

test('names and sequences that cannot be are refused at once', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const invalid = { code: 'PRODUCER_INVALID' }
  for (const name of ['', 'a b', 'x'.repeat(65)])
    for (const options of [{}, { next: 1 }]) assert.throws(() => client.producer(name, options), invalid)
  assert.throws(() => client.producer('x'.repeat(54)), invalid)
  assert.equal(client.producer('x'.repeat(53)).name.length, 64)
  assert.equal(client.producer('x'.repeat(64), { next: 1 }).next, 1)
  for (const next of [0, 1.5, 2 ** 53]) assert.throws(() => client.producer('p', { next }), invalid)
  assert.throws(() => client.producer('p').publish('t', 'a', { sequence: -1 }), invalid)
})

test('what was sent goes again before what had to wait', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  node.inFlightBytesMax = 5000
  await using client = await connect(node.url, quick)
  const producer = client.producer('p', { next: 1 })
  const receipts: PublishReceipt[] = []
  for (let nth = 1; nth <= 4; nth++) {
    const ack = nth % 2 === 0 ? 'local' : 'copies'
    receipts.push(producer.publish('t', `${nth}`.padEnd(2000), { ack }))
  }
  await node.until(() => node.last.frames.length === 2)
  node.acknowledges = true
  node.last.cut()
  await Promise.all(receipts)
  assert.deepEqual(
    node.last.frames.map((frame) => batchProducer(frame)?.sequence),
    [1, 2, 3, 4],
  )
})
