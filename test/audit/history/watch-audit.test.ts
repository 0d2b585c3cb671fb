// Every promise of a subscription has a session that breaks it and no other, and good sessions break none.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session } from '../../../audit/history/history.ts'
import { auditWatches } from '../../../audit/history/watch-audit.ts'
import { append, bookmark, drain, entries, entry, gap, history, place, session } from './written-history.ts'

const operations = [
  append([1, 2], 'a-1', 1, 'red'),
  append([3, 4], 'a-2', 2, 'blue'),
  append([5, 6], 'a-3', 3, 'red'),
  append([7, 8], 'a-4', 4, 'blue'),
]
const whole = drain('A', entries('a-1 a-2 a-3 a-4'))

const good: readonly (readonly [what: string, Session])[] = [
  ['reads everything', session('s', entries('a-1 a-2 a-3 a-4'))],
  ['reads the beginning', session('s', entries('a-1 a-2'))],
  ['begins wherever the stream stands', session('s', entries('. . a-3 a-4'), { after: undefined })],
  ['goes on where another one ended', session('s', entries('. . a-3 a-4'), { after: place(2) })],
  ['goes on from a place that is not there', session('s', entries('a-1 a-2'), { after: place('0/9') })],
  ['is told of gaps', session('s', [gap(1, 2), entry(3, 'a-3'), gap(4, 9)])],
  [
    'gets bookmarks',
    session('s', [bookmark(0), ...entries('a-1 a-2'), bookmark(2), entry(3, 'a-3'), bookmark(3)]),
  ],
  ['gets no more than it asked for', session('s', entries('a-1 . a-3'), { topics: ['red'] })],
  ['begins in another topic', session('s', [entry(4, 'a-4')], { topics: ['blue'], after: place(3) })],
]
for (const [what, given] of good)
  test(`finds nothing in a session that ${what}`, () =>
    assert.deepEqual(auditWatches(history(operations, [whole, given])), []))

const bad: readonly (readonly [property: string, what: string, Session, sentence: RegExp])[] = [
  [
    'ordered',
    'an entry behind a later one',
    session('s', [...entries('a-1 . a-3'), entry(2, 'a-2')]),
    /^s was sent a-3 at 1\/3 and then a-2 at 1\/2, behind it\.$/,
  ],
  [
    'unique',
    'an entry twice in a row',
    session('s', [entry(1, 'a-1'), entry(1, 'a-1')]),
    /a-1 at 1\/1, once more/,
  ],
  [
    'unique',
    'an entry twice, with others between',
    session('s', [...entries('a-1 a-2'), entry(1, 'a-1')]),
    /a-1 at 1\/1, once more/,
  ],
  [
    'reliable',
    'an entry left out between two others',
    session('s', entries('a-1 . a-3')),
    /^s went from a-1 at 1\/1 to a-3 at 1\/3 without a's append of a-2/,
  ],
  [
    'reliable',
    'an entry left out before a gap that does not include it',
    session('s', [...entries('a-1 a-2'), gap(4, 4)]),
    /to the gap up to 1\/4 without a's append of a-3/,
  ],
  [
    'reliable',
    'an entry of its topics left out',
    session('s', [entry(2, 'a-2'), gap(5, 6)], { topics: ['blue'] }),
    /without a's append of a-4/,
  ],
  [
    'resumable',
    'the first entry left out',
    session('s', entries('. a-2')),
    /^s went from -1\/-1 to a-2 at 1\/2 without/,
  ],
  [
    'resumable',
    'entries after the last one left out',
    session('s', [entry(4, 'a-4')], { after: place(2) }),
    /^s went from 1\/2 to a-4/,
  ],
  [
    'resumable',
    'an entry of before',
    session('s', entries('. a-2 a-3'), { after: place(2) }),
    /^s was sent a-2 at 1\/2, though it had asked for what comes after 1\/2\.$/,
  ],
  [
    'bookmarkable',
    'an entry behind a bookmark that includes it',
    session('s', [entry(1, 'a-1'), bookmark(2), entry(2, 'a-2')]),
    /^s was sent the bookmark 1\/2 and then a-2 at 1\/2, which that includes\.$/,
  ],
  [
    'bookmarkable',
    'a bookmark instead of an entry',
    session('s', [entry(1, 'a-1'), bookmark(2), entry(3, 'a-3')]),
    /to the bookmark 1\/2 without a's append of a-2/,
  ],
  [
    'bookmarkable',
    'an entry of which it was told that it would not come',
    session('s', [gap(1, 1), entry(1, 'a-1')]),
    /the gap up to 1\/1 and then a-1/,
  ],
  [
    'filter',
    'an entry of a topic that was not asked for',
    session('s', entries('a-1 a-2'), { topics: ['red'] }),
    /^s was sent a-2 at 1\/2, of the topic blue, which it had not asked for\.$/,
  ],
]
for (const [property, what, given, sentence] of bad) {
  test(`finds that a session is not ${property}: ${what}`, () => {
    const findings = auditWatches(history(operations, [whole, given]))
    assert.deepEqual(
      findings.map(({ kind, count }) => [kind, count]),
      [[property, 1]],
    )
    assert.match(findings[0]?.sentence ?? '', sentence)
  })
}

test('compares a session also with what was acknowledged and nobody saw', () => {
  const findings = auditWatches(history(operations, [session('s', entries('a-1 . a-3 a-4'))]))
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ['reliable'],
  )
})
