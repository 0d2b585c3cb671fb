// Histories that a log with committed reads can have, and histories that it cannot have, each with what is said of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '../../../audit/history/history.ts'
import { checkLinearizability } from '../../../audit/history/linearizability.ts'
import { append, failedRead, history, read, refusedAppend, unknownAppend } from './written-history.ts'

type Offsets = 'consecutive' | 'rising' | 'any'

function kindsOf(offsets: Offsets): readonly boolean[] {
  return offsets === 'any' ? [true, false] : [offsets === 'consecutive']
}

const good: readonly (readonly [what: string, Offsets, readonly Operation[]])[] = [
  ['nothing happens', 'any', []],
  ['a read finds an empty log', 'any', [read([1, 2], 'r'), append([3, 4], 'a-1', 1)]],
  [
    'everything is one after the other',
    'any',
    [
      append([1, 2], 'a-1', 1),
      read([3, 4], 'r', 'a-1', 1),
      append([5, 6], 'a-2', 2),
      read([7, 8], 'r', 'a-2', 2),
    ],
  ],
  [
    'overlapping appends get their places in another order',
    'any',
    [append([1, 5], 'a-1', 2), append([2, 4], 'b-1', 1)],
  ],
  [
    'a read overlaps the append that it sees',
    'any',
    [append([1, 9], 'a-1', 1), read([2, 3], 'r', 'a-1', 1), read([4, 5], 'r', 'a-1', 1)],
  ],
  [
    'a read overlaps an append that it does not see',
    'any',
    [append([1, 2], 'a-1', 1), append([3, 9], 'a-2', 2), read([4, 5], 'r', 'a-1', 1)],
  ],
  ['times are equal, so that operations overlap', 'any', [append([1, 2], 'a-1', 1), read([2, 3], 'r')]],
  [
    'an append of unknown outcome is never seen',
    'any',
    [unknownAppend(1, 'a-1'), append([2, 3], 'b-1', 1), read([4, 5], 'r', 'b-1', 1)],
  ],
  [
    'an append of unknown outcome takes effect much later',
    'any',
    [
      unknownAppend(1, 'a-1'),
      append([2, 3], 'b-1', 1),
      read([4, 5], 'r', 'b-1', 1),
      read([6, 7], 'r', 'a-1', 2),
    ],
  ],
  [
    'an append of unknown outcome fills a missing offset',
    'any',
    [append([1, 2], 'a-1', 1), unknownAppend(3, 'a-2'), append([4, 5], 'b-1', 3)],
  ],
  ['an offset is left out', 'rising', [append([1, 2], 'a-1', 1), append([3, 4], 'a-2', 7)]],
  [
    'an epoch begins with an offset of its own',
    'any',
    [append([1, 2], 'a-1', '1/7'), append([3, 4], 'a-2', '2/1'), read([5, 6], 'r', 'a-2', '2/1')],
  ],
  [
    'operations were refused, or reads came to nothing',
    'any',
    [
      refusedAppend([1, 2], 'a-1'),
      failedRead(1, 'r', 'unknown'),
      failedRead(1, 'r', 'refused'),
      read([3, 4], 'r'),
    ],
  ],
]
for (const [what, offsets, operations] of good)
  for (const isConsecutive of kindsOf(offsets))
    test(`accepts that ${what}, with ${isConsecutive ? 'consecutive' : 'rising'} offsets`, () => {
      const { outcome } = checkLinearizability(history(operations), { isConsecutive })
      assert.equal(outcome, 'linearizable')
    })

const bad: readonly (readonly [
  what: string,
  Offsets,
  readonly Operation[],
  evidence: readonly number[],
  sentence: RegExp,
])[] = [
  [
    'a read that does not see what had been acknowledged',
    'any',
    [append([1, 2], 'a-1', 1), append([3, 4], 'a-2', 2), read([5, 6], 'r', 'a-1', 1)],
    [1, 2],
    /^a's append of a-2 \(1\/2, called 3, returned 4\) had ended, .* r's read of a-1 \(1\/1, called 5, returned 6\)\.$/,
  ],
  [
    'a read of an empty log after an append',
    'any',
    [append([1, 2], 'a-1', 1), read([3, 4], 'r')],
    [0, 1],
    /r's read of nothing/,
  ],
  [
    'a read that goes back behind another read',
    'any',
    [
      append([1, 20], 'a-1', 1),
      append([1, 20], 'a-2', 2),
      read([3, 4], 'r', 'a-2', 2),
      read([5, 6], 's', 'a-1', 1),
    ],
    [2, 3],
    /^r's read of a-2 .* s's read of a-1/,
  ],
  [
    'a read of what is sent only later',
    'any',
    [read([1, 2], 'r', 'a-1', 1), append([3, 4], 'a-1', 1)],
    [0, 1],
    /r's read of a-1/,
  ],
  [
    'a read of what is sent only later, with unknown outcome',
    'any',
    [read([1, 2], 'r', 'a-1', 1), unknownAppend(3, 'a-1')],
    [0, 1],
    /r's read/,
  ],
  [
    'a place below one that was acknowledged before',
    'any',
    [append([1, 2], 'a-1', 2), append([3, 4], 'b-1', 1)],
    [0, 1],
    /a's append of a-1/,
  ],
  [
    'an older epoch after a newer one',
    'any',
    [append([1, 2], 'a-1', '2/1'), append([3, 4], 'b-1', '1/9')],
    [0, 1],
    /1\/9/,
  ],
  [
    'one place for two appends',
    'any',
    [append([1, 9], 'a-1', 1), append([1, 9], 'b-1', 1)],
    [0, 1],
    /got the same place as/,
  ],
  [
    'a read of another value than was put there',
    'any',
    [append([1, 2], 'a-1', 1), unknownAppend(1, 'b-1'), read([3, 4], 'r', 'b-1', 1)],
    [2, 0],
    /saw another value than/,
  ],
  [
    'two values at one place',
    'any',
    [
      unknownAppend(1, 'a-1'),
      unknownAppend(1, 'b-1'),
      read([2, 3], 'r', 'a-1', 1),
      read([2, 3], 's', 'b-1', 1),
    ],
    [3, 2],
    /at the same place/,
  ],
  [
    'one value at two places',
    'any',
    [unknownAppend(1, 'a-1'), read([2, 3], 'r', 'a-1', 1), read([4, 5], 's', 'a-1', 2)],
    [1, 2],
    /saw at another place/,
  ],
  [
    'a read of what was refused',
    'any',
    [refusedAppend([1, 2], 'a-1'), read([3, 4], 'r', 'a-1', 1)],
    [1],
    /nobody can have put there/,
  ],
  ['a read of what nobody sent', 'any', [read([3, 4], 'r', 'x-1', 1)], [0], /nobody can have put there/],
  [
    'an offset that nothing can have filled',
    'consecutive',
    [append([1, 2], 'a-1', 1), append([3, 4], 'a-2', 3)],
    [1],
    /^More offsets are missing before a's append of a-2/,
  ],
  [
    'an offset that was filled before anything can have filled it',
    'consecutive',
    [append([1, 2], 'a-1', 1), append([3, 4], 'a-2', 3), unknownAppend(5, 'b-1')],
    [1, 2],
    /^a's append of a-2 .* b's append of b-1 \(called 5\)\.$/,
  ],
]
for (const [what, offsets, operations, shown, sentence] of bad)
  for (const isConsecutive of kindsOf(offsets))
    test(`finds ${what}, with ${isConsecutive ? 'consecutive' : 'rising'} offsets`, () => {
      const verdict = checkLinearizability(history(operations), { isConsecutive })
      assert.ok(verdict.outcome === 'violated')
      const { finding } = verdict
      assert.deepEqual([finding.kind, finding.stream, finding.count], ['not-linearizable', 'orders', 1])
      assert.match(finding.sentence, sentence)
      assert.deepEqual(
        finding.evidence.map(({ by, calledAt }) => [by, calledAt]),
        shown.map((index) => [operations[index]?.process, operations[index]?.calledAt]),
      )
    })

test('shows what cannot be ordered where no two operations contradict each other', () => {
  const operations = [
    unknownAppend(0, 'a-1'),
    unknownAppend(6, 'a-1'),
    read([1, 2], 'r', 'a-1', 1),
    read([3, 4], 's', 'a-1', 2),
  ]
  const verdict = checkLinearizability(history(operations), { isConsecutive: false })
  assert.ok(verdict.outcome === 'violated')
  assert.match(
    verdict.finding.sentence,
    /^None of these can come next in any order: .*s's read of a-1 \(1\/2,/,
  )
})

test('shows of many operations the two that contradict each other', () => {
  const operations = [
    append([1, 2], 'a-1', 1),
    read([3, 4], 'r', 'a-1', 1),
    read([5, 6], 'r', 'a-1', 1),
    append([7, 8], 'a-2', 2),
    read([6, 9], 's', 'a-1', 1),
    read([10, 11], 't', 'a-1', 1),
  ]
  const verdict = checkLinearizability(history(operations), { isConsecutive: true })
  assert.ok(verdict.outcome === 'violated')
  assert.deepEqual(
    verdict.finding.evidence.map(({ by, calledAt }) => [by, calledAt]),
    [
      ['a', 7],
      ['t', 10],
    ],
  )
})
