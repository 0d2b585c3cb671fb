// The journal records runs: what joins a run, what ends one, and what stands in the line.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalLine } from '../../node/core/common/journal-lines.ts'
import { JournalRuns } from '../../node/storage/journal-runs.ts'

function makeRuns(openRunsMax?: number): { readonly runs: JournalRuns; readonly lines: JournalLine[] } {
  const lines: JournalLine[] = []
  const emit = (line: JournalLine): void => {
    lines.push(line)
  }
  const limits = openRunsMax === undefined ? {} : { openRunsMax }
  return { runs: new JournalRuns({ emit, now: () => 99, ...limits }), lines }
}

/** Sequences of a `got` line, the slow way. */
function sequencesOf(line: JournalLine): number[] {
  assert.ok(line.t === 'got')
  const ranges = line.ranges ?? `${line.from}-${line.to}`
  return ranges.split(',').flatMap((range) => {
    const [first, last] = range.split('-').map(Number)
    assert.ok(first !== undefined)
    return Array.from({ length: (last ?? first) - first + 1 }, (_, index) => first + index)
  })
}

test('writes one line for all contiguous batches of a topic', () => {
  const { runs, lines } = makeRuns()
  runs.sent('s', 'A#1', 1, 5, 'a.b', 10, 11)
  runs.sent('s', 'A#1', 6, 1, 'a.b', 12.5, 12.5)
  assert.deepEqual(lines, [])
  runs.flush()
  assert.deepEqual(lines, [
    {
      t: 'sent',
      at: 99,
      stream: 's',
      origin: 'A#1',
      from: 1,
      to: 6,
      n: 6,
      topic: 'a.b',
      first: 10,
      last: 12.5,
    },
  ])
  runs.flush()
  assert.equal(lines.length, 1)
})

test('writes mixed topics as run lengths, across batches', () => {
  const { runs, lines } = makeRuns()
  runs.sentMixed('s', 'A#1', 1, ['x', 'y'], [0, 0, 1, 0], 10, 11)
  runs.sent('s', 'A#1', 5, 2, 'x', 12, 13)
  runs.sentMixed('s', 'A#1', 7, ['y', 'z'], Uint16Array.of(1, 0), 14, 15)
  runs.flush()
  const run = { t: 'sent', at: 99, stream: 's', origin: 'A#1', from: 1, to: 8, n: 8 }
  assert.deepEqual(lines, [
    { ...run, topics: ['x', 'y', 'z'], order: '0*2,1*1,0*3,2*1,1*1', first: 10, last: 15 },
  ])
})

test('begins a new line where sent sequences are not contiguous', () => {
  const { runs, lines } = makeRuns()
  runs.sent('s', 'A#1', 1, 2, 'a', 1, 2)
  runs.sent('s', 'A#1', 7, 1, 'a', 3, 3)
  runs.flush()
  assert.deepEqual(
    lines.map((line) => line.t === 'sent' && [line.from, line.to, line.n]),
    [
      [1, 2, 2],
      [7, 7, 1],
    ],
  )
})

test('keeps streams and origins apart', () => {
  const { runs, lines } = makeRuns()
  for (const [stream, origin] of [
    ['s', 'A#1'],
    ['t', 'A#1'],
    ['s', 'B#1'],
  ] as const) {
    runs.sent(stream, origin, 1, 1, 'a', 1, 1)
    runs.delivered('n1', stream, origin, 1, 1, 1)
  }
  runs.sent('s', 'A#1', 2, 1, 'a', 1, 1)
  runs.delivered('n1', 's', 'A#1', 2, 2, 2)
  runs.flush()
  assert.equal(lines.length, 6)
  assert.equal(lines.filter((line) => 'n' in line && line.n === 2).length, 2)
})

test('writes a long order as several lines with every record in one of them', () => {
  const { runs, lines } = makeRuns()
  for (let sequence = 1; sequence <= 10_000; sequence++) {
    runs.sent('s', 'A#1', sequence, 1, sequence % 2 === 0 ? 'even' : 'odd', 1, 1)
  }
  runs.flush()
  let next = 1
  for (const line of lines) {
    assert.ok(line.t === 'sent' && 'order' in line)
    assert.equal(line.from, next)
    assert.equal(line.order.split(',').length, line.n)
    assert.ok(line.n <= 4096)
    next = line.to + 1
  }
  assert.equal(next, 10_001)
})

test('splits a line that would have more than 512 topics', () => {
  const { runs, lines } = makeRuns()
  for (let sequence = 1; sequence <= 600; sequence++) runs.sent('s', 'A#1', sequence, 1, `t${sequence}`, 1, 1)
  runs.flush()
  assert.deepEqual(
    lines.map((line) => line.t === 'sent' && 'topics' in line && line.topics.length),
    [512, 88],
  )
})

test('writes deliveries without holes as from..to alone', () => {
  const { runs, lines } = makeRuns()
  runs.delivered('n1', 's', 'B#2', 4, 6, 1.5)
  runs.delivered('n1', 's', 'B#2', 7, 7, 2.5)
  runs.flush()
  assert.deepEqual(lines, [
    { t: 'got', at: 99, sub: 'n1', stream: 's', origin: 'B#2', from: 4, to: 7, n: 4, first: 1.5, last: 2.5 },
  ])
})

test('writes deliveries with holes as ranges', () => {
  const { runs, lines } = makeRuns()
  for (const [from, to] of [
    [1, 3],
    [5, 5],
    [9, 10],
    [11, 12],
  ] as const) {
    runs.delivered('n1', 's', 'B#2', from, to, 1)
  }
  runs.flush()
  const run = { t: 'got', at: 99, sub: 'n1', stream: 's', origin: 'B#2', from: 1, to: 12, n: 8 }
  assert.deepEqual(lines, [{ ...run, first: 1, last: 1, ranges: '1-3,5,9-12' }])
})

test('writes early when a line would have more than a thousand ranges', () => {
  const { runs, lines } = makeRuns()
  const delivered: number[] = []
  for (let index = 0; index < 2500; index++) {
    const sequence = index * 2 + 1
    delivered.push(sequence)
    runs.delivered('n1', 's', 'B#2', sequence, sequence, 1)
  }
  assert.equal(lines.length, 2)
  runs.flush()
  assert.deepEqual(lines.flatMap(sequencesOf), delivered)
  for (const line of lines) assert.ok(line.t === 'got' && (line.ranges ?? '').split(',').length <= 1000)
})

test('shows repeated and falling deliveries as they happened', () => {
  const { runs, lines } = makeRuns()
  for (const sequence of [1, 2, 2, 3, 1, 5]) runs.delivered('n1', 's', 'B#2', sequence, sequence, 1)
  runs.flush()
  assert.deepEqual(lines.map(sequencesOf), [
    [1, 2],
    [2, 3],
    [1, 5],
  ])
})

test('writes the deliveries of a subscription before its next event, and leaves the others open', () => {
  const { runs, lines } = makeRuns()
  runs.delivered('n1', 's', 'B#2', 1, 2, 1)
  runs.delivered('n2', 's', 'B#2', 1, 2, 1)
  const gap = {
    t: 'gap',
    at: 5,
    sub: 'n1',
    stream: 's',
    origin: 'B#2',
    from: 3,
    to: 4,
    reason: 'lost',
  } as const
  runs.subscriptionEvent(gap)
  runs.delivered('n1', 's', 'B#2', 5, 5, 1)
  assert.deepEqual(
    lines.map((line) => line.t),
    ['got', 'gap'],
  )
  runs.flush()
  assert.deepEqual(
    lines.map((line) => ('sub' in line ? `${line.t} ${line.sub}` : '')),
    ['got n1', 'gap n1', 'got n2', 'got n1'],
  )
})

test('writes everything before a change of a stream', () => {
  const { runs, lines } = makeRuns()
  runs.sent('s', 'A#1', 1, 1, 'a', 1, 1)
  runs.retained('s', 'A#1', 4)
  runs.retained('s', 'A#1', 3)
  runs.streamEvent({ t: 'stream', at: 7, stream: 's', topics: ['a'] })
  assert.deepEqual(lines.slice(1), [
    { t: 'retention', at: 99, stream: 's', origin: 'A#1', to: 4 },
    { t: 'stream', at: 7, stream: 's', topics: ['a'] },
  ])
})

test('writes all open runs when there are too many', () => {
  const { runs, lines } = makeRuns(10)
  for (let index = 0; index < 25; index++) {
    runs.delivered(`n${index}`, 's', 'B#2', 1, 1, 1)
    assert.ok(runs.openRuns <= 10)
  }
  assert.equal(lines.length, 20)
  runs.flush()
  assert.equal(new Set(lines.map((line) => 'sub' in line && line.sub)).size, 25)
})

test('counts open runs down when a subscription ends', () => {
  const { runs } = makeRuns()
  for (let round = 0; round < 3; round++) {
    runs.delivered('n1', 's', 'B#2', 1, 1, 1)
    runs.delivered('n1', 't', 'B#2', 1, 1, 1)
    runs.subscriptionEvent({ t: 'end', at: 1, sub: 'n1', stream: 's', seqs: {} })
    assert.equal(runs.openRuns, 0)
  }
})

test('loses nothing under random deliveries, compared with a plain list', () => {
  const { runs, lines } = makeRuns(7)
  const expected = new Map<string, number[]>()
  let seed = 1
  const random = (bound: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % bound
  }
  for (let step = 0; step < 20_000; step++) {
    const key = `n${random(3)} s${random(2)} O${random(2)}`
    const [sub = '', stream = '', origin = ''] = key.split(' ')
    const list = expected.get(key) ?? []
    expected.set(key, list)
    const from = Math.max(1, (list.at(-1) ?? 0) + 1 + random(3) - (random(50) === 0 ? 4 : 0))
    const to = from + random(4)
    for (let sequence = from; sequence <= to; sequence++) list.push(sequence)
    runs.delivered(sub, stream, origin, from, to, step)
    if (random(100) === 0) runs.subscriptionEvent({ t: 'lost', at: 1, sub, stream })
    if (random(500) === 0) runs.flush()
  }
  runs.flush()
  const written = new Map<string, number[]>()
  for (const line of lines) {
    if (line.t !== 'got') continue
    const key = `${line.sub} ${line.stream} ${line.origin}`
    const sequences = sequencesOf(line)
    assert.equal(sequences.length, line.n)
    written.set(key, [...(written.get(key) ?? []), ...sequences])
  }
  assert.deepEqual(new Map([...written].sort()), new Map([...expected].sort()))
})

test('a run of leader mode says so, and what was numbered in another mode begins a run of its own', () => {
  const { runs, lines } = makeRuns()
  runs.sent('s', 'A#1', 1, 2, 'x', 10, 11)
  runs.sent('s', 'A#1', 3, 2, 'x', 12, 13, 'leader')
  runs.sentMixed('s', 'A#1', 5, ['x', 'y'], [0, 1], 14, 15, 'leader')
  runs.sent('s', 'A#1', 7, 1, 'x', 16, 16)
  runs.placed('s', 'A#1', 5)
  runs.placed('s', 'A#1', 4)
  runs.flush()
  runs.flush()
  const run = { t: 'sent', at: 99, stream: 's', origin: 'A#1' }
  assert.deepEqual(lines, [
    { ...run, from: 1, to: 2, n: 2, topic: 'x', first: 10, last: 11 },
    {
      ...run,
      from: 3,
      to: 6,
      n: 4,
      topics: ['x', 'y'],
      order: '0*3,1*1',
      first: 12,
      last: 15,
      ordered: true,
    },
    { ...run, from: 7, to: 7, n: 1, topic: 'x', first: 16, last: 16 },
    { t: 'placed', at: 99, stream: 's', origin: 'A#1', to: 5 },
  ])
})
