// How publications end once they were taken: refused by the node, unknown, held back, or closed down.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect, type PublishResult } from '../../client/index.ts'
import { publishNumber } from '../../node/wire/batch-header.ts'
import { FakeNode } from './fake-node.ts'

test('a refusal of the node carries its code and reason', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url)
  const receipt = client.publish('a', '')
  await node.until(() => node.last.frames.length === 1)
  node.last.acknowledge([{ status: 'refused', publish: 1, reason: 'NO_LEADER: nobody leads it' }])
  assert.deepEqual(await receipt, { status: 'refused', code: 'NO_LEADER', reason: 'nobody leads it' })
})

test('a code that is none of a refusal is told in the reason, whoever made it up', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url)
  const receipts = ['TOO_LATE: tomorrow', 'COPIES_TIMEOUT: in time', 'constructor'].map((reason) => {
    return { reason, receipt: client.publish('a', '', { deadlineMs: 5000 + reason.length }) }
  })
  await node.until(() => node.last.frames.length === 3)
  for (const [at, { reason, receipt }] of receipts.entries()) {
    node.last.acknowledge([{ status: 'refused', publish: at + 1, reason }])
    assert.deepEqual(await receipt, { status: 'refused', code: 'PROTOCOL_BROKEN', reason })
  }
})

test('a level that was not reached in time ends as unknown', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url)
  const receipt = client.publish('a', '', { ack: 'copies' })
  await node.until(() => node.last.frames.length === 1)
  node.last.acknowledge([{ status: 'unknown', publish: 1, runs: [] }])
  const result = await receipt
  const reason =
    'not enough nodes confirmed it in time: in gossip mode its node has it, in leader mode it may get its place yet'
  assert.deepEqual(result, { status: 'unknown', code: 'COPIES_TIMEOUT', reason })
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
