// Journals under the hands of a disk: a bit that turned over, an end that is gone, zeros, anywhere in what a node wrote before it was started
// again. Nobody is accused of it: what nothing tells any more is unknown.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckResult } from '../../audit/check-result.ts'
import type { JournalText } from '../../audit/journal-reader.ts'
import { readSeal, sealLine } from '../../node/core/common/line-seal.ts'
import {
  base,
  check,
  end,
  findingsOf,
  got,
  type Line,
  lost,
  placed,
  sent,
  sentInOrder,
  start,
  stop,
  sub,
} from './history.ts'

/** A node's own subscription on each node. */
const [ofA, ofB] = ['s-of-A', 's-of-B']

/** What A wrote before the disk changed it: a boot that ended in order, and one that crashed. */
const rotting: readonly (readonly Line[])[] = [
  [
    start(0, 'A#1'),
    { ...sub(1, ofA), since: 1 },
    base(2, ofA, 'B#1', 5),
    sub(3, 'client-1', ['a.>'], 'client'),
    base(4, 'client-1', 'B#1', 5),
    sent(100, 'A#1', 1, 10),
    got(110, ofA, 'B#1', 6, 20),
    got(111, ofA, 'A#1', 1, 10),
    got(112, 'client-1', 'B#1', 6, 20),
    got(113, 'client-1', 'A#1', 1, 10),
    end(120, 'client-1', { 'A#1': 10, 'B#1': 20 }),
    stop(130, 'A#1'),
  ],
  [
    start(200, 'A#2'),
    { ...sub(201, ofA), since: 1 },
    sub(202, 'client-2', ['a.>'], 'client'),
    base(203, 'client-2', 'B#1', 20),
    sentInOrder(300, 'A#2', 1, 12),
    placed(301, 'A#2', 10),
    placed(301, 'B#1', 40),
    got(310, ofA, 'B#1', 21, 40),
    got(311, ofA, 'A#2', 1, 10),
    order(312, ofA, 1, 10),
    got(313, 'client-2', 'B#1', 21, 40),
    got(314, 'client-2', 'A#2', 1, 10),
    order(315, 'client-2', 1, 10),
    lost(316, 'client-2'),
  ],
]

const ofTheOther: readonly Line[] = [
  start(-100, 'B#1'),
  sub(-99, ofB),
  sent(-50, 'B#1', 1, 5),
  sent(50, 'B#1', 6, 20),
  got(112, ofB, 'B#1', 1, 20),
  got(113, ofB, 'A#1', 1, 10),
  sent(250, 'B#1', 21, 40),
  placed(302, 'A#2', 10),
  got(310, ofB, 'B#1', 21, 40),
  got(311, ofB, 'A#2', 1, 10),
  order(312, ofB, 1, 10),
  sent(500, 'B#1', 41, 50),
  got(510, ofB, 'B#1', 41, 50),
  got(511, ofB, 'A#3', 1, 5),
  stop(900, 'B#1'),
]

function order(at: number, id: string, from: number, offset: number): Line {
  return { t: 'order', at, sub: id, stream: 'default', epoch: 1, from, offset, hash: offset * 7 }
}

function toText(boots: readonly (readonly Line[])[]): string {
  const lines = boots.flatMap((boot) => boot.map((line, index) => sealLine(JSON.stringify(line), index + 1)))
  return lines.map((line) => `${line}\n`).join('')
}

/** A is started again over what is left, goes on where that says, and ends in order. */
function judge(left: Buffer): CheckResult {
  const text = left.toString()
  const position = { 'A#1': 0, 'A#2': 0, 'B#1': 5, ...positionsIn(text) }
  const last = toText([
    [
      start(400, 'A#3'),
      { ...sub(401, ofA), since: 1 },
      ...([10, 10, 50] as const).flatMap((to, index) => {
        const origin = (['A#1', 'A#2', 'B#1'] as const)[index] ?? 'A#1'
        return position[origin] < to ? [got(600, ofA, origin, position[origin] + 1, to)] : []
      }),
      sent(600, 'A#3', 1, 5),
      got(601, ofA, 'A#3', 1, 5),
      stop(900, 'A#3'),
    ],
  ])
  const isTorn = text !== '' && !text.endsWith('\n')
  const texts = isTorn ? [text, last] : [text + last]
  const files = texts.map((each, index) => ({ name: `00000${index + 1}.ndjson`, text: each }))
  return check([{ node: 'A', files }, sealed('B', ofTheOther)])
}

function sealed(node: string, lines: readonly Line[]): JournalText {
  return { node, files: [{ name: '000001.ndjson', text: toText([lines]) }] }
}

/** Where A's own subscription goes on, as its node reads its journal. */
function positionsIn(text: string): Partial<Record<'A#1' | 'A#2' | 'B#1', number>> {
  const positions: Partial<Record<'A#1' | 'A#2' | 'B#1', number>> = {}
  for (const line of text.split('\n')) {
    if (readSeal(line) === 'broken') continue
    const { t, sub: id, origin, to } = read(line)
    if (t === 'got' && id === ofA) Object.assign(positions, { [String(origin)]: to })
  }
  return positions
}

function read(line: string): Line {
  try {
    return JSON.parse(line)
  } catch {
    return {}
  }
}

function accusations(result: CheckResult): readonly string[] {
  return findingsOf(result).filter((finding) => !finding.startsWith('unknown '))
}

const whole = Buffer.from(toText(rotting))

test('nothing is wrong with the history before it rots', () => {
  assert.deepEqual(accusations(judge(whole)), [])
})

test('a bit that turned over anywhere in a journal accuses nobody, and is named', () => {
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const rotten = Buffer.from(whole)
    rotten.writeUInt8(rotten.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    const result = judge(rotten)
    const line = rotten.subarray(0, bit >> 3).toString()
    assert.deepEqual(accusations(result), [], `bit ${bit & 7} behind ${line.slice(line.lastIndexOf('\n'))}`)
  }
})

test('a journal that lost its end, wherever it was cut, accuses nobody', () => {
  for (let bytes = 0; bytes <= whole.length; bytes++) {
    const left = whole.subarray(0, bytes)
    assert.deepEqual(accusations(judge(left)), [], `cut behind ${left.toString().slice(-60)}`)
  }
})

test('zeros anywhere in a journal accuse nobody', () => {
  for (let from = 0; from < whole.length; from += 5) {
    for (const length of [1, 40, 512, whole.length]) {
      const rotten = Buffer.from(whole).fill(0, from, Math.min(from + length, whole.length))
      const text = whole.toString().slice(0, from)
      assert.deepEqual(accusations(judge(rotten)), [], `${length} behind ${text.slice(-60)}`)
    }
  }
})

test('who is handed again what it had, by a boot whose first line has rotted, went not back', () => {
  const again = [sub(201, ofA), got(310, ofA, 'B#1', 6, 20), order(311, ofA, 6, 20), stop(400, 'A#2')]
  const before = [start(0, 'A#1'), sub(1, ofA), base(2, ofA, 'B#1', 5), order(110, ofA, 6, 20)]
  const lines = toText([before, [start(200, 'A#2'), ...again]])
  const files = [{ name: '000001.ndjson', text: lines.replace('"A#2"', '"A#3"') }]
  const result = check([{ node: 'A', files }, sealed('B', ofTheOther.slice(0, 6))])
  assert.deepEqual([accusations(result), result.journals[0]?.damagedLines], [[], 1])
})

test('a file in the middle that lost its end is noticed by the numbers of the lines', () => {
  const lines = toText(rotting.slice(0, 1)).trimEnd().split('\n')
  const files = [lines.slice(0, 6), lines.slice(8)].map((each, index) => {
    return { name: `00000${index + 1}.ndjson`, text: `${each.join('\n')}\n` }
  })
  const result = check([{ node: 'A', files }, sealed('B', ofTheOther.slice(0, 6))])
  assert.deepEqual(accusations(result), [])
  assert.deepEqual(result.journals[0]?.damaged, [{ file: '000002.ndjson', line: 1 }])
})
