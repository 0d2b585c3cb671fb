// Every anomaly of the log has a history that shows it and nothing else, and good histories show none.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { History } from '../../../audit/history/history.ts'
import { auditLog } from '../../../audit/history/log-audit.ts'
import {
  append,
  bookmark,
  drain,
  entries,
  entry,
  gap,
  history,
  place,
  read,
  refusedAppend,
  session,
  unknownAppend,
} from './written-history.ts'

const three = [append([1, 2], 'a-1', 1), append([3, 4], 'b-1', 2), append([5, 6], 'a-2', 3)]

const good: readonly (readonly [what: string, History])[] = [
  [
    'everything is seen by everybody',
    history(three, [session('s', entries('a-1 b-1 a-2')), drain('A', entries('a-1 b-1 a-2'))]),
  ],
  ['nobody looks', history(three)],
  ['a session has not read everything yet', history(three, [session('s', entries('a-1'))])],
  [
    'a session begins in the middle',
    history(three, [session('s', entries('. b-1 a-2'), { after: place(1) })]),
  ],
  [
    'a session begins wherever the stream stands',
    history(three, [session('s', entries('. . a-2'), { after: undefined })]),
  ],
  ['a session is told of a gap', history(three, [drain('A', [gap(1, 2), entry(3, 'a-2')])])],
  ['a told gap includes others', history([append([1, 2], 'a-1', 5)], [drain('A', [gap(1, 9), gap(2, 3)])])],
  ['what was not acknowledged is seen', history([unknownAppend(1, 'a-1')], [drain('A', entries('a-1'))])],
  [
    'what was not acknowledged is not seen',
    history([unknownAppend(1, 'a-1'), refusedAppend([1, 2], 'a-2')], [drain('A', [])]),
  ],
  [
    'what was not acknowledged takes effect after what was sent later',
    history([unknownAppend(1, 'a-1'), append([2, 3], 'a-2', 1)], [drain('A', entries('a-2 a-1'))]),
  ],
  [
    'a retry is acknowledged after an attempt was refused',
    history([refusedAppend([1, 2], 'a-1'), append([3, 4], 'a-1', 1)], [drain('A', entries('a-1'))]),
  ],
  [
    'offsets are left out, and epochs begin anew',
    history(
      [append([1, 2], 'a-1', '1/5'), append([3, 4], 'a-2', '2/1')],
      [drain('A', [entry('1/5', 'a-1'), entry('2/1', 'a-2')])],
    ),
  ],
  [
    'a session asks for some topics',
    history(
      [append([1, 2], 'a-1', 1, 'red'), append([3, 4], 'a-2', 2, 'blue'), append([5, 6], 'a-3', 3, 'red')],
      [session('s', entries('a-1 . a-3'), { topics: ['red'] }), drain('A', entries('a-1 a-2 a-3'))],
    ),
  ],
]
for (const [what, given] of good)
  test(`finds nothing where ${what}`, () => assert.deepEqual(auditLog(given), []))

const bad: readonly (readonly [kind: string, what: string, History, sentence: RegExp])[] = [
  [
    'lost-write',
    'an acknowledged value that sessions went past',
    history(three, [drain('A', entries('a-1 . a-2'))]),
    /^b's append of b-1 \(1\/2, .* nobody saw it/,
  ],
  [
    'unseen',
    'an acknowledged value beyond what anybody saw',
    history(three, [drain('A', entries('a-1 b-1'))]),
    /^a's append of a-2 .* lies beyond/,
  ],
  [
    'aborted-read',
    'a refused value that a subscriber saw',
    history([refusedAppend([1, 2], 'a-1')], [session('s', entries('a-1'))]),
    /was refused, but is seen in s's a-1 \(1\/1\)/,
  ],
  [
    'aborted-read',
    'a refused value that a read saw',
    history([refusedAppend([1, 2], 'a-1'), read([3, 4], 'r', 'a-1', 1)]),
    /r's read of a-1/,
  ],
  [
    'inconsistent-offsets',
    'an offset with two values',
    history(
      [unknownAppend(1, 'a-1'), unknownAppend(1, 'b-1')],
      [session('s', entries('a-1')), session('t', entries('b-1'))],
    ),
    /^s's a-1 \(1\/1\) names another value than t's b-1 \(1\/1\)\.$/,
  ],
  [
    'duplicate',
    'a value at two offsets',
    history(
      [append([1, 2], 'a-1', 1)],
      [session('s', entries('a-1')), session('t', entries('. a-1'), { after: place(1) })],
    ),
    /a-1 \(1\/1, called 1, returned 2\) lies at another place than t's a-1 \(1\/2\)/,
  ],
  [
    'poll-skip',
    'a session that went past what another one saw',
    history(three, [drain('A', entries('a-1 b-1 a-2')), session('s', entries('a-1 . a-2'))]),
    /^s went on to a-2 at 1\/3 without drain-A's b-1 \(1\/2\)\.$/,
  ],
  [
    'poll-skip',
    'a session that a bookmark moved past what another one saw',
    history(three, [drain('A', entries('a-1 b-1 a-2')), session('s', [bookmark(1)])]),
    /^s went on to the bookmark 1\/1 without drain-A's a-1/,
  ],
  [
    'nonmonotonic-poll',
    'a session that went back',
    history(three, [session('s', [entry(2, 'b-1'), entry(1, 'a-1')], { after: undefined })]),
    /^s was at b-1 at 1\/2 and was then sent a-1 at 1\/1\.$/,
  ],
  [
    'nonmonotonic-poll',
    'a session that got an entry again',
    history(three, [session('s', [entry(1, 'a-1'), entry(1, 'a-1')])]),
    /then sent a-1/,
  ],
  [
    'nonmonotonic-poll',
    'a session that began too early',
    history(three, [session('s', entries('a-1'), { after: place(1) })]),
    /^s was at where it began/,
  ],
  [
    'nonmonotonic-send',
    'values of a writer in another order than it sent them',
    history([append([1, 9], 'a-1', 2), append([1, 9], 'a-2', 1)]),
    /^a's append of a-1 .* was sent before, but lies behind a's append of a-2/,
  ],
  [
    'nonmonotonic-send',
    'a value of unknown outcome before what was acknowledged before it',
    history([append([1, 2], 'a-9', 2), unknownAppend(3, 'a-10')], [session('s', entries('a-10 a-9'))]),
    /a-9 .* lies behind s's a-10/,
  ],
]
for (const [kind, what, given, sentence] of bad) {
  test(`finds ${kind}: ${what}`, () => {
    const findings = auditLog(given)
    assert.deepEqual(
      findings.map((finding) => [finding.kind, finding.stream, finding.count]),
      [[kind, 'orders', 1]],
    )
    assert.match(findings[0]?.sentence ?? '', sentence)
    assert.ok((findings[0]?.evidence.length ?? 0) > 0)
  })
}

test('has one finding for everything of a kind in one place, however much it is', () => {
  const appends = Array.from({ length: 1_000 }, (_, index) => append([index, index], `a-${index}`, index + 1))
  const values = (skipped: number): string =>
    appends.map(({ value }, index) => (index < skipped ? '.' : value)).join(' ')
  const sessions = [drain('A', entries(values(300))), session('s', entries(values(500)))]
  const found = auditLog(history(appends, sessions)).map(({ kind, count, evidence }) => [
    kind,
    count,
    evidence.length,
  ])
  assert.deepEqual(found, [
    ['lost-write', 300, 1],
    ['poll-skip', 200, 2],
  ])
})

test('counts as skipped only what does not come late', () => {
  const sessions = [drain('A', entries('a-1 b-1 a-2')), session('s', [entry(3, 'a-2'), entry(1, 'a-1')])]
  const found = auditLog(history(three, sessions))
  assert.deepEqual(
    found.map(({ kind, count }) => [kind, count]),
    [
      ['poll-skip', 1],
      ['nonmonotonic-poll', 1],
    ],
  )
  assert.match(found[0]?.sentence ?? '', /without drain-A's b-1/)
})

test('calls an acknowledged value lost where sessions were sent another one at its offset', () => {
  const given = history([append([1, 2], 'a-1', 1), unknownAppend(1, 'b-1')], [drain('A', entries('b-1'))])
  assert.deepEqual(
    auditLog(given).map(({ kind }) => kind),
    ['lost-write', 'inconsistent-offsets'],
  )
})

test('takes a value for acknowledged whatever became of other attempts', () => {
  const given = history(
    [append([1, 2], 'a-1', 1), unknownAppend(3, 'a-1'), refusedAppend([4, 5], 'a-1')],
    [drain('A', [])],
  )
  assert.deepEqual(
    auditLog(given).map(({ kind }) => kind),
    ['unseen'],
  )
})

test('shows of a skip how far the session had come, also when it had gone back since', () => {
  const events = [entry(2, 'b-1'), entry(1, 'a-1'), entry(4, 'c-1')]
  const sessions = [drain('A', entries('a-1 b-1 a-2 c-1')), session('s', events, { after: undefined })]
  const skip = auditLog(history([...three, unknownAppend(7, 'c-1')], sessions)).find(
    ({ kind }) => kind === 'poll-skip',
  )
  assert.deepEqual(
    skip?.evidence.map(({ value }) => value),
    ['b-1', 'c-1', 'a-2'],
  )
})
