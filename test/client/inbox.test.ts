// What waits in front of a handler that does not come back.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Inbox } from '../../client/inbox.ts'
import { boot, numbered, origin, streamId } from './fake-node.ts'

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
  const inbox = new Inbox({
    streamName: () => 'default',
    streamNumber: (number: number) => number,
    originName: () => origin,
  })
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
