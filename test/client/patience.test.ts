// Whether a publish frame tells the node that nobody waits for its acknowledgement yet, and what happens when somebody does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, type ConnectOptions, connect } from '../../client/index.ts'
import { Patience } from '../../client/patience.ts'
import { PublishBatch } from '../../client/receipt.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { isPatientPublish, publishAckLevel } from '../../node/wire/batch-header.ts'
import { FakeNode } from './fake-node.ts'

test('a batch of which no receipt is awaited is patient, and keeps its level', async () => {
  const frame = await sentBy((client) => void client.publish('a', 'b'))
  assert.equal(isPatientPublish(frame), true)
  assert.equal(publishAckLevel(frame), 'local')
})

test('a batch of which one receipt is awaited is not', async () => {
  const frame = await sentBy((client) => {
    client.publish('a', 'b')
    void client.publish('a', 'c').then()
  })
  assert.equal(isPatientPublish(frame), false)
})

test('a batch that flush waits for is not', async () => {
  const frame = await sentBy((client) => {
    client.publish('a', 'b')
    void client.flush()
  })
  assert.equal(isPatientPublish(frame), false)
})

test('a batch that fills half of the in-flight limit is not', async () => {
  const options = { inFlightBytesMax: 1024 }
  const half = await sentBy((client) => void client.publish('a', 'x'.repeat(512)), options)
  assert.equal(isPatientPublish(half), false)
  const less = await sentBy((client) => void client.publish('a', 'x'.repeat(256)), options)
  assert.equal(isPatientPublish(less), true)
})

test('a batch that somebody begins to wait for before it is sent is patient no longer', () => {
  const { patience, turns, asked } = create()
  const { batch, frame } = patientBatch()
  void batch.wait()
  patience.onSend(batch, frame)
  assert.equal(isPatientPublish(frame), false)
  assert.equal(publishAckLevel(frame), 'local')
  for (const turn of turns) turn()
  assert.equal(asked(), 0)
})

test('who begins to wait for batches that have gone asks for their answers, once for all of a turn', () => {
  const { patience, turns, asked } = create()
  const sent = [patientBatch(), patientBatch()]
  for (const { batch, frame } of sent) patience.onSend(batch, frame)
  assert.equal(turns.length, 0)
  for (const { batch } of sent) void batch.wait()
  assert.equal(turns.length, 1)
  turns[0]?.()
  assert.equal(asked(), 1)
})

test('nobody asks where a batch that is not patient has gone in the same turn, or the connection has', () => {
  const { patience, turns, asked } = create()
  const { batch, frame } = patientBatch()
  patience.onSend(batch, frame)
  void batch.wait()
  const next = patientBatch()
  void next.batch.wait()
  patience.onSend(next.batch, next.frame)
  turns[0]?.()
  assert.equal(asked(), 0)
  const last = patientBatch()
  patience.onSend(last.batch, last.frame)
  patience.reset()
  void last.batch.wait()
  assert.equal(turns.length, 1)
})

test('a client asks its node for the answers that flush waits for', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url)
  client.publish('a', '1')
  await node.until(() => node.last.frames.length === 1)
  assert.equal(node.last.answerRequests, 0)
  const flushed = client.flush()
  await node.until(() => node.last.answerRequests === 1)
  node.last.acknowledge([{ status: 'stored', publish: 1, runs: [] }])
  await flushed
})

function create(): { patience: Patience; turns: (() => void)[]; asked: () => number } {
  const turns: (() => void)[] = []
  let asked = 0
  const patience = new Patience({ afterTurn: (callback) => void turns.push(callback) }, () => asked++)
  return { patience, turns, asked: () => asked }
}

/** A sealed batch of one record that nobody awaits. */
function patientBatch(): { batch: PublishBatch; frame: Uint8Array } {
  const names = { streamName: () => undefined, originName: () => undefined }
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  builder.append('a', 'b', undefined, 0)
  return {
    batch: new PublishBatch('local', 0, 1000, undefined, names),
    frame: builder.finish(1, 'local', true),
  }
}

/** The first frame that a client sends. */
async function sentBy(publish: (client: Client) => void, options: ConnectOptions = {}): Promise<Uint8Array> {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, options)
  publish(client)
  await node.until(() => node.last.frames.length === 1)
  const [frame] = node.last.frames
  assert(frame !== undefined)
  return frame
}
