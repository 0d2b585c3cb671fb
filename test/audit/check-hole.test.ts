// Journals that are missing, torn, damaged or cut off: what they held is unknown, and nothing else is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalText } from '../../audit/journal-reader.ts'
import { check, findingsOf, got, journal, type Line, sent, start, stop, sub } from './history.ts'

test('a torn tail makes the end of that journal unknown, on both sides', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10)], '{"t":"se')
  const subscriber = journal('B', [
    start(0, 'B#1'),
    sub(1, 's'),
    got(200, 's', 'A#1', 1, 12),
    stop(900, 'B#1'),
  ])
  const sentUnknown = check([origin, subscriber])
  assert.deepEqual(findingsOf(sentUnknown), ['unknown A#1 11-12'])
  assert.equal(sentUnknown.journals[0]?.tornLines, 1)
  const whole = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(900, 'A#1')])
  const torn = journal(
    'B',
    [start(0, 'B#1'), sub(1, 's'), got(200, 's', 'A#1', 1, 3), got(250, 's', 'A#1', 5, 6)],
    '{"t"',
  )
  const gotUnknown = check([whole, torn])
  assert.deepEqual(findingsOf(gotUnknown), ['lost-silent A#1 4', 'unknown A#1 7-10'])
})

test('a damaged line hides only what was sent before the line after it', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 5),
    sent(600, 'A#1', 6, 10),
    stop(900, 'A#1'),
  ])
  const lines = [
    start(0, 'B#1'),
    sub(1, 's'),
    got(110, 's', 'A#1', 1, 2),
    '{"t":"got","at":120,',
    got(130, 's', 'C#1', 1, 1),
  ]
  const result = check([
    origin,
    journal('B', [...lines, stop(900, 'B#1')]),
    journal('C', [start(0, 'C#1'), sent(90, 'C#1', 1, 1)]),
  ])
  assert.equal(result.ok, false)
  assert.deepEqual(findingsOf(result), ['lost-silent A#1 6-10', 'unknown A#1 3-5'])
  assert.deepEqual(result.journals[1]?.damaged, [{ file: '000001.ndjson', line: 4 }])
})

test('a damaged line behind the last one of a subscription may hide its end', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 5),
    sent(600, 'A#1', 6, 10),
    stop(900, 'A#1'),
  ])
  const client = (at: number): Line => sub(at, 's', ['>'], 'client')
  const lines = [start(0, 'B#1'), client(1), got(110, 's', 'A#1', 1, 2)]
  const dropped = { t: 'dropped', at: 300, lines: 3 } as const
  const end = stop(900, 'B#1')
  const hidden = check([origin, journal('B', [...lines, dropped, end])])
  assert.deepEqual(findingsOf(hidden), ['unknown A#1 3-10'])
  const kept = check([origin, journal('B', [start(0, 'B#1'), sub(1, 's'), dropped, end])])
  assert.deepEqual(findingsOf(kept), ['lost-silent A#1 6-10', 'unknown A#1 1-5'])
  const shown = check([origin, journal('B', [...lines, dropped, client(400), end])])
  assert.deepEqual(findingsOf(shown), ['lost-silent A#1 6-10', 'unknown A#1 3-5'])
})

test('a damaged line in the journal of an origin makes its hole unknown', () => {
  const origin = journal('A', [
    start(0, 'A#1'),
    sent(100, 'A#1', 1, 4),
    'x',
    sent(300, 'A#1', 8, 10),
    stop(900, 'A#1'),
  ])
  const all = journal('B', [start(0, 'B#1'), sub(1, 's'), got(400, 's', 'A#1', 1, 10), stop(900, 'B#1')])
  assert.deepEqual(findingsOf(check([origin, all])), ['unknown A#1 5-7'])
  const some = journal('B', [start(0, 'B#1'), sub(1, 's'), got(400, 's', 'A#1', 1, 5), stop(900, 'B#1')])
  assert.deepEqual(findingsOf(check([origin, some])), ['lost-silent A#1 8-10', 'unknown A#1 5-7'])
})

test('a missing journal is named, and what came from there is unknown', () => {
  const subscriber = journal('B', [
    start(0, 'B#1'),
    sub(1, 's'),
    got(200, 's', 'A#1', 1, 12),
    stop(900, 'B#1'),
  ])
  for (const journals of [[subscriber], [subscriber, journal('A', [])]]) {
    const result = check(journals)
    assert.equal(result.ok, true)
    assert.deepEqual(result.missingJournals, ['A'])
    assert.deepEqual(findingsOf(result), ['unknown A#1 1-12'])
    assert.deepEqual(result.findings[0]?.reasons, ['origin-journal-missing'])
  }
})

test('duplicates and reorderings are found without the journal of the origin', () => {
  const lines = [sub(1, 's'), got(200, 's', 'A#1', 2, 4), got(300, 's', 'A#1', 1, 2)]
  const result = check([journal('B', [start(0, 'B#1'), ...lines, stop(900, 'B#1')])])
  assert.equal(result.ok, false)
  assert.deepEqual(findingsOf(result), ['duplicated A#1 2', 'out-of-order A#1 1', 'unknown A#1 1-4'])
})

test('the first files of a journal being gone makes what they held unknown', () => {
  const origin: JournalText = {
    node: 'A',
    files: [
      {
        name: '000004.ndjson',
        text: `${JSON.stringify(sent(300, 'A#1', 6, 10))}\n${JSON.stringify(stop(900, 'A#1'))}\n`,
      },
    ],
  }
  const lines = [start(0, 'B#1'), sub(1, 's'), got(400, 's', 'A#1', 1, 12), stop(900, 'B#1')]
  assert.deepEqual(findingsOf(check([origin, journal('B', lines)])), ['phantom A#1 11-12', 'unknown A#1 1-5'])
  const headless: JournalText = {
    node: 'B',
    files: [{ name: '000002.ndjson', text: `${JSON.stringify(got(400, 's', 'A#1', 7, 8))}\n` }],
  }
  const unknown = check([origin, headless])
  assert.deepEqual(findingsOf(unknown), ['unknown A#1 7-8'])
  assert.deepEqual(unknown.findings[0]?.reasons, ['subscription-not-journaled'])
})

test('deliveries to a subscription that a whole journal does not know are not for it', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(900, 'A#1')])
  const result = check([
    origin,
    journal('B', [start(0, 'B#1'), got(200, 'nobody', 'A#1', 1, 2), stop(900, 'B#1')]),
  ])
  assert.deepEqual(findingsOf(result), ['unexpected A#1 1-2'])
})

test('an origin that was over before the subscription began, and that no line names, is unknown', () => {
  const origin = journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(200, 'A#1')])
  const result = check([origin, journal('B', [start(0, 'B#1'), sub(500, 's'), stop(900, 'B#1')])])
  assert.equal(result.ok, true)
  assert.deepEqual(findingsOf(result), ['unknown A#1 1-10'])
  assert.deepEqual(result.findings[0]?.reasons, ['start-not-journaled'])
})

test('lines that the node could not write are holes on both sides', () => {
  const dropped = { t: 'dropped', at: 300, lines: 2 }
  const origin = [start(0, 'A#1'), sent(100, 'A#1', 1, 4), dropped, sent(400, 'A#1', 8, 10), stop(900, 'A#1')]
  const whole = [start(0, 'B#1'), sub(1, 's'), got(500, 's', 'A#1', 1, 10), stop(900, 'B#1')]
  const result = check([journal('A', origin), journal('B', whole)])
  assert.deepEqual(findingsOf(result), ['unknown A#1 5-7'])
  assert.equal(result.journals[0]?.droppedLines, 2)
  const all = [start(0, 'A#1'), sent(100, 'A#1', 1, 4), sent(400, 'A#1', 5, 10), stop(900, 'A#1')]
  const partial = [
    start(0, 'B#1'),
    sub(1, 's'),
    got(150, 's', 'A#1', 1, 2),
    dropped,
    got(500, 's', 'A#1', 6, 9),
  ]
  assert.deepEqual(findingsOf(check([journal('A', all), journal('B', [...partial, stop(900, 'B#1')])])), [
    'lost-silent A#1 5,10',
    'unknown A#1 3-4',
  ])
})
