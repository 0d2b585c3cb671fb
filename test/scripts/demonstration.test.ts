// What `npm start` makes of a verdict: every kind of finding about its own messages fails it, and no other.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckResult } from '../../audit/check-result.ts'
import { findProblems } from '../../scripts/demonstration.ts'

const pattern = 'ordered.>'
const sent = new Map([['A#1', 3]])

/** A verdict over one subscription of the demonstration, with these counts and findings. */
function verdictOf(counts: Readonly<Record<string, number>>, findings: readonly object[] = []): CheckResult {
  const range = (kind: string): object => ({ count: counts[kind] ?? 0, ranges: '' })
  const kinds = [
    'delivered',
    'lostSilent',
    'lostTold',
    'duplicated',
    'outOfOrder',
    'phantom',
    'unexpected',
    'unknown',
  ]
  const report = { origin: 'A#1', ...Object.fromEntries(kinds.map((kind) => [kind, range(kind)])) }
  const subscriber = {
    node: 'B',
    sub: 'B',
    kind: 'node',
    stream: 'ordered',
    patterns: [pattern],
    origins: [report],
  }
  return { subscribers: [subscriber], findings } as never
}

test('a verdict without findings is no problem, and every kind of count is one', () => {
  assert.deepEqual(findProblems(verdictOf({ delivered: 3 }), sent, pattern), [])
  for (const [kind, text] of [
    ['lostSilent', '2 lost'],
    ['lostTold', '2 lost'],
    ['duplicated', '2 doubled'],
    ['outOfOrder', '2 out of order'],
    ['phantom', '2 never sent'],
    ['unexpected', '2 not meant for the subscriber'],
    ['unknown', '2 unknown'],
  ] as const)
    assert.deepEqual(findProblems(verdictOf({ [kind]: 2 }), sent, pattern), [text])
})

test('two subscriptions that got the stream in different orders are a problem, and those of other streams are not', () => {
  const disagreed = (stream: string): object => ({ kind: 'disagreed', stream })
  assert.deepEqual(findProblems(verdictOf({}, [disagreed('ordered')]), sent, pattern), [
    '1 got another order than others',
  ])
  assert.deepEqual(findProblems(verdictOf({}, [disagreed('others')]), sent, pattern), [])
})
