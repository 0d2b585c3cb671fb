// What a leader makes of answers that come late or twice, and of an end of a log that is replaced while it is written.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Progress } from '../../../node/core/raft/progress.ts'
import { Unstable } from '../../../node/core/raft/unstable.ts'
import { entriesOf } from './group.ts'

const limits = { messages: 3, bytes: 100 }

test('a refusal of a probe that was answered before changes nothing', () => {
  const member = new Progress(10, false, true, limits)
  assert.equal(member.onRejected(5, 3), false)
  assert.equal(member.next, 10)
  assert.equal(member.onRejected(9, 3), true)
  assert.equal(member.next, 4)
})

test('a refusal of what is known to be there changes nothing while entries are sent ahead', () => {
  const member = new Progress(1, false, true, limits)
  member.onMatch(5)
  member.becomeReplicate()
  member.sentEntries(2, 10)
  assert.equal(member.onRejected(5, 5), false)
  assert.equal(member.next, 8)
  assert.equal(member.onRejected(7, 5), true)
  assert.equal(member.next, 6)
})

test('an acknowledgement that comes late takes nothing back', () => {
  const member = new Progress(1, false, true, limits)
  assert.equal(member.onMatch(5), true)
  assert.equal(member.onMatch(3), false)
  assert.equal(member.onMatch(5), false)
  assert.deepEqual([member.match, member.next], [5, 6])
})

test('a probe never goes back behind what is known to be there', () => {
  const member = new Progress(10, false, true, limits)
  member.onMatch(6)
  member.next = 10
  assert.equal(member.onRejected(9, 2), true)
  assert.equal(member.next, 7)
})

test('entries that replaced others while these were written are handed out again, and stay until they are durable', () => {
  const unstable = new Unstable(1)
  unstable.append(entriesOf([1, 1, 1]))
  unstable.onHanded()
  assert.deepEqual(unstable.nextEntries, [])
  unstable.append(entriesOf([1, 2]).slice(1))
  assert.deepEqual(
    unstable.nextEntries.map(({ term, index }) => [term, index]),
    [[2, 2]],
  )
  unstable.onDurable({ term: 1, index: 3 })
  unstable.onDurable({ term: 1, index: 2 })
  assert.deepEqual([unstable.offset, unstable.lastIndex], [1, 2])
  unstable.onDurable({ term: 2, index: 2 })
  assert.deepEqual([unstable.offset, unstable.lastIndex], [3, undefined])
})
