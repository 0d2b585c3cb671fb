// In leader mode a message counts once it has its place. What may never have had one is unknown; what had one is due.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  check,
  findingsOf,
  gap,
  got,
  journal,
  type Lines,
  placed,
  sent,
  sentInOrder,
  start,
  stop,
  sub,
} from './history.ts'

const origin = 'A#1'

/** Kinds and sequences where A has sent 1 to 10 in leader mode, and B has a subscription. */
function judge(
  ofA: Lines,
  ofB: Lines,
  others: Parameters<typeof check>[0] = [],
  graceMs = 0,
): readonly string[] {
  const a = journal('A', [start(0, origin), sentInOrder(100, origin, 1, 10), ...ofA])
  const b = journal('B', [start(0, 'B#1'), sub(1, 's'), ...ofB, stop(900, 'B#1')])
  return findingsOf(check([a, b, ...others], graceMs))
}

test('what has no place and reached nobody is unknown, after an orderly stop and after a crash', () => {
  for (const end of [[stop(800, origin)], [], [start(800, 'A#2'), stop(900, 'A#2')]]) {
    const lines = [placed(200, origin, 6), ...end]
    assert.deepEqual(judge(lines, [got(300, 's', origin, 1, 6)]), ['unknown A#1 7-10'])
    assert.deepEqual(judge(lines, [got(300, 's', origin, 1, 4)]), ['lost-silent A#1 5-6', 'unknown A#1 7-10'])
  }
  const a = journal('A', [start(0, origin), sentInOrder(100, origin, 1, 10), stop(800, origin)])
  const result = check([a, journal('B', [start(0, 'B#1'), sub(1, 's'), stop(900, 'B#1')])])
  assert.equal(result.ok, true)
  assert.deepEqual(result.findings[0]?.reasons, ['not-acknowledged'])
  assert.deepEqual(result.totals.expected, 10)
})

test('what has its place is due, whoever says so', () => {
  const proofs: readonly Lines[] = [
    [start(0, 'C#1'), placed(500, origin, 8)],
    [start(0, 'C#1'), { t: 'retention', at: 500, stream: 'default', origin, to: 8 }],
    [start(0, 'C#1'), sub(1, 't'), got(500, 't', origin, 1, 8)],
  ]
  for (const proof of proofs) {
    const others = [journal('C', [...proof, stop(900, 'C#1')])]
    const found = judge([stop(800, origin)], [got(300, 's', origin, 1, 6)], others)
    const ofB = found.filter((finding) => finding.startsWith('lost'))
    assert.ok(ofB.includes('lost-silent A#1 7-8'), found.join('; '))
    assert.ok(found.includes('unknown A#1 9-10'))
  }
})

test('what somebody else got and this one was told to miss is a told loss, and proves all before it', () => {
  const lines = [got(300, 's', origin, 1, 3), gap(400, 's', origin, 6, 8)]
  assert.deepEqual(judge([stop(800, origin)], lines), [
    'lost-silent A#1 4-5',
    'lost-told A#1 6-8',
    'unknown A#1 9-10',
  ])
})

test('what was sent just before the end is on its way, with or without a place', () => {
  const lines = [placed(200, origin, 4)]
  assert.deepEqual(judge(lines, [got(300, 's', origin, 1, 4)], [], 850), [])
})

test('what was sent in gossip mode is due without a place', () => {
  const a = [start(0, origin), sent(100, origin, 1, 4), sentInOrder(200, origin, 5, 8), stop(800, origin)]
  const b = [start(0, 'B#1'), sub(1, 's'), got(300, 's', origin, 1, 2), stop(900, 'B#1')]
  assert.deepEqual(findingsOf(check([journal('A', a), journal('B', b)])), [
    'lost-silent A#1 3-4',
    'unknown A#1 5-8',
  ])
})

test('a mark of leader mode that is none is damage', () => {
  const line = { ...sentInOrder(100, origin, 1, 4), ordered: 1 }
  const result = check([journal('A', [start(0, origin), line, stop(800, origin)])])
  assert.equal(result.journals[0]?.damagedLines, 1)
})
