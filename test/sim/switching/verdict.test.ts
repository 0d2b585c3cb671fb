// The judge of the switching world finds what it is there for: each promise is broken once, and a run that keeps all of them passes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkLinearizability } from '../../../audit/history/linearizability.ts'
import { type Boot, type NodeId, type Origin, toOrigin, toStreamId } from '../../../node/core/common/ids.ts'
import type { AckLevel } from '../../../node/wire/batch-header.ts'
import type { SwitchingReader } from '../../../sim/switching/switching-reader.ts'
import { Verdict } from '../../../sim/switching/verdict.ts'

const boot = 1 as Boot
const origin: Origin = toOrigin('A' as NodeId, boot)
const one = { number: 1, stream: 'one', session: 1 } as SwitchingReader
const two = { number: 2, stream: 'one', session: 1 } as SwitchingReader

/** Node A publishes one message after the other on a stream that has one order from the third one on. */
class Trial {
  now = 1000
  readonly verdict: Verdict
  #published = 0

  constructor(hasSilence = false, mayMishear = false) {
    this.verdict = new Verdict(() => this.now, { hasSilence, mayDrop: false, mayMishear, copies: 1 })
  }

  /** Returns the number of the publication. */
  publish(sequence = this.#published + 1, level: AckLevel = 'local'): number {
    const number = ++this.#published
    this.verdict.onPublish(boot, number, [{ id: `m${number}`, topic: 'one.x', payloadBytes: 8 }], level)
    this.verdict.onNumbered('one', origin, sequence, 1)
    this.verdict.onPublished()
    return number
  }

  acknowledge(publish: number, offset = 0): void {
    const epoch = offset === 0 ? 0 : 1
    const run = { records: 1, stream: toStreamId('one'), boot, first: publish, epoch, offset }
    this.verdict.onOutcome(boot, { status: 'stored', publish, runs: [run] })
  }

  read(
    reader: SwitchingReader,
    sequence: number,
    fields: { epoch?: number; offset?: number; id?: string } = {},
  ): void {
    const { epoch = 0, offset = 0, id = `m${sequence}` } = fields
    this.verdict.onRead(reader, { stream: 'one', origin, sequence, id, epoch, offset })
  }

  problems(reader: SwitchingReader, isThere = true): string[] {
    return [...this.verdict.problems(reader, () => isThere)]
  }

  get order(): string {
    return checkLinearizability(this.verdict.history('one'), { isConsecutive: false }).outcome
  }
}

test('a run that keeps every promise passes', () => {
  const trial = new Trial()
  for (const [number, offset] of [
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 2],
  ] as const) {
    assert.equal(trial.publish(), number)
    trial.now += 10
    trial.acknowledge(number, offset)
    for (const reader of [one, two]) trial.read(reader, number, { offset, epoch: offset === 0 ? 0 : 1 })
  }
  assert.deepEqual([trial.problems(one), trial.problems(two)], [[], []])
  assert.equal(trial.order, 'linearizable')
  assert.equal(
    trial.verdict.unanswered(() => true),
    0,
  )
})

test('a number that is given twice, or left out', () => {
  const trial = new Trial()
  trial.publish()
  assert.throws(() => trial.publish(1), /numbering/)
  assert.throws(() => trial.publish(3), /numbering/)
})

test('a message that comes twice, as another one, out of its order, or over one that was acknowledged', () => {
  const trial = new Trial()
  for (const number of [1, 2, 3]) {
    trial.publish()
    trial.acknowledge(number)
  }
  trial.read(one, 1)
  assert.throws(() => trial.read(one, 1), /once, in order/)
  assert.throws(() => trial.read(one, 3), /delivery rule/)
  assert.throws(() => trial.read(one, 2, { id: 'm3' }), /identity/)
})

test('a message that comes over one of which nobody was told, but for who comes from now on', () => {
  const newcomer = { number: 3, stream: 'one', session: 1, isNewcomer: true } as SwitchingReader
  const trial = new Trial()
  for (let count = 0; count < 4; count++) trial.publish()
  assert.throws(() => trial.read(one, 2), /delivery rule/)
  trial.read(newcomer, 2)
  assert.throws(() => trial.read(newcomer, 4), /delivery rule/)
})

test('a place that names two messages, or a message with two places, or places that a reader gets backwards', () => {
  const trial = new Trial()
  for (let count = 0; count < 4; count++) trial.publish()
  trial.acknowledge(1, 5)
  assert.throws(() => trial.read(one, 1, { offset: 6, epoch: 1 }), /places/)
  assert.throws(() => trial.acknowledge(2, 5), /places/)
  trial.acknowledge(3, 4)
  const [first, third] = [
    { offset: 5, epoch: 1 },
    { offset: 4, epoch: 1 },
  ]
  trial.read(two, 1, first)
  trial.verdict.onGap(two, 'one', origin, 2, 2)
  assert.throws(() => trial.read(two, 3, third), /order/)
})

test('an epoch that has other messages for one reader than for another, where all nodes hear each other', () => {
  for (const hasSilence of [false, true]) {
    const trial = new Trial(hasSilence)
    trial.publish()
    trial.read(one, 1, { epoch: 0 })
    const readElsewhere = (): void => trial.read(two, 1, { epoch: 2 })
    if (hasSilence) readElsewhere()
    else assert.throws(readElsewhere, /epochs/)
  }
})

test('an epoch that comes behind a later one on one node', () => {
  for (const hasSilence of [false, true]) {
    const trial = new Trial(hasSilence)
    for (let count = 0; count < 2; count++) trial.publish()
    trial.read(one, 1, { epoch: 1, offset: 1 })
    const readBefore = (): void => trial.read(one, 2, { epoch: 0 })
    assert.throws(readBefore, /epochs/)
  }
})

test('after it was silent, a node may give a reader that comes to it what belongs to an earlier epoch', () => {
  for (const hasSilence of [false, true]) {
    const trial = new Trial(hasSilence)
    for (let count = 0; count < 2; count++) trial.publish()
    const reader = { ...one, session: 1 }
    trial.read(reader as SwitchingReader, 1, { epoch: 1, offset: 1 })
    reader.session++
    const readBefore = (): void => trial.read(reader as SwitchingReader, 2, { epoch: 0 })
    if (hasSilence) readBefore()
    else assert.throws(readBefore, /epochs/)
  }
})

test('a place that is in another epoch for one reader than for another', () => {
  for (const hasSilence of [false, true]) {
    const trial = new Trial(hasSilence)
    trial.publish()
    trial.read(one, 1, { epoch: 1, offset: 1 })
    assert.throws(() => trial.read(two, 1, { epoch: 3, offset: 1 }), /epochs/)
  }
})

test('an answer to what was not asked, a second one, one to what was not numbered; and the loss of what was never sent', () => {
  const trial = new Trial()
  const publish = trial.publish()
  assert.throws(() => trial.acknowledge(9), /answers/)
  trial.acknowledge(publish)
  assert.throws(() => trial.acknowledge(publish), /answers/)
  trial.verdict.onPublish(boot, 7, [{ id: 'm7', topic: 'one.x', payloadBytes: 8 }], 'local')
  trial.verdict.onPublished()
  assert.throws(() => trial.acknowledge(7), /answers/)
  assert.throws(() => trial.verdict.onGap(one, 'one', origin, 1, 2), /gaps/)
})

test('what was acknowledged and did not come, or was told to be lost, while somebody has it', () => {
  const trial = new Trial()
  for (const number of [1, 2]) {
    trial.publish()
    trial.acknowledge(number)
  }
  trial.verdict.onGap(one, 'one', origin, 1, 1)
  assert.deepEqual(
    trial.problems(one).map((problem) => problem.slice(0, 23)),
    ['reader 1 was told the l', 'reader 1 lacks one A#1 '],
  )
  assert.deepEqual(trial.problems(one, false), [])
})

test('where links lose frames, the loss of what has no place may be told, and of what has one it may not', () => {
  const trial = new Trial(true, true)
  for (const [number, offset] of [
    [1, 0],
    [2, 1],
  ] as const) {
    trial.publish()
    trial.acknowledge(number, offset)
  }
  trial.verdict.onGap(one, 'one', origin, 1, 2)
  assert.equal(trial.problems(one).length, 1)
  assert.equal(trial.problems(two).length, 2)
})

test('who subscribes from now on is owed what is published once it has begun, and told of nothing before it came', () => {
  const newcomer = { number: 3, stream: 'one', isNewcomer: true, node: {}, openedAt: 4010, readyAt: 4020 }
  const late = newcomer as unknown as SwitchingReader
  const trial = new Trial()
  for (const now of [2000, 4015, 4030, 4040]) {
    trial.now = now
    trial.acknowledge(trial.publish())
  }
  assert.throws(() => trial.verdict.onGap(late, 'one', origin, 1, 1), /gaps/)
  assert.equal(trial.problems(late).length, 2, 'the last two')
  const another = { ...newcomer } as unknown as SwitchingReader
  trial.read(another, 3)
  assert.equal(trial.problems(another).length, 1)
  const hasty = { ...newcomer } as unknown as SwitchingReader
  assert.throws(() => trial.read(hasty, 4), /delivery rule/)
  assert.deepEqual(trial.problems({ ...newcomer, node: undefined } as unknown as SwitchingReader), [])
})

test('what is acknowledged by copies and held by too few, unless it has its place', () => {
  const trial = new Trial()
  trial.publish(1, 'copies')
  assert.throws(() => trial.acknowledge(1), /copies/)
  trial.publish(2, 'copies')
  trial.verdict.onHeld(2 as Boot, 'one', origin, 2, 1)
  trial.acknowledge(2)
  trial.publish(3, 'copies')
  trial.acknowledge(3, 1)
  trial.publish(4, 'copies')
  trial.verdict.onPlaced('one', origin, 4, 2)
  trial.acknowledge(4)
  trial.publish()
  trial.acknowledge(5)
})

test('what has its place in the log is owed, though nobody was told and nobody has read it', () => {
  const trial = new Trial()
  trial.publish()
  assert.deepEqual(trial.problems(one), [])
  trial.verdict.onPlaced('one', origin, 1, 1)
  assert.equal(trial.problems(one).length, 1)
  assert.throws(() => trial.verdict.onPlaced('one', origin, 2, 2), /places/)
  assert.throws(() => trial.verdict.onPlaced('one', origin, 1, 2), /places/)
})

test('a number that passes by as a copy is owed to nobody, and a reader goes on behind it', () => {
  const trial = new Trial()
  for (const number of [1, 2, 3]) {
    trial.publish()
    trial.acknowledge(number)
  }
  trial.verdict.onVoid('one', origin, 1)
  trial.verdict.onVoid('one', origin, 3)
  trial.read(one, 2)
  assert.deepEqual(trial.problems(one), [])
  assert.deepEqual(
    [one, two].map((reader) => trial.verdict.passedBy(reader, origin)),
    [3, 1],
  )
  trial.verdict.onGap(one, 'one', origin, 3, 3)
  assert.throws(() => trial.read(two, 3), /delivery rule/)
  const newcomer = { number: 3, stream: 'one', isNewcomer: true } as SwitchingReader
  assert.equal(trial.verdict.passedBy(newcomer, origin), undefined)
})

test('who holds a message is asked for it', () => {
  const trial = new Trial()
  trial.publish()
  trial.acknowledge(1)
  trial.verdict.onHeld(7 as Boot, 'one', origin, 1, 1)
  const holders = (who: Boot): string[] => [
    ...trial.verdict.problems(one, (message) => message.holders.has(who)),
  ]
  assert.equal(holders(7 as Boot).length, 1)
  assert.deepEqual(holders(8 as Boot), [])
})

test('an order in which something stands before what had its place when it was published', () => {
  const trial = new Trial()
  for (const [number, offset] of [
    [1, 2],
    [2, 1],
  ] as const) {
    trial.publish()
    trial.now += 10
    trial.acknowledge(number, offset)
    trial.now += 10
  }
  assert.equal(trial.order, 'violated')
})
