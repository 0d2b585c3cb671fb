// The list of a search against one that sorts what is left.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Interval, TimeList } from '../../../audit/history/time-list.ts'
import { randomBelow, seededRandom } from '../../../node/core/common/random.ts'

const seed = 20260216

test('knows what is called first and returns first of what is left, in whatever order things are taken', (context) => {
  context.diagnostic(`seed ${seed}`)
  for (let number = 0; number < 200; number++) {
    const random = seededRandom(`${seed}/${number}`)
    const intervals = Array.from({ length: randomBelow(random, 8) }, (_, calledAt) => ({
      calledAt,
      returnedAt: calledAt + randomBelow(random, 6),
    }))
    const list = new TimeList(intervals)
    const taken: number[] = []
    for (let step = 0; step < 40; step++) {
      assertSame(list, intervals, taken)
      const left = intervals.flatMap((_, index) => (taken.includes(index) ? [] : index))
      const next = left[randomBelow(random, left.length)]
      const last = taken.at(-1)
      if (next !== undefined && random() < 0.6) {
        list.take(next)
        taken.push(next)
      } else if (last !== undefined) {
        list.putBack(last)
        taken.pop()
      }
    }
  }
})

function assertSame(list: TimeList, intervals: readonly Interval[], taken: readonly number[]): void {
  const left = intervals.flatMap((_, index) => (taken.includes(index) ? [] : index))
  const walked: number[] = []
  for (let index = list.first; index < intervals.length; index = list.after(index)) walked.push(index)
  assert.deepEqual(walked, left)
  assert.equal(list.isEmpty, left.length === 0)
  const returns = left.map((index) => intervals[index]?.returnedAt ?? 0)
  assert.equal(list.firstReturn, Math.min(...returns, Number.POSITIVE_INFINITY))
}
