// The judge of epochs finds what it is there for: each rule is broken once, and nodes that keep to the committed chain pass.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toEpochId } from '../../../node/broker/epoch.ts'
import { type Boot, type NodeId, type Origin, toOrigin, toStreamId } from '../../../node/core/common/ids.ts'
import type { StreamMode } from '../../../node/core/stream/definition.ts'
import { type Command, encodeCommand } from '../../../node/leader/command.ts'
import { BatchBuilder } from '../../../node/wire/batch-builder.ts'
import { numberBatch, placeBatch } from '../../../node/wire/batch-header.ts'
import { EpochJudge } from '../../../sim/switching/epoch-judge.ts'
import { ProducerJudge } from '../../../sim/switching/producer-judge.ts'
import type { SwitchingReader } from '../../../sim/switching/switching-reader.ts'
import { Verdict } from '../../../sim/switching/verdict.ts'
import { Tally } from '../../../sim/tally.ts'

const boot = 1 as Boot
const origin: Origin = toOrigin('A' as NodeId, boot)
const stream = 'one'

function readerOf(number: number, fields: object = {}): SwitchingReader {
  return { number, stream, session: 1, node: { boot: 9 }, ...fields } as unknown as SwitchingReader
}

/** Node A has numbered five messages on a stream that begins in gossip mode; what is committed and read is said step by step. */
class Trial {
  readonly verdict: Verdict
  readonly judge: EpochJudge
  readonly #builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  #index = 0

  constructor(hasSilence = false, mayDrop = false) {
    this.verdict = new Verdict(() => 1000, { hasSilence, mayDrop: false, mayMishear: false, copies: 1 })
    this.judge = new EpochJudge(this.verdict, new ProducerJudge(new Tally()), { hasSilence, mayDrop })
    const drafts = [1, 2, 3, 4, 5].map((at) => ({ id: `m${at}`, topic: 'one.x', payloadBytes: 8 }))
    this.verdict.onPublish(boot, 1, drafts, 'local')
    this.verdict.onNumbered(stream, origin, 1, 5)
    this.verdict.onPublished()
  }

  commit(command: Command): void {
    const data = encodeCommand(command)
    this.judge.onCommitted(1, { index: ++this.#index, term: 1, data, checksum: 0, change: undefined })
  }

  seal(epoch: number): void {
    this.commit({ op: 'seal', epoch, definition: definitionOf('gossip') })
  }

  begin(epoch: number, mode: StreamMode, to?: number): void {
    const fence = new Map(to === undefined ? [] : [[origin, to]])
    this.commit({ op: 'begin', epoch, definition: definitionOf(mode), fence })
  }

  place(sequence: number, epoch: number, offset: number): void {
    this.#builder.append('one.x', `m${sequence}`, undefined, 0)
    const frame = this.#builder.finish(1, 'local')
    numberBatch(frame, toStreamId(stream), boot, sequence, 0)
    placeBatch(frame, epoch, offset)
    this.commit({ op: 'batch', frame })
  }

  read(reader: SwitchingReader, sequence: number, epoch: number, offset = 0): void {
    const read = { stream, origin, sequence, epoch, offset }
    this.verdict.onRead(reader, { ...read, id: `m${sequence}` })
    this.judge.onRead(reader, read)
  }

  told(first: number, epoch: number, offset: number): void {
    const run = { records: 1, stream: toStreamId(stream), boot, first, epoch, offset }
    this.judge.onOutcome({ status: 'stored', publish: 1, runs: [run] })
  }
}

function definitionOf(
  mode: StreamMode,
): Command extends { definition: infer Definition } ? Definition : never {
  return {
    ...{ name: stream, topics: ['one.>'], mode, retention: { bytes: 65_536, ageMs: 1000 } },
    ...{ copies: 1, replicas: 3 },
  } as never
}

test('nodes that keep to the chain pass: gossip, leader, gossip', () => {
  const trial = new Trial()
  const [one, two] = [readerOf(1), readerOf(2)]
  for (const reader of [one, two]) for (const sequence of [1, 2]) trial.read(reader, sequence, 0)
  trial.seal(0)
  trial.judge.onSealed(boot, toStreamId(stream), 2)
  trial.judge.onStamped(boot, toStreamId(stream), 2)
  trial.begin(1, 'leader', 2)
  trial.place(3, 1, 1)
  trial.place(4, 1, 2)
  trial.told(3, 1, 1)
  for (const reader of [one, two]) for (const at of [1, 2]) trial.read(reader, at + 2, 1, at)
  trial.begin(2, 'gossip')
  trial.judge.onStamped(boot, toEpochId(stream, 2), 5)
  for (const reader of [one, two]) trial.read(reader, 5, 2)
})

test('an epoch that nobody has begun, or that is read in another mode than it has', () => {
  const trial = new Trial()
  trial.read(readerOf(1), 1, 0)
  assert.throws(() => trial.read(readerOf(2), 1, 1, 1), /one chain|epochs/)
  trial.seal(0)
  trial.begin(1, 'leader', 1)
  assert.throws(() => trial.read(readerOf(3), 1, 1), /one chain|epochs/)
})

test('a second epoch of the same number, and one that no seal has prepared, mean nothing', () => {
  const trial = new Trial()
  trial.seal(0)
  trial.begin(1, 'leader', 0)
  trial.begin(1, 'gossip', 0)
  trial.place(1, 1, 1)
  const reader = readerOf(1)
  trial.read(reader, 1, 1, 1)
  trial.begin(2, 'gossip')
  trial.begin(3, 'leader', 1)
  assert.throws(() => trial.read(reader, 2, 3, 2), /one chain/)
})

test('what a node sends in an epoch behind the number at which it has sealed it', () => {
  const trial = new Trial()
  trial.judge.onSealed(boot, toStreamId(stream), 2)
  assert.throws(() => trial.judge.onStamped(boot, toStreamId(stream), 3), /seal/)
})

test('a reader that goes on in an epoch without everything of the one before (INV7: V >= F)', () => {
  const trial = new Trial()
  const other = toOrigin('B' as NodeId, 2 as Boot)
  trial.verdict.onPublish(2 as Boot, 1, [{ id: 'n1', topic: 'one.x', payloadBytes: 8 }], 'local')
  trial.verdict.onNumbered(stream, other, 1, 1)
  trial.verdict.onPublished()
  trial.seal(0)
  const definition = definitionOf('leader')
  trial.commit({ op: 'begin', epoch: 1, definition, fence: new Map([[other, 1]]) })
  trial.commit({ op: 'origin', node: 'A' as NodeId, boot })
  trial.place(1, 1, 1)
  const reader = readerOf(1)
  assert.throws(() => trial.read(reader, 1, 1, 1), /floor/)
  const told = readerOf(2)
  trial.verdict.onGap(told, stream, other, 1, 1)
  trial.read(told, 1, 1, 1)
  trial.read(readerOf(3, { isNewcomer: true }), 1, 1, 1)
})

test('an end that lies before what was read, before the beginning, or behind what was numbered', () => {
  const trial = new Trial()
  const reader = readerOf(1)
  for (const sequence of [1, 2, 3]) trial.read(reader, sequence, 0)
  trial.seal(0)
  assert.throws(() => trial.begin(1, 'leader', 2), /fence/)
  const second = new Trial()
  second.seal(0)
  assert.throws(() => second.begin(1, 'leader', 6), /fence/)
  const third = new Trial(true)
  third.seal(0)
  third.begin(1, 'gossip', 3)
  third.seal(1)
  assert.throws(() => third.begin(2, 'leader', 2), /fence/)
})

test('an end that lies before what nobody has read but on a node that crashed, and nowhere else', () => {
  const [early, late] = [readerOf(1), readerOf(2, { node: { boot: 8 } })]
  const ended = (): Trial => {
    const trial = new Trial()
    for (const sequence of [1, 2, 3]) trial.read(early, sequence, 0)
    trial.read(late, 1, 0)
    trial.judge.onCrash(9 as Boot)
    trial.seal(0)
    trial.begin(1, 'gossip', 1)
    return trial
  }
  assert.throws(() => ended().read(late, 2, 0), /fence/, 'it is not of the epoch, for anybody')
  assert.throws(() => ended().read(late, 2, 1), /epochs/, 'nor does it come in another one')
  for (const crashed of [8, 7]) {
    const shared = new Trial()
    for (const reader of [early, late]) for (const sequence of [1, 2]) shared.read(reader, sequence, 0)
    shared.judge.onCrash(crashed as Boot)
    shared.seal(0)
    assert.throws(() => shared.begin(1, 'gossip', 1), /fence/, 'somebody who runs has read more')
  }
})

test('what comes in an epoch behind its end: never where all hear each other, else where it was delivered before', () => {
  const heard = new Trial()
  heard.seal(0)
  heard.begin(1, 'leader', 0)
  assert.throws(() => heard.read(readerOf(1), 1, 0), /fence/)
  const silent = new Trial(true)
  silent.read(readerOf(1), 1, 0)
  silent.seal(0)
  silent.begin(1, 'leader', 0)
  silent.read(readerOf(2), 1, 0)
  silent.judge.onEnding(9 as Boot, stream, 0, new Map([[boot, 1]]))
  const reader = readerOf(3)
  silent.read(reader, 1, 0)
  assert.throws(() => silent.read(reader, 2, 0), /fence/)
})

test('where retention drops something, a node may end an epoch at a floor of the log', () => {
  for (const mayDrop of [false, true]) {
    const trial = new Trial(true, mayDrop)
    trial.seal(0)
    trial.begin(1, 'leader', 0)
    trial.judge.onEnding(9 as Boot, stream, 0, new Map())
    trial.judge.onEnded(9 as Boot, stream, 0, new Map([[boot, 1]]))
    const readIt = (): void => trial.read(readerOf(1), 1, 0)
    if (mayDrop) readIt()
    else assert.throws(readIt, /fence/)
  }
})

test('a sealed epoch goes on being delivered before it has an end', () => {
  const trial = new Trial()
  const reader = readerOf(1)
  trial.read(reader, 1, 0)
  trial.judge.onEnding(9 as Boot, stream, 0, new Map([[boot, 1]]))
  assert.throws(() => trial.read(reader, 2, 0), /fence/)
})

test('a place that is read, or told, and has something else in the committed log, or nothing', () => {
  const trial = new Trial()
  trial.seal(0)
  trial.begin(1, 'leader', 0)
  trial.commit({ op: 'origin', node: 'A' as NodeId, boot })
  trial.place(1, 1, 1)
  assert.throws(() => trial.told(1, 1, 2), /committed order/)
  assert.throws(() => trial.told(2, 1, 1), /committed order/)
  assert.throws(() => trial.told(1, 3, 1), /committed order/)
  assert.throws(
    () => trial.judge.onRead(readerOf(1), { stream, origin, sequence: 2, epoch: 1, offset: 1 }),
    /order/,
  )
})

test('what gets its place behind the end of an epoch has none, and one that nobody has numbered is found', () => {
  const trial = new Trial()
  trial.seal(0)
  trial.begin(1, 'leader', 0)
  trial.commit({ op: 'origin', node: 'A' as NodeId, boot })
  trial.begin(2, 'gossip')
  trial.place(1, 1, 1)
  assert.throws(() => trial.told(1, 1, 1), /committed order/)
  const other = new Trial()
  other.seal(0)
  other.begin(1, 'leader', 5)
  assert.throws(() => other.place(6, 1, 1), /nobody has numbered/)
})
