// How many looks the search needs, and that it stops at its bound.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '../../../audit/history/history.ts'
import { checkLinearizability } from '../../../audit/history/linearizability.ts'
import { append, history, read, unknownAppend } from './written-history.ts'

/** One effect at each moment, in operations that overlap some thirty others, so that there is no quiescent point. */
function busyOperations(count: number): readonly Operation[] {
  let last = { value: 'c0-0', offset: 0 }
  return Array.from({ length: count }, (_, at): Operation => {
    const times = [at - ((at * 7) % 31), at + ((at * 11) % 31)] as const
    if (at % 3 === 2) return read(times, `r${at % 30}`, last.value, last.offset)
    last = { value: `c${at % 30}-${at}`, offset: last.offset + 1 }
    return at % 10 === 9 ? unknownAppend(times[0], last.value) : append(times, last.value, last.offset)
  })
}

test('needs a few looks for each of thousands of operations of tens of clients', () => {
  const operations = busyOperations(6_000)
  for (const isConsecutive of [true, false]) {
    const { outcome, looks } = checkLinearizability(history(operations), { isConsecutive })
    assert.equal(outcome, 'linearizable')
    assert.ok(looks < 50 * operations.length, `${looks} looks`)
  }
})

test('finds one wrong read among thousands of operations', () => {
  const stale = read([5_000.1, 5_000.2], 'x', 'c0-0', 1)
  const verdict = checkLinearizability(history([...busyOperations(6_000), stale]), { isConsecutive: true })
  assert.equal(verdict.outcome, 'violated')
})

test('says that it is undecided where its bound is reached', () => {
  const verdict = checkLinearizability(history(busyOperations(100)), { isConsecutive: true, looksMax: 99 })
  assert.deepEqual(verdict, { outcome: 'undecided', looks: 99 })
})

test('reaches no configuration twice where several appends can be what was seen', () => {
  const copies = 12
  const operations = [
    ...Array.from({ length: copies }, () => unknownAppend(0, 'a-1')),
    ...Array.from({ length: copies }, (_, index) => read([1, 300], `r${index}`, 'a-1', index + 1)),
    append([1, 50], 'z-1', copies + 1),
    read([60, 61], 's', 'a-1', copies),
  ]
  const { outcome, looks } = checkLinearizability(history(operations), { isConsecutive: false })
  assert.equal(outcome, 'violated')
  assert.ok(looks < 2_000, `${looks} looks`)
})

test('does not try the orders of reads that see the same', () => {
  const reads = Array.from({ length: 40 }, (_, index) => read([3, 30], `r${index}`, 'a-1', 1))
  const operations = [append([1, 2], 'a-1', 1), ...reads, read([29, 31], 's', 'a-2', 2)]
  const { outcome, looks } = checkLinearizability(history(operations), { isConsecutive: true })
  assert.equal(outcome, 'violated')
  assert.ok(looks < 200, `${looks} looks`)
})
