// What arrives is handed out once and without a hole, and what waits in front of a handler that does not come back is bounded.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Inbox } from '../../client/inbox.ts'
import { boot, numbered, origin, streamId } from './fake-node.ts'

const named = {
  streamName: () => 'default',
  streamNumber: (number: number) => number,
  originName: () => origin,
}

test('a batch behind a hole that nobody has told breaks the protocol, and nothing of it is handed out', () => {
  const inbox = new Inbox(named)
  assert.equal(inbox.onBatch(numbered(1, 2)), undefined)
  assert.match(inbox.onBatch(numbered(4, 1)) ?? '', /^sequence 4 of \S+ on default came after 2$/)
  assert.deepEqual(takeAll(inbox), ['m1', 'm2'])
})

test('messages that come again are not handed out again, and count as consumed', () => {
  const inbox = new Inbox(named)
  inbox.onBatch(numbered(1, 3))
  inbox.onBatch(numbered(2, 3))
  inbox.onBatch(numbered(1, 4))
  assert.deepEqual(takeAll(inbox), ['m1', 'm2', 'm3', 'm4'])
  assert.equal(inbox.consumed.messages, 10)
})

function takeAll(inbox: Inbox): string[] {
  const texts: string[] = []
  for (let item = inbox.take(); item !== undefined; item = inbox.take()) {
    assert.ok(item.kind === 'message')
    texts.push(item.text())
    inbox.onConsumed()
  }
  return texts
}

test('progress of many seconds and origins waits as one item per origin', () => {
  const inbox = new Inbox({
    streamName: () => 'default',
    streamNumber: (number: number) => number,
    originName: (number) => `A#${number}`,
  })
  inbox.onBatch(numbered(1, 1))
  for (let sequence = 2; sequence < 1000; sequence++) {
    inbox.onProgress(streamId, boot, sequence)
    inbox.onProgress(streamId, 7, sequence)
    inbox.onProgress(streamId, 8, sequence)
  }
  assert.equal(inbox.length, 3 + 1)
})

test('progress before a gap is not moved behind it', () => {
  const inbox = new Inbox(named)
  inbox.onBatch(numbered(1, 1))
  inbox.onProgress(streamId, boot, 10)
  inbox.onGap(streamId, boot, 11, 20, 'lost')
  inbox.onProgress(streamId, boot, 30)
  const handed = (): number | undefined => inbox.positions.find(streamId, boot)?.handed
  inbox.take()
  assert.equal(handed(), 1)
  inbox.take()
  assert.equal(handed(), 20)
  assert.equal(inbox.take(), undefined)
  assert.equal(handed(), 30)
})
