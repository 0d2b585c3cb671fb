// What the journal says of named producers: whose sequences a run has, and which numbers passed by with no message.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalLine } from '../../node/core/common/journal-lines.ts'
import { JournalRuns } from '../../node/storage/journal-runs.ts'

function makeRuns(): { readonly runs: JournalRuns; readonly lines: JournalLine[] } {
  const lines: JournalLine[] = []
  return { runs: new JournalRuns({ emit: (line) => lines.push(line), now: () => 99 }), lines }
}

test('what a named producer has numbered is one line as long as its sequences follow one another', () => {
  const { runs, lines } = makeRuns()
  const p = (sequence: number): { name: string; sequence: number } => ({ name: 'p', sequence })
  runs.sent('s', 'A#1', 1, 2, 'x', 0, 0, 'leader', p(7))
  runs.sent('s', 'A#1', 3, 1, 'x', 0, 0, 'leader', p(9))
  runs.sent('s', 'A#1', 4, 1, 'x', 0, 0, 'leader', p(11))
  runs.sentMixed('s', 'A#1', 5, ['y', 'z'], [0, 1], 0, 0, 'leader', p(12))
  runs.sent('s', 'A#1', 7, 1, 'x', 0, 0, 'leader', { name: 'q', sequence: 14 })
  runs.sent('s', 'A#1', 8, 1, 'x', 0, 0, 'leader')
  runs.flush()
  assert.deepEqual(
    lines.map((line) => line.t === 'sent' && [line.from, line.to, line.producer, line.number]),
    [
      [1, 3, 'p', 7],
      [4, 6, 'p', 11],
      [7, 7, 'q', 14],
      [8, 8, undefined, undefined],
    ],
  )
})

test('what passed by is one line as long as it follows one another', () => {
  const { runs, lines } = makeRuns()
  runs.voided('s', 'A#1', 1, 2)
  runs.voided('s', 'A#1', 3, 5)
  runs.voided('s', 'A#1', 7, 7)
  runs.voided('s', 'B#1', 8, 8)
  runs.voided('t', 'B#1', 9, 9)
  runs.flush()
  runs.flush()
  const line = { t: 'void', at: 99 }
  assert.deepEqual(lines, [
    { ...line, stream: 's', origin: 'A#1', from: 1, to: 5 },
    { ...line, stream: 's', origin: 'A#1', from: 7, to: 7 },
    { ...line, stream: 's', origin: 'B#1', from: 8, to: 8 },
    { ...line, stream: 't', origin: 'B#1', from: 9, to: 9 },
  ])
})

test('what has no place is one line as long as it follows one another, apart from what passed by, and needs none any more', () => {
  const { runs, lines } = makeRuns()
  runs.voided('s', 'A#1', 1, 2)
  runs.unplaced('s', 'A#1', 3, 5)
  runs.unplaced('s', 'A#1', 6, 6)
  runs.voided('s', 'A#1', 7, 7)
  runs.flush()
  const line = { at: 99, stream: 's', origin: 'A#1' }
  assert.deepEqual(lines, [
    { t: 'void', ...line, from: 1, to: 2 },
    { t: 'unplaced', ...line, from: 3, to: 6 },
    { t: 'void', ...line, from: 7, to: 7 },
    { t: 'placed', ...line, to: 6 },
  ])
})
