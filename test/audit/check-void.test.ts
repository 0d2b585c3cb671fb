// Numbers that passed by because a named producer's retry came when its message was stored already: nobody is owed them, unless nothing is
// stored in their place.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  check,
  findingsOf,
  gap,
  got,
  journal,
  type Line,
  type Lines,
  placed,
  sentInOrder,
  start,
  stop,
  sub,
} from './history.ts'

const A = 'A#1'
const B = 'B#2'

/** What a node has numbered of the producer p, from `number` on. */
function named(at: number, origin: string, from: number, to: number, number: number, producer = 'p'): Line {
  return { ...sentInOrder(at, origin, from, to), producer, number }
}

function voided(at: number, origin: string, from: number, to: number): Line {
  return { t: 'void', at, stream: 'default', origin, from, to }
}

interface Journals {
  /** What A and B have beside their beginnings and ends; B is subscribed. */
  readonly a: Lines
  readonly b: Lines
  /** Whether A stops in order, or which boot of it does. */
  readonly aEnds?: boolean | string
}

function judge({ a, b, aEnds = true }: Journals): readonly string[] {
  const first = journal('A', [start(0, A), ...a, ...(aEnds ? [stop(900, aEnds === true ? A : aEnds)] : [])])
  const second = journal('B', [start(0, B), sub(1, 's'), ...b, stop(900, B)])
  return findingsOf(check([first, second]))
}

test('nobody is owed what passed by as a copy, whoever says so', () => {
  const first = [named(100, A, 1, 4, 10), placed(200, A, 4)]
  const retry = [named(300, B, 1, 4, 10), placed(400, B, 4), got(150, 's', A, 1, 4)]
  assert.deepEqual(judge({ a: first, b: [...retry, voided(400, B, 1, 4)] }), [])
  assert.deepEqual(judge({ a: [...first, voided(400, B, 1, 4)], b: retry }), [])
  assert.deepEqual(judge({ a: first, b: retry }), ['lost-silent B#2 1-4'])
})

test('a void in whose place nothing is stored is a loss', () => {
  const retry = [named(300, B, 1, 4, 10), placed(400, B, 4), voided(400, B, 1, 4)]
  assert.deepEqual(judge({ a: [], b: retry }), ['lost-silent B#2 1-4'])
  const half = [named(100, A, 1, 2, 10), placed(200, A, 2)]
  assert.deepEqual(judge({ a: half, b: [...retry, got(150, 's', A, 1, 2)] }), ['lost-silent B#2 3-4'])
  const others = [named(100, A, 1, 4, 10, 'q'), placed(200, A, 4)]
  assert.deepEqual(judge({ a: others, b: [...retry, got(150, 's', A, 1, 4)] }), ['lost-silent B#2 1-4'])
})

test('two voids do not justify each other, nor does what never had its place', () => {
  const both = [named(100, A, 1, 1, 10), placed(200, A, 1), voided(200, A, 1, 1)]
  const retry = [named(300, B, 1, 1, 10), placed(400, B, 1), voided(400, B, 1, 1)]
  assert.deepEqual(judge({ a: both, b: retry }).toSorted(), ['lost-silent A#1 1', 'lost-silent B#2 1'])
  assert.deepEqual(judge({ a: [named(100, A, 1, 1, 10)], b: retry }).toSorted(), [
    'lost-silent B#2 1',
    'unknown A#1 1',
  ])
})

test('a void is not accused where a journal may hide what it is a copy of', () => {
  const retry = [named(300, B, 1, 1, 10), placed(400, B, 1), voided(400, B, 1, 1)]
  const isAccused = (journals: Journals): boolean =>
    judge(journals).some((finding) => finding.startsWith('lost'))
  assert.equal(isAccused({ a: [], b: retry }), true)
  assert.equal(isAccused({ a: [], b: retry, aEnds: false }), false, 'A may not have written it yet')
  assert.equal(isAccused({ a: [start(500, 'A#3')], b: retry, aEnds: 'A#3' }), false, 'A has crashed')
  assert.equal(isAccused({ a: ['{"t":"sent'], b: retry }), false, 'a line of A is damaged')
  assert.equal(isAccused({ a: [{ t: 'dropped', at: 50, lines: 2 }], b: retry }), false, 'A lacks lines')
  const alone = journal('B', [start(0, B), sub(1, 's'), ...retry, got(450, 's', 'C#7', 1, 1), stop(900, B)])
  assert.equal(findingsOf(check([alone])).includes('lost-silent B#2 1'), false, 'a journal is missing')
})

test('a void that was delivered, and one that was told as a gap', () => {
  const first = [named(100, A, 1, 1, 10), placed(200, A, 1)]
  const retry = [named(300, B, 1, 1, 10), placed(400, B, 1), voided(400, B, 1, 1), got(150, 's', A, 1, 1)]
  assert.deepEqual(judge({ a: first, b: [...retry, got(450, 's', B, 1, 1)] }), ['unexpected B#2 1'])
  assert.deepEqual(judge({ a: first, b: [...retry, gap(450, 's', B, 1, 1)] }), [])
})

test('lines that are none are damage', () => {
  for (const line of [
    { ...named(100, A, 1, 1, 10), number: undefined },
    { ...named(100, A, 1, 1, 10), producer: 7 },
    { ...voided(100, A, 3, 2) },
  ]) {
    const result = check([journal('A', [start(0, A), line, stop(900, A)])])
    assert.equal(result.journals[0]?.damagedLines, 1, JSON.stringify(line))
  }
})
