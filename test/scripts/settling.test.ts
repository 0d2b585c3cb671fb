// How long a live check looks before it speaks of loss.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Settling } from '../../scripts/collection/settling.ts'

const clean = { pending: 0, lostSilent: 0 }

test('ends at once when nothing is missing', () => {
  assert.equal(new Settling(10_000).next(clean, 0), undefined)
})

test('waits for messages on their way, but not for ever', () => {
  const settling = new Settling(10_000)
  assert.equal(settling.next({ pending: 5, lostSilent: 0 }, 0), 100)
  assert.equal(settling.next({ pending: 5, lostSilent: 0 }, 9_999), 100)
  assert.equal(settling.next({ pending: 5, lostSilent: 0 }, 10_000), undefined)
})

test('goes on while a subscriber that is behind catches up', () => {
  const settling = new Settling(10_000)
  for (let second = 0; second < 40; second++) {
    assert.equal(settling.next({ pending: 0, lostSilent: 4000 - 100 * second }, 1000 * second), 1000)
  }
  assert.equal(settling.next(clean, 40_000), undefined)
})

test('calls it lost after three looks without progress', () => {
  const settling = new Settling(10_000)
  const stuck = { pending: 0, lostSilent: 7 }
  assert.deepEqual(
    [0, 1000, 2000, 3000].map((waitedMs) => settling.next(stuck, waitedMs)),
    [1000, 1000, 1000, undefined],
  )
})

test('calls it lost after a minute even while it shrinks', () => {
  const settling = new Settling(10_000)
  assert.equal(settling.next({ pending: 0, lostSilent: 9 }, 59_000), 1000)
  assert.equal(settling.next({ pending: 0, lostSilent: 8 }, 60_000), undefined)
})
