// When sealed batches leave, with a socket that takes what the test says.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../client/outbox.ts'
import { PublishBatch } from '../../client/receipt.ts'
import { drainBytes, type Environment } from '../../client/transport.ts'

const environment = { now: () => 0, startTimer: () => () => undefined } as unknown as Environment
const names = { streamName: () => undefined, originName: () => undefined }

/** An outbox with a small window, on a socket in which so much waits. */
function outboxOn(bufferedBytes: number): {
  outbox: Outbox
  link: { bufferedBytes: number }
  sent: number[]
} {
  const sent: number[] = []
  const link = { bufferedBytes, send: (frame: Uint8Array) => void sent.push(frame.length) }
  const outbox = new Outbox(environment, 4096, { onFailed: () => undefined })
  outbox.attach(link, 4096)
  return { outbox, link, sent }
}

function push(outbox: Outbox): void {
  outbox.push(new PublishBatch('none', 0, 1000, undefined, names), new Uint8Array(100))
}

test('a batch goes out while the socket holds less than it would tell the draining of', () => {
  const { outbox, sent } = outboxOn(drainBytes)
  push(outbox)
  assert.deepEqual(sent, [100])
})

test('a batch waits for the draining of a socket that will tell of it', () => {
  const { outbox, link, sent } = outboxOn(drainBytes + 1)
  push(outbox)
  assert.deepEqual(sent, [])
  link.bufferedBytes = 0
  outbox.onDrain()
  assert.deepEqual(sent, [100])
})
