// The client library against a real cluster: publishing with every outcome, subscribing with every start, and going on on
// another node after one was killed.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { HeraldError, PublishResult } from '../../client/index.ts'
import { Cluster } from './cluster.ts'
import { Ledger } from './ledger.ts'
import { RawClient } from './raw-client.ts'
import { assertClean, sendFrom, untilLink } from './traffic.ts'
import { until } from './until.ts'

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start({ proxied: true, environment: { HERALD_COPIES_TIMEOUT: '1s' } })
})

after(async () => {
  await cluster[Symbol.asyncDispose]()
})

test('a publication is acknowledged at each level, with its place where one is asked for', async () => {
  await using client = await cluster.connect('A')
  const origin = (await cluster.node('A').status()).origin
  for (const ack of ['local', 'copies'] as const) {
    const result = await client.publish('levels.x', ack, { ack })
    assert(result.status === 'acknowledged', JSON.stringify(result))
    assert.deepEqual([result.stream, result.origin], ['default', origin])
  }
  assert.deepEqual(await client.publish('levels.x', 'none', { ack: 'none' }), { status: 'sent' })
})

test('what the node refuses is not stored, and the receipt says why', async () => {
  await using client = await cluster.connect('A')
  const results = await Promise.all([
    client.publish('a..b', 'x'),
    client.publish('a.*', 'x'),
    client.publish('a.b', Buffer.alloc(1_048_577)),
    client.publish('a.b', 'x', { headers: { long: 'x'.repeat(20_000) } }),
    client.publish('a.b', 'x', { key: 'k'.repeat(300) }),
  ])
  const code = (result: PublishResult): string => (result.status === 'refused' ? result.code : result.status)
  const codes = ['TOPIC_INVALID', 'TOPIC_INVALID', 'PAYLOAD_TOO_LARGE', 'HEADERS_TOO_LARGE', 'KEY_TOO_LARGE']
  assert.deepEqual(results.map(code), codes)
})

test('without any peer, copies end as unknown within the time of the setting, and local goes on', async () => {
  cluster.cut('A', 'BC')
  await untilLink(cluster, 'A', 'B', 'down')
  await untilLink(cluster, 'A', 'C', 'down')
  try {
    await using client = await cluster.connect('A')
    const begin = performance.now()
    const [copies, local] = await Promise.all([
      client.publish('alone.x', '1', { ack: 'copies' }),
      client.publish('alone.x', '2', { ack: 'local' }),
    ])
    assert(copies.status === 'unknown', JSON.stringify(copies))
    assert.equal(copies.code, 'COPIES_TIMEOUT')
    assert.equal(local.status, 'acknowledged')
    assert(performance.now() - begin < 2500, `${performance.now() - begin} ms`)
    using plain = await RawClient.open(cluster.node('A'))
    plain.say({ op: 'publish', topic: 'alone.x', text: '3', id: 1, ack: 'copies' })
    const { status, code, message } = await plain.hear('published', { id: 1 })
    assert.deepEqual([status, code, message], ['unknown', 'COPIES_TIMEOUT', copies.reason])
  } finally {
    cluster.heal('A', 'BC')
  }
  await cluster.untilLinked()
})

test('a payload, its headers, key and time arrive as they were sent', async () => {
  await using client = await cluster.connect('A')
  await using other = await cluster.connect('C')
  const subscription = await other.subscribe('whole.*')
  const headers = JSON.parse('{"__proto__":"polluted","constructor":"c","ä":"€"}')
  const payload = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
  client.publish('whole.__proto__', payload, { headers, key: 'schlüssel', time: 1_700_000_000_000.25 })
  for await (const message of subscription) {
    assert(message.kind === 'message')
    assert.equal(message.topic, 'whole.__proto__')
    assert.deepEqual(Buffer.from(message.payload), payload)
    assert.deepEqual(Object.entries(message.headers), Object.entries(headers))
    assert.equal(message.key, 'schlüssel')
    assert.equal(message.time, 1_700_000_000_000.25)
    break
  }
})

test('a pattern that matches some topics of a batch gets those, and its cursor passes the others', async () => {
  await using client = await cluster.connect('A')
  await using other = await cluster.connect('B')
  const ledger = new Ledger()
  const texts: string[] = []
  await using subscription = await other.subscribe('some.*.yes', (delivery) => {
    if (delivery.kind === 'message') texts.push(delivery.text())
  })
  const wanted: string[] = []
  await client.publishBatch(
    Array.from({ length: 1000 }, (_, index) => {
      const isWanted = index % 7 === 3
      if (isWanted) wanted.push(String(index))
      return { topic: isWanted ? 'some.thing.yes' : `some.thing.no${index % 5}`, payload: String(index) }
    }),
  )
  await until('the matching ones came', () => texts.length === wanted.length)
  assert.deepEqual(texts, wanted)
  await client.publish('some.thing.no', 'last')
  const { cursor } = subscription
  await subscription.unsubscribe()
  await using again = await other.subscribe('some.>', { from: { cursor } }, ledger.take)
  await client.publish('some.end.yes', 'end')
  await ledger.untilCount(1)
  assert(ledger.count < 10, 'what the cursor had passed did not come again')
  await again.unsubscribe()
})

test('a subscriber starts from the earliest message, from a time, and from a cursor on another node', async () => {
  await using client = await cluster.connect('A')
  await using other = await cluster.connect('B')
  // What lies before the first message that matches is passed over, and must be told to be so.
  await client.publishBatch([1, 2, 3].map((payload) => ({ topic: 'unrelated.x', payload: `${payload}` })))
  await using _elsewhere = await other.subscribe('elsewhere.x', () => {})
  const publish = async (...texts: readonly string[]): Promise<void> => {
    await client.publishBatch(texts.map((payload) => ({ topic: 'start.x', payload })))
  }
  const read = async (
    on: typeof client,
    from: 'earliest' | { time: number } | { cursor: string },
    count: number,
  ): Promise<{ texts: string[]; cursor: string }> => {
    const texts: string[] = []
    await using subscription = await on.subscribe('start.x', { from }, (delivery) => {
      if (delivery.kind === 'message') texts.push(delivery.text())
    })
    await until(`${count} messages came`, () => texts.length >= count)
    return { texts, cursor: subscription.cursor }
  }
  await publish('1', '2')
  const before = Date.now()
  await until('the clock has moved', () => Date.now() > before + 1)
  const time = performance.timeOrigin + performance.now()
  await publish('3', '4')
  const earliest = await read(other, 'earliest', 4)
  assert.deepEqual(earliest.texts, ['1', '2', '3', '4'])
  assert.deepEqual((await read(client, { time }, 2)).texts, ['3', '4'])
  await publish('5', '6')
  await using third = await cluster.connect('C')
  assert.deepEqual((await read(third, { cursor: earliest.cursor }, 2)).texts, ['5', '6'])
})

test('a subscription goes on, on another node, after its node was killed', async () => {
  await using client = await cluster.connect('B')
  const ledger = new Ledger()
  await client.subscribe('resume.>', ledger.take)
  const senders = [cluster.node('A'), cluster.node('C')]
  const sending = sendFrom(senders, 'resume.x', 3000, { ratePerSecond: 2000 })
  await ledger.untilCount(1000)
  await cluster.node('B').kill()
  await sending
  await ledger.untilCount(6000)
  ledger.assertComplete(6000)
  assert.equal(client.stats.reconnects, 1)
  await cluster.node('B').start()
  await cluster.untilLinked()
})

test('a publisher whose node is killed gets an outcome for everything, and none that is wrong', async () => {
  await using watcher = await cluster.connect('C')
  const got = new Set<string>()
  let copies = 0
  await watcher.subscribe('outcome.>', (delivery) => {
    if (delivery.kind !== 'message') return
    if (got.has(delivery.text())) copies++
    got.add(delivery.text())
  })
  await using client = await cluster.connect('B')
  const receipts: PromiseLike<PublishResult>[] = []
  for (let index = 0; index < 3000; index++) {
    receipts.push(client.publish('outcome.x', String(index), { ack: 'copies' }))
    if (index === 1000) await receipts[500]
    if (index === 1500) cluster.node('B').signal('SIGKILL')
    if (index % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const results = await Promise.all(receipts)
  await cluster.node('B').exit
  await cluster.node('B').start()
  await cluster.untilLinked()
  const acknowledged = results.flatMap(({ status }, index) =>
    status === 'acknowledged' ? [String(index)] : [],
  )
  assert(acknowledged.length > 500)
  await until('everything acknowledged arrived', () => acknowledged.every((text) => got.has(text)))
  assert.equal(copies, 0)
  const refused = results.flatMap(({ status }, index) => (status === 'refused' ? [String(index)] : []))
  assert(
    refused.every((text) => !got.has(text)),
    'what was refused was not stored',
  )
})

test('a named subscription goes on after its client ended, on the same node and on another', async () => {
  await using publisher = await cluster.connect('A')
  const texts: string[] = []
  let next = 0
  for (const id of ['B', 'B', 'C', 'A']) {
    const client = await cluster.connect(id)
    await client.subscribe('named.x', { name: 'billing' }, (delivery) => {
      assert.equal(delivery.kind, 'message')
      if (delivery.kind === 'message') texts.push(delivery.text())
    })
    const burst = Array.from({ length: 100 }, () => ({ topic: 'named.x', payload: String(next++) }))
    await publisher.publishBatch(burst)
    const expected = next
    await until(`${id} got the burst`, () => texts.length >= expected)
    await client.drain()
    // Published while nobody listens.
    await publisher.publish('named.x', String(next++))
  }
  const client = await cluster.connect('B')
  await client.subscribe('named.x', { name: 'billing' }, (delivery) => {
    if (delivery.kind === 'message') texts.push(delivery.text())
  })
  await until('the last one came', () => texts.length >= next)
  await client.close()
  assert.deepEqual(
    texts,
    Array.from({ length: next }, (_, index) => String(index)),
  )
})

test('a name that is taken over ends the subscription that had it, on the same node and on another', async () => {
  for (const [first, second] of [
    ['A', 'A'],
    ['A', 'B'],
    ['C', 'A'],
  ] as const) {
    await using one = await cluster.connect(first)
    await using two = await cluster.connect(second)
    const old = await one.subscribe('taken.x', { name: 'one' }, () => {})
    const ledger = new Ledger()
    const taken = await two.subscribe('taken.x', { name: 'one' }, ledger.take)
    const error: HeraldError | undefined = await old.closed
    assert.equal(error?.code, 'SUBSCRIPTION_TAKEN_OVER')
    await one.publishBatch(Array.from({ length: 50 }, () => ({ topic: 'taken.x', payload: 'x' })))
    await ledger.untilCount(50)
    ledger.assertComplete(50)
    await taken.unsubscribe()
  }
})

test('the journals of all this are clean', async () => {
  const result = await cluster.check()
  const kinds = new Set(result.findings.map(({ kind }) => kind))
  kinds.delete('unknown')
  assert.deepEqual([...kinds], [])
  await using fresh = await Cluster.start({ nodes: 2 })
  await using client = await fresh.connect('A')
  const ledger = new Ledger()
  const subscription = await client.subscribe('>', ledger.take)
  await sendFrom(fresh.nodes, 'clean.x', 500)
  await ledger.untilCount(1000)
  await subscription.unsubscribe()
  assertClean(await fresh.check(), 1000)
})
