// Every way in which a queue can be wrong has a history that shows it and nothing else, and good histories show none.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { History } from '../../../audit/history/history.ts'
import { auditQueue } from '../../../audit/history/queue-audit.ts'
import {
  append,
  drain,
  entries,
  entry,
  gap,
  history,
  refusedAppend,
  session,
  unknownAppend,
} from './written-history.ts'

const three = [append([1, 2], 'a-1', 1), append([3, 4], 'a-2', 2), append([5, 6], 'a-3', 3)]
const nothing = { prefix: 0, middle: 0, postfix: 0 }

test('finds nothing where every node gives at the end what was acknowledged', () => {
  const given = history(
    [...three, unknownAppend(7, 'b-1'), unknownAppend(8, 'b-2'), refusedAppend([7, 8], 'b-3')],
    [
      session('s', entries('a-1')),
      drain('A', entries('a-1 a-2 a-3 b-1')),
      drain('B', entries('a-1 a-2 a-3 b-1')),
    ],
  )
  const { counts, lost, nodes, findings } = auditQueue(given)
  assert.deepEqual(findings, [])
  assert.deepEqual(counts, {
    attempts: 6,
    acknowledged: 3,
    unknown: 2,
    refused: 1,
    ok: 4,
    recovered: 1,
    unexpected: 0,
    duplicated: 0,
    told: 0,
  })
  assert.deepEqual(lost, nothing)
  assert.deepEqual(nodes, [
    { node: 'A', ...nothing, divergent: 0 },
    { node: 'B', ...nothing, divergent: 0 },
  ])
})

test('does not call lost what a session was told will not come', () => {
  const { counts, findings } = auditQueue(history(three, [drain('A', [gap(1, 2), entry(3, 'a-3')])]))
  assert.deepEqual([findings, counts.told], [[], 2])
})

test('does not miss on a node what its sessions were told will not come', () => {
  const sessions = [drain('A', entries('a-1 a-2 a-3')), drain('B', [gap(1, 2), entry(3, 'a-3')])]
  assert.deepEqual(auditQueue(history(three, sessions)).findings, [])
})

test('does not miss on a node what its sessions did not ask for', () => {
  const appends = [append([1, 2], 'a-1', 1, 'red'), append([3, 4], 'a-2', 2, 'blue')]
  const sessions = [drain('A', entries('a-1'), { topics: ['red'] }), drain('B', entries('a-1 a-2'))]
  assert.deepEqual(auditQueue(history(appends, sessions)).findings, [])
})

const bad: readonly (readonly [kind: string, what: string, History, sentence: RegExp])[] = [
  [
    'lost-prefix',
    'a loss of what was sent first',
    history(three, [drain('A', entries('. a-2 a-3'))]),
    /^a's append of a-1 .* nobody read it\.$/,
  ],
  ['lost-middle', 'a loss between what was read', history(three, [drain('A', entries('a-1 . a-3'))]), /a-2/],
  ['lost-postfix', 'a loss of what was sent last', history(three, [drain('A', entries('a-1 a-2'))]), /a-3/],
  [
    'lost-postfix',
    'a loss of everything of a writer',
    history([append([1, 2], 'a-1', 1)], [drain('A', [])]),
    /a-1/,
  ],
  [
    'node-lost-prefix',
    'a node without what was sent first',
    history(three, [drain('A', entries('a-1 a-2 a-3')), drain('B', entries('. a-2 a-3'))]),
    /^a's append of a-1 .* was read elsewhere, but not at the end of node B\.$/,
  ],
  [
    'node-lost-middle',
    'a node without something between',
    history(three, [drain('A', entries('a-1 a-2 a-3')), drain('B', entries('a-1 . a-3'))]),
    /a-2 .* node B/,
  ],
  [
    'node-lost-postfix',
    'a node without what was sent last',
    history(three, [session('s', entries('a-1 a-2 a-3')), drain('B', entries('a-1 a-2'))]),
    /a-3 .* node B/,
  ],
  [
    'divergent',
    'a value of unknown outcome that one node has and another has not',
    history([unknownAppend(1, 'a-1')], [drain('A', entries('a-1')), drain('B', [])]),
    /^a's append of a-1 \(called 1\) was read elsewhere, but not at the end of node B\.$/,
  ],
  [
    'unexpected',
    'a value that was never sent',
    history([], [drain('A', entries('x-1'))]),
    /^drain-A's x-1 \(1\/1\) was never sent\.$/,
  ],
  [
    'unexpected',
    'a value that was refused',
    history([refusedAppend([1, 2], 'a-1')], [drain('A', entries('a-1'))]),
    /was refused/,
  ],
  [
    'duplicated',
    'a value that a session got twice',
    history([append([1, 2], 'a-1', 1)], [drain('A', entries('a-1 a-1'))]),
    /^drain-A's a-1 \(1\/1\) was sent to that session before\.$/,
  ],
  [
    'not-drained',
    'a history that nobody read to the end',
    history(three, [session('s', entries('a-1'))]),
    /cannot be told/,
  ],
]
for (const [kind, what, given, sentence] of bad) {
  test(`finds ${kind}: ${what}`, () => {
    const { findings } = auditQueue(given)
    assert.deepEqual(
      findings.map((finding) => [finding.kind, finding.count]),
      [[kind, 1]],
    )
    assert.match(findings[0]?.sentence ?? '', sentence)
  })
}

test('counts the parts of a loss for each writer by itself', () => {
  const appends = [...three, append([1, 2], 'b-1', 4), append([1, 2], 'b-2', 5)]
  const { lost } = auditQueue(history(appends, [drain('A', [entry(2, 'a-2'), entry(5, 'b-2')])]))
  assert.deepEqual(lost, { prefix: 2, middle: 0, postfix: 1 })
})

test('does not mind in which order a writer is read', () => {
  const { lost } = auditQueue(history(three, [drain('A', entries('a-3 a-1'))]))
  assert.deepEqual(lost, { prefix: 0, middle: 1, postfix: 0 })
})
