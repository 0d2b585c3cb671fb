// When sealed batches leave, with a socket that takes what the test says.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../client/outbox.ts'
import { PublishBatch } from '../../client/receipt.ts'
import { drainBytes, type Environment } from '../../client/transport.ts'
import type { Boot, StreamId } from '../../node/core/common/ids.ts'
import { batchOffset } from '../../node/wire/batch-header.ts'

const environment = { now: () => 0, startTimer: () => () => undefined } as unknown as Environment
const names = {
  streamName: () => undefined,
  streamNumber: (number: number) => number,
  originName: () => undefined,
}

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

test('answers that come out of order, of batches of any level, each settle their own batch', () => {
  const { outbox } = outboxOn(0)
  const batches = (['local', 'none', 'local', 'local', 'none', 'local'] as const).map(
    (level) => new PublishBatch(level, 0, 1000, undefined, names),
  )
  for (const batch of batches) outbox.push(batch, new Uint8Array(100))
  const answer = (publish: number): void =>
    outbox.onOutcomes([
      {
        publish,
        status: 'stored',
        runs: [{ records: publish, stream: 1 as StreamId, boot: 1 as Boot, first: 1, epoch: 0, offset: 0 }],
      },
    ])
  for (const number of [4, 1, 6, 3]) answer(number)
  const told = batches.map(({ outcome }) =>
    outcome?.status === 'acknowledged' ? outcome.runs[0]?.records : outcome?.status,
  )
  assert.deepEqual(told, [1, 'sent', 3, 4, 'sent', 6])
  assert.equal(outbox.heldBytes, 0)
})

test('an answer to a number that was answered already or never sent changes nothing', () => {
  const { outbox } = outboxOn(0)
  const batch = new PublishBatch('local', 0, 1000, undefined, names)
  outbox.push(batch, new Uint8Array(100))
  for (const publish of [0, 2, 1, 1]) outbox.onOutcomes([{ publish, status: 'stored', runs: [] }])
  assert.equal(outbox.counts.acknowledged, batch.count)
  assert.equal(outbox.heldBytes, 0)
})

test('numbers begin again at one on the next connection, and what the last one left open is unknown', () => {
  const numbers: number[] = []
  const link = {
    bufferedBytes: 0,
    send: (frame: Uint8Array) => void numbers.push(frame[batchOffset.publishNumber] ?? -1),
  }
  const outbox = new Outbox(environment, 4096, { onFailed: () => undefined })
  outbox.attach(link, 4096)
  const [first, second] = [0, 0].map(() => new PublishBatch('local', 0, 1000, undefined, names))
  assert.ok(first !== undefined && second !== undefined)
  outbox.push(first, new Uint8Array(100))
  outbox.detach('cut')
  outbox.attach(link, 4096)
  outbox.push(second, new Uint8Array(100))
  outbox.onOutcomes([{ publish: 1, status: 'stored', runs: [] }])
  assert.deepEqual(numbers, [1, 1])
  assert.equal(first.outcome?.status, 'unknown')
  assert.equal(second.outcome?.status, 'acknowledged')
})
