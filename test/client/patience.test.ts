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
  const next = patientBatch()
  patience.onSend(next.batch, next.frame)
  void next.batch.wait()
  turns[1]?.()
  assert.equal(asked(), 2)
  patience.askNow()
  assert.equal(asked(), 2)
})

test('a batch that waits for copies takes no held answers along', () => {
  const { patience, turns, asked } = create()
  const { batch, frame } = patientBatch()
  patience.onSend(batch, frame)
  const copies = patientBatch('copies')
  void copies.batch.wait()
  patience.onSend(copies.batch, copies.frame)
  void batch.wait()
  turns[0]?.()
  assert.equal(asked(), 1)
})

test('a batch whose deadline is near is not patient', () => {
  const { patience } = create()
  const near = patientBatch('local', 999)
  patience.onSend(near.batch, near.frame)
  assert.equal(isPatientPublish(near.frame), false)
  const far = patientBatch('local', 1000)
  patience.onSend(far.batch, far.frame)
  assert.equal(isPatientPublish(far.frame), true)
})

test('a client asks for held answers when the next batch does not fit into the window, and when it is to leave', async () => {
  await using node = await FakeNode.listen()
  node.acknowledges = false
  await using client = await connect(node.url, { inFlightBytesMax: 2048 })
  client.publish('a', 'x'.repeat(600))
  await node.until(() => node.last.frames.length === 1)
  const receipt = client.publish('a', 'x'.repeat(1500))
  await node.until(() => node.last.answerRequests === 1)
  node.last.acknowledge([{ status: 'stored', publish: 1, runs: [] }])
  await node.until(() => node.last.frames.length === 2)
  node.last.acknowledge([{ status: 'stored', publish: 2, runs: [] }])
  await receipt
  client.publish('a', 'patient')
  await node.until(() => node.last.frames.length === 3)
  const { last } = node
  last.send({ op: 'closing', code: 'NODE_DRAINING', message: 'the node stops', retryMs: 200 })
  await node.until(() => last.answerRequests === 2)
  last.acknowledge([{ status: 'stored', publish: 3, runs: [] }])
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
  const environment = { now: () => 0, afterTurn: (callback: () => void) => void turns.push(callback) }
  const patience = new Patience(environment, () => asked++)
  return { patience, turns, asked: () => asked }
}

/** A sealed batch of one record that nobody awaits. */
function patientBatch(
  level: 'local' | 'copies' = 'local',
  deadlineMs = 10_000,
): { batch: PublishBatch; frame: Uint8Array } {
  const names = {
    streamName: () => undefined,
    streamNumber: (number: number) => number,
    originName: () => undefined,
  }
  const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  builder.append('a', 'b', undefined, 0)
  const batch = new PublishBatch(level, 0, deadlineMs, undefined, names)
  return { batch, frame: builder.finish(1, level, true) }
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
