// One subscriber's way through a stream that has one order: that order, and a gap for what no member has any more.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, drain, Stream } from './one-order.ts'

test('from now on, what comes is handed out in the order in which it came', () => {
  const stream = new Stream()
  stream.take('A', 1, 2)
  const feed = stream.fromNow()
  assert.deepEqual(drain(feed), [])
  stream.take('B', 1, 1)
  stream.take('A', 3, 5)
  stream.take('B', 2, 2)
  assert.deepEqual(drain(feed), ['B 1-1', 'A 3-5', 'B 2-2'])
  assert.deepEqual(
    [...feed.positions()],
    [
      ['A#1t', 5],
      ['B#1u', 2],
    ],
  )
})

test('after a cursor, it goes on behind what the subscriber had, also inside a batch', () => {
  const stream = new Stream()
  stream.take('A', 1, 2)
  stream.take('B', 1, 3)
  stream.take('A', 3, 3)
  assert.deepEqual(drain(stream.after({ A: 2, B: 1 })), ['B 2-3', 'A 3-3'])
  assert.deepEqual(drain(stream.after({ A: 2 })), ['B 1-3', 'A 3-3'])
  assert.deepEqual(drain(stream.after({ A: 3, B: 3 })), [])
  assert.deepEqual(drain(stream.after()), ['A 1-2', 'B 1-3', 'A 3-3'])
})

test('a cursor that is ahead of this node waits until the node has come there', () => {
  const stream = new Stream()
  stream.take('A', 1, 2)
  const feed = stream.after({ A: 4 })
  stream.take('A', 3, 4)
  assert.deepEqual(drain(feed), [])
  stream.take('A', 5, 6)
  assert.deepEqual(drain(feed), ['A 5-6'])
})

test('what retention has dropped is one gap for each origin, and then the order goes on', () => {
  const stream = new Stream()
  const feed = stream.after()
  stream.take('A', 1, 2)
  stream.take('B', 1, 1)
  stream.pass(600)
  stream.take('A', 3, 3)
  stream.take('B', 2, 4)
  stream.pass(600)
  stream.take('A', 4, 4)
  const items = drain(feed)
  assert.deepEqual(items.slice(0, 2).toSorted(), ['gap A 1-2', 'gap B 1-1'])
  assert.deepEqual(items.slice(2), ['A 3-3', 'B 2-4', 'A 4-4'])
})

test('a feed that retention overtakes on its way is told what it missed, and nothing twice', () => {
  const stream = new Stream()
  const feed = stream.after()
  stream.take('A', 1, 2)
  assert.deepEqual(drain(feed), ['A 1-2'])
  stream.take('A', 3, 3)
  stream.pass(2000)
  stream.take('A', 4, 4)
  assert.deepEqual(drain(feed), ['gap A 3-3', 'A 4-4'])
  stream.pass(2000)
  assert.deepEqual(drain(feed), [])
})

test('the gap is told also where nothing is behind it yet', () => {
  const stream = new Stream()
  const feed = stream.after()
  stream.take('A', 1, 2)
  stream.pass(2000)
  assert.deepEqual(drain(feed), ['gap A 1-2'])
  stream.take('A', 3, 3)
  assert.deepEqual(drain(feed), ['A 3-3'])
})

test('what a floor stands for is a gap at its place in the order', () => {
  const stream = new Stream()
  stream.take('A', 1, 2)
  const feed = stream.fromNow()
  stream.take('B', 1, 1)
  stream.lose('A', 7)
  stream.lose('B', 4)
  stream.take('A', 8, 8)
  stream.take('B', 5, 5)
  assert.deepEqual(drain(feed), ['B 1-1', 'gap A 3-7', 'gap B 2-4', 'A 8-8', 'B 5-5'])
})

test('a floor says nothing to who has had what it stands for', () => {
  const stream = new Stream()
  stream.take('A', 1, 2)
  stream.lose('A', 7)
  stream.take('A', 8, 9)
  assert.deepEqual(drain(stream.after({ A: 7 })), ['A 8-9'])
  assert.deepEqual(drain(stream.after({ A: 8 })), ['A 9-9'])
  assert.deepEqual(drain(stream.after({ A: 4 })), ['gap A 5-7', 'A 8-9'])
})

test('of an origin that begins later, what was before is gone for who wants all, and nothing to who began now', () => {
  const stream = new Stream()
  const all = stream.after()
  const fresh = stream.fromNow()
  stream.take('A', 6, 7)
  assert.deepEqual(drain(all), ['gap A 1-5', 'A 6-7'])
  assert.deepEqual(drain(fresh), ['A 6-7'])
  assert.deepEqual(drain(stream.after({}, 'base')), ['A 6-7'])
})

test('a hole in the order is told as a gap and not waited for', () => {
  const stream = new Stream()
  stream.take('A', 1, 2)
  stream.begin('B', 0)
  stream.replica.setBase(stream.state('B'), 3)
  stream.take('B', 4, 4)
  assert.deepEqual(drain(stream.after({ A: 2, B: 1 })), ['gap B 2-3', 'B 4-4'])
})

test('bytes that wait are those from the feed on', () => {
  const stream = new Stream()
  const feed = stream.fromNow()
  assert.equal(feed.waitingBytes, 0)
  stream.take('A', 1, 2)
  const one = feed.waitingBytes
  assert.ok(one >= bytes)
  stream.take('A', 3, 3)
  assert.equal(feed.waitingBytes, 2 * one)
  feed.next()
  assert.equal(feed.waitingBytes, one)
  drain(feed)
  assert.equal(feed.waitingBytes, 0)
})
