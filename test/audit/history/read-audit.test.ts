// Committed reads that were right, and reads that were wrong, each with what is said of it; and against the definitions on random histories.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation, Session } from '../../../audit/history/history.ts'
import { checkLinearizability } from '../../../audit/history/linearizability.ts'
import { auditReads } from '../../../audit/history/read-audit.ts'
import { type Random, randomBelow, seededRandom } from '../../../node/core/common/random.ts'
import {
  append,
  drain,
  entries,
  failedRead,
  gap,
  history,
  read,
  session,
  unknownAppend,
} from './written-history.ts'

const good: readonly (readonly [what: string, readonly Operation[], readonly Session[]])[] = [
  ['nothing is read', [append([1, 2], 'a-1', 1)], [drain('A', entries('a-1'))]],
  [
    'a read sees the last acknowledged entry, and it is there at the end',
    [append([1, 2], 'a-1', 1), read([3, 4], 'r', 'a-1', 1)],
    [drain('A', entries('a-1'))],
  ],
  ['an empty log is read before the first append', [read([1, 2], 'r'), append([3, 4], 'a-1', 1)], []],
  [
    'a read overlaps what it does not see',
    [append([1, 9], 'a-1', 1), append([1, 9], 'a-2', 2), read([3, 8], 'r', 'a-1', 1)],
    [],
  ],
  [
    'a call comes at the moment of a return',
    [append([1, 3], 'a-1', 1), read([3, 4], 'r'), read([1, 3], 's', 'a-1', 1)],
    [],
  ],
  [
    'reads came to nothing',
    [append([1, 2], 'a-1', 1), failedRead(3, 'r', 'refused'), failedRead(3, 'r', 'unknown')],
    [],
  ],
  [
    'what was read was told as a gap, or lies before where the session began',
    [unknownAppend(1, 'a-1'), read([3, 4], 'r', 'a-1', 1)],
    [
      drain('A', [gap(1, 1)]),
      drain('B', [], { after: { epoch: 1, offset: 1 } }),
      session('C', []),
      drain('D', [], { after: undefined }),
    ],
  ],
]
for (const [what, operations, sessions] of good)
  test(`finds nothing where ${what}`, () => {
    assert.deepEqual(auditReads(history(operations, sessions)), [])
  })

test('finds reads that did not see what had been acknowledged, and how many there are', () => {
  const operations = [
    append([1, 2], 'a-1', 1),
    append([3, 4], 'a-2', 2),
    read([5, 6], 'r', 'a-1', 1),
    read([5, 7], 's'),
    read([5, 8], 't', 'a-2', 2),
  ]
  const [finding, ...others] = auditReads(history(operations))
  assert.deepEqual(others, [])
  assert.deepEqual([finding?.kind, finding?.count], ['stale-read', 2])
  assert.equal(
    finding?.sentence,
    "r's read of a-1 (1/1, called 5, returned 6) was called when a's append of a-2 (1/2, called 3, returned 4) had ended.",
  )
})

test('finds a read that went back behind another one, though nothing was acknowledged', () => {
  const operations = [
    unknownAppend(1, 'a-1'),
    unknownAppend(1, 'a-2'),
    read([3, 4], 'r', 'a-2', 2),
    read([5, 6], 's', 'a-1', 1),
  ]
  const [finding, ...others] = auditReads(history(operations))
  assert.deepEqual([others, finding?.kind, finding?.count], [[], 'backward-read', 1])
  assert.match(finding?.sentence ?? '', /^s's read of a-1 .* was called when r's read of a-2 .* had ended\.$/)
})

test('finds a read of an older epoch after a newer one', () => {
  const operations = [append([1, 2], 'a-1', '1/9'), append([3, 4], 'a-2', '3/10')]
  const late = read([5, 6], 'r', 'a-1', '1/9')
  assert.deepEqual(kindsOf([...operations, late], []), ['stale-read'])
})

test('finds what was read and is gone at the end, or another one: at the end, in the middle, on one node', () => {
  const operations = [unknownAppend(1, 'a-1'), unknownAppend(1, 'b-1'), read([3, 4], 'r', 'b-1', 2)]
  assert.deepEqual(kindsOf(operations, [drain('A', entries('a-1'))]), ['vanished-read'])
  assert.deepEqual(kindsOf(operations, [drain('A', entries('a-1 . c-1'))]), ['vanished-read'])
  assert.deepEqual(kindsOf(operations, [drain('A', entries('b-1 a-1'))]), ['vanished-read'])
  const found = auditReads(history(operations, [drain('A', entries('a-1 b-1')), drain('B', entries('a-1'))]))
  assert.deepEqual(
    found.map(({ sentence }) => sentence),
    ["r's read of b-1 (1/2, called 3, returned 4) is not what drain-B has there at the end."],
  )
})

function kindsOf(operations: readonly Operation[], sessions: readonly Session[]): readonly string[] {
  return auditReads(history(operations, sessions)).map(({ kind }) => kind)
}

const seed = 20261129
const histories = 3_000

test('counts on random histories what the definitions say, and whatever is old is not linearizable', (context) => {
  context.diagnostic(`seed ${seed}`)
  const totals = { right: 0, 'stale-read': 0, 'backward-read': 0 }
  for (let number = 0; number < histories; number++) {
    const operations = drawOperations(seededRandom(`${seed}/${number}`))
    const found = auditReads(history(operations))
    const counts = Object.fromEntries(found.map(({ kind, count }) => [kind, count]))
    const what = `history ${number}: ${JSON.stringify(operations)}`
    for (const kind of ['stale-read', 'backward-read'] as const) {
      assert.equal(counts[kind] ?? 0, naiveCount(operations, kind === 'stale-read' ? 'append' : 'read'), what)
      if (counts[kind] !== undefined) totals[kind]++
    }
    if (found.length === 0) totals.right++
    else
      assert.equal(
        checkLinearizability(history(operations), { isConsecutive: true }).outcome,
        'violated',
        what,
      )
  }
  context.diagnostic(JSON.stringify(totals))
  assert.ok(Math.min(...Object.values(totals)) > histories / 20, JSON.stringify(totals))
})

/** Reads for which something of a kind had ended before their call at a place behind theirs. */
function naiveCount(operations: readonly Operation[], kind: Operation['kind']): number {
  const offsetOf = (each: Operation): number => {
    if (each.outcome !== 'ok') return -1
    return each.kind === 'append' ? each.result.offset : (each.result?.place.offset ?? -1)
  }
  return operations.filter(
    (each) =>
      each.kind === 'read' &&
      each.outcome === 'ok' &&
      operations.some(
        (other) =>
          other.kind === kind &&
          other.outcome === 'ok' &&
          other.returnedAt < each.calledAt &&
          offsetOf(other) > offsetOf(each),
      ),
  ).length
}

/** A log that works, read and appended to by several; some reads see what was last a while ago. */
function drawOperations(random: Random): readonly Operation[] {
  const count = 4 + randomBelow(random, 5)
  let last = 0
  return Array.from({ length: count }, (_, index): Operation => {
    const at = 10 * index
    const times = [at - randomBelow(random, 15), at + randomBelow(random, 15)] as const
    if (random() < 0.5) return append(times, `a-${++last}`, last)
    const seen = random() < 0.25 ? randomBelow(random, last + 1) : last
    return seen === 0 ? read(times, 'r') : read(times, 'r', `a-${seen}`, seen)
  })
}
