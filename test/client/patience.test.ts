// Whether a publish frame tells the node that nobody waits for its acknowledgement yet.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, type ConnectOptions, connect } from '../../client/index.ts'
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
