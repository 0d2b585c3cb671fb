// Reading journals: whatever a crash or a bad disk left behind is counted and named, and never throws.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalEvent } from '../../audit/journal-event.ts'
import { JournalReader, type JournalSink, readJournal } from '../../audit/journal-reader.ts'
import { sealLine } from '../../node/core/common/line-seal.ts'
import { got, journal, sent, start, stop } from './history.ts'

class Recorder implements JournalSink {
  readonly events: JournalEvent[] = []
  readonly holes: string[] = []

  onEvent(event: JournalEvent): void {
    this.events.push(event)
  }

  onHole(kind: 'damaged' | 'torn'): void {
    this.holes.push(kind)
  }

  onRemoval(): void {
    this.holes.push('removal')
  }
}

test('the events are the same however the text is cut into pieces', () => {
  const text = journal('A', [start(1, 'A#1'), sent(2, 'A#1', 1, 5), stop(3, 'A#1')]).files[0]?.text ?? ''
  const whole = new Recorder()
  readJournal({ node: 'A', files: [{ name: '000001.ndjson', text }] }, [whole])
  assert.deepEqual(
    whole.events.map((event) => event.t),
    ['start', 'sent', 'stop'],
  )
  for (const length of [1, 7, 64]) {
    const recorder = new Recorder()
    const reader = new JournalReader('A', [recorder])
    reader.openFile('000001.ndjson')
    for (let at = 0; at < text.length; at += length) reader.feed(text.slice(at, at + length))
    assert.equal(reader.close().lines, 3)
    assert.deepEqual(recorder.events, whole.events)
  }
})

test('files are read in the order of their numbers', () => {
  const recorder = new Recorder()
  const health = readJournal(
    {
      node: 'A',
      files: [
        { name: '000002.ndjson', text: `${JSON.stringify(stop(3, 'A#1'))}\n` },
        { name: '000001.ndjson', text: `${JSON.stringify(start(1, 'A#1'))}\n` },
      ],
    },
    [recorder],
  )
  assert.deepEqual(
    recorder.events.map((event) => event.t),
    ['start', 'stop'],
  )
  assert.deepEqual(health.files, ['000001.ndjson', '000002.ndjson'])
  assert.equal(health.firstAt, 1)
  assert.equal(health.lastAt, 3)
})

test('a torn last line is tolerated and counted', () => {
  const recorder = new Recorder()
  const health = readJournal(journal('A', [start(1, 'A#1')], '{"t":"sent","at":2,"str'), [recorder])
  assert.equal(health.tornLines, 1)
  assert.equal(health.damagedLines, 0)
  assert.deepEqual(recorder.holes, ['torn'])
})

test('a last line that only lacks its line feed is read', () => {
  const health = readJournal(journal('A', [start(1, 'A#1')], JSON.stringify(stop(2, 'A#1'))), [
    new Recorder(),
  ])
  assert.equal(health.lines, 2)
  assert.equal(health.tornLines, 0)
})

test('a damaged line in the middle is named with its file and number', () => {
  const recorder = new Recorder()
  const health = readJournal(journal('A', [start(1, 'A#1'), '{"t":"sent",', stop(2, 'A#1')]), [recorder])
  assert.deepEqual(health.damaged, [{ file: '000001.ndjson', line: 2 }])
  assert.equal(health.damagedLines, 1)
  assert.deepEqual(recorder.holes, ['damaged'])
})

test('a line that a disk has changed into another is damaged, also one whose kind nobody knows', () => {
  const lines = [start(1, 'A#1'), sent(2, 'A#1', 1, 5), stop(3, 'A#1')]
  const texts = lines.map((line, index) => sealLine(JSON.stringify(line), index + 1))
  const [first = '', second = '', last = ''] = texts
  assert.equal(readJournal(journal('A', texts), [new Recorder()]).damagedLines, 0)
  for (const changed of [second.replace('"first":2', '"first":3'), second.replace('"sent"', '"seny"')]) {
    assert.notEqual(changed, second)
    const health = readJournal(journal('A', [first, changed, last]), [new Recorder()])
    assert.deepEqual(health.damaged, [{ file: '000001.ndjson', line: 2 }])
    assert.deepEqual(health.unknownKinds, [])
  }
})

test('lines that are missing are noticed by the numbers of the others, but for a new boot', () => {
  const boots = ['A#1', 'A#2'].flatMap((origin) =>
    [start(1, origin), sent(2, origin, 1, 5), sent(2, origin, 6, 7), stop(3, origin)].map((line, index) =>
      sealLine(JSON.stringify(line), index + 1),
    ),
  )
  const recorder = new Recorder()
  assert.equal(readJournal(journal('A', boots), [recorder]).damagedLines, 0)
  const health = readJournal(journal('A', boots.toSpliced(5, 2)), [recorder])
  assert.deepEqual(health.damaged, [{ file: '000001.ndjson', line: 6 }])
  assert.deepEqual(recorder.holes, ['damaged'])
})

test('a line that contradicts itself is damaged', () => {
  const contradictions = [
    { ...sent(1, 'A#1', 1, 5), n: 4 },
    { ...sent(1, 'A#1', 5, 1), n: -3 },
    { ...sent(1, 'A#1', 0, 1) },
    { ...sent(1, 'A#1', 1, 5), topic: undefined, topics: ['a'], order: '0*4' },
    { ...sent(1, 'A#1', 1, 5), topic: undefined, topics: ['a'], order: '1*5' },
    { ...sent(1, 'A#1', 1, 5), topic: undefined, topics: ['a'], order: '0*0,0*5' },
    { ...sent(1, 'A#1', 1, 5), at: '1' },
    { ...sent(1, 'A#1', 1, 2 ** 53), n: 2 ** 53 },
    { ...got(1, 's', 'A#1', 1, 5), ranges: '1-3' },
    { ...got(1, 's', 'A#1', 1, 5), ranges: '1-3,7-8' },
    { ...got(1, 's', 'A#1', 1, 5), ranges: '1-3,x' },
    { t: 'end', at: 1, sub: 's', stream: 'default', seqs: [1] },
    { t: 'sub', at: 1, sub: 's', stream: 'default', kind: 'person', patterns: ['>'] },
    { t: 7, at: 1 },
    [],
    7,
    null,
  ]
  for (const line of contradictions) {
    const health = readJournal(journal('A', [JSON.stringify(line)]), [new Recorder()])
    assert.equal(health.damagedLines, 1, JSON.stringify(line))
  }
})

test('kinds of a later version are counted by name', () => {
  const recorder = new Recorder()
  const health = readJournal(journal('A', [start(1, 'A#1'), { t: 'epoch', at: 2 }, { t: 'epoch', at: 3 }]), [
    recorder,
  ])
  assert.deepEqual(health.unknownKinds, [{ kind: 'epoch', lines: 2 }])
  assert.equal(recorder.events.length, 1)
  assert.equal(health.damagedLines, 0)
})

test('a line without an end is given up as damaged and reading goes on behind it', () => {
  const reader = new JournalReader('A', [new Recorder()])
  reader.openFile('000001.ndjson')
  for (let piece = 0; piece < 20; piece++) reader.feed('x'.repeat(1024 * 1024))
  reader.feed(`\n${JSON.stringify(start(1, 'A#1'))}\n`)
  const health = reader.close()
  assert.deepEqual(health.damaged, [{ file: '000001.ndjson', line: 1 }])
  assert.equal(health.lines, 1)
})

test('mixed topics keep their order', () => {
  const recorder = new Recorder()
  const mixed = {
    ...sent(2, 'A#1', 1, 9),
    topic: undefined,
    topics: ['a', '__proto__'],
    order: '0*5,1*3,0*1',
  }
  readJournal(journal('A', [mixed]), [recorder])
  const event = recorder.events[0]
  assert.deepEqual(event?.t === 'sent' ? event.topics : [], [
    { topic: 'a', count: 5 },
    { topic: '__proto__', count: 3 },
    { topic: 'a', count: 1 },
  ])
})
