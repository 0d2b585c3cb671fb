// Nodes that were removed: what they published counts, what they subscribed to ends with them, also where another has their name.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeliveryCheck } from '../../audit/check.ts'
import type { CheckResult } from '../../audit/check-result.ts'
import { JournalReader } from '../../audit/journal-reader.ts'
import { findingsOf, got, journal, type Lines, sent, start, stop, sub } from './history.ts'

interface Memberships {
  readonly node: string
  readonly former: readonly Lines[]
  readonly now?: Lines
  /** Name of the first file of what the node of this name writes now. */
  readonly firstFile?: string
}

function check(graceMs: number, nodes: readonly Memberships[]): CheckResult {
  const verdict = new DeliveryCheck({ graceMs })
  for (const { node, former, now, firstFile = '000001.ndjson' } of nodes) {
    const intake = verdict.openJournal(node)
    const reader = new JournalReader(node, [intake])
    const feed = (name: string, lines: Lines): void => {
      reader.openFile(name)
      reader.feed(journal(node, lines).files[0]?.text ?? '')
    }
    for (const [at, lines] of former.entries()) {
      feed(`${node}.removed-${at}/000001.ndjson`, lines)
      reader.endMembership()
    }
    if (now !== undefined) feed(firstFile, now)
    intake.close(reader.close())
  }
  return verdict.finish()
}

const receiver: Memberships = {
  node: 'A',
  former: [],
  now: [
    start(0, 'A#1'),
    sub(1, 'a'),
    got(100, 'a', 'B#1', 1, 5),
    got(900, 'a', 'B#2', 1, 3),
    stop(9000, 'A#1'),
  ],
}
const before: Lines = [start(0, 'B#1'), sent(100, 'B#1', 1, 5), stop(400, 'B#1')]
const after: Lines = [start(800, 'B#2'), sent(900, 'B#2', 1, 3), stop(9000, 'B#2')]

test('what a node published before it was removed counts, beside what another one of its name did', () => {
  const result = check(0, [receiver, { node: 'B', former: [before], now: after }])
  assert.deepEqual(findingsOf(result), [])
  assert.deepEqual([result.totals.delivered, result.totals.unknown, result.sent], [8, 0, 8])
  assert.deepEqual(result.missingJournals, [])
  const gone = check(0, [receiver, { node: 'B', former: [before, after] }])
  assert.deepEqual([findingsOf(gone), gone.missingJournals], [[], []])
})

test('what is missing of a removed node is lost like that of any other', () => {
  const more: Lines = [start(0, 'B#1'), sent(100, 'B#1', 1, 7), stop(400, 'B#1')]
  const result = check(0, [receiver, { node: 'B', former: [more], now: after }])
  assert.deepEqual(findingsOf(result), ['lost-silent B#1 6-7'])
})

test("a removed node's own subscription is owed what was sent before it left, and nothing after", () => {
  const publisher: Memberships = {
    node: 'A',
    former: [],
    now: [
      start(0, 'A#1'),
      sent(100, 'A#1', 1, 5),
      sent(390, 'A#1', 6, 6),
      sent(900, 'A#1', 7, 9),
      stop(9000, 'A#1'),
    ],
  }
  const lines = (to: number): Lines => [
    start(0, 'B#1'),
    sub(1, 'b'),
    got(150, 'b', 'A#1', 1, to),
    stop(400, 'B#1'),
  ]
  // Another node of its name starts, and has no subscription.
  for (const now of [undefined, [start(800, 'B#2'), stop(9000, 'B#2')]]) {
    const node = { node: 'B', ...(now && { now }) }
    const whole = check(50, [publisher, { ...node, former: [lines(5)] }])
    assert.deepEqual([findingsOf(whole), whole.totals.pending, whole.totals.expected], [[], 0, 5])
    const part = check(50, [publisher, { ...node, former: [lines(3)] }])
    assert.deepEqual(findingsOf(part), ['lost-silent A#1 4-5'])
  }
})

test('of a node that was removed dead the last lines are missing: nobody is accused of them', () => {
  const dead: Lines = [start(0, 'B#1'), sub(1, 'b'), got(150, 'b', 'A#1', 1, 3), sent(200, 'B#1', 1, 4)]
  const other: Memberships = {
    node: 'A',
    former: [],
    now: [
      ...[start(0, 'A#1'), sub(1, 'a'), sent(100, 'A#1', 1, 5), got(250, 'a', 'A#1', 1, 5)],
      ...[got(250, 'a', 'B#1', 1, 5), sent(900, 'A#1', 6, 9), got(900, 'a', 'A#1', 6, 9), stop(9000, 'A#1')],
    ],
  }
  const result = check(0, [other, { node: 'B', former: [dead] }])
  assert.deepEqual(findingsOf(result).toSorted(), ['unknown A#1 4-5', 'unknown B#1 1-4', 'unknown B#1 5'])
})

test('files that are missing at the beginning of what another node of the name writes are a hole', () => {
  const late: Lines = [sent(950, 'B#2', 2, 3), stop(9000, 'B#2')]
  const result = check(0, [receiver, { node: 'B', former: [before], now: late, firstFile: '000002.ndjson' }])
  assert.deepEqual(findingsOf(result), ['unknown B#2 1'])
})
