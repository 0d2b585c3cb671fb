// The judge of streams that are removed and made again finds what it is there for: each rule is broken once, and a reader that keeps to them passes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageBook } from '../../../sim/switching/message-book.ts'
import { type Message, newMessage } from '../../../sim/switching/messages.ts'
import { Places } from '../../../sim/switching/places.ts'
import { RemadeJudge } from '../../../sim/switching/remade-judge.ts'
import type { SwitchingReader } from '../../../sim/switching/switching-reader.ts'

const stream = 'remade'
const origin = 'A#1'
const one = { number: 1, stream } as SwitchingReader
const two = { number: 2, stream } as SwitchingReader

/** Three messages, of which the last two have their places behind the stream that was removed. */
class Trial {
  readonly judge: RemadeJudge
  readonly messages: readonly Message[]
  isThere = true

  constructor(mayDrop = false) {
    const book = new MessageBook()
    this.judge = new RemadeJudge(book, new Places(), mayDrop)
    this.messages = [1, 2, 3].map((sequence) =>
      newMessage({ id: `r${sequence}`, stream, origin, sequence, calledAt: sequence * 100 }),
    )
    book.of(stream, origin).push(...this.messages)
    for (const message of this.messages) {
      message.acknowledgedAt = 1000
      message.offset = message.sequence + 3
    }
    this.judge.begin(one, 4)
  }

  read(sequence: number, reader = one, offset = sequence + 3, id = `r${sequence}`): void {
    this.judge.onRead(reader, { stream, origin, sequence, id, epoch: 1, offset })
  }

  gap(from: number, to: number, reader = one): void {
    this.judge.onGap(reader, stream, origin, from, to)
  }

  problems(...readers: readonly SwitchingReader[]): number {
    return [...this.judge.problems(stream, readers, 4, () => this.isThere)].length
  }
}

test('a reader that gets what lies behind the end of the stream before, and a gap for the rest', () => {
  const trial = new Trial()
  trial.gap(1, 1)
  for (const sequence of [2, 3]) trial.read(sequence)
  assert.equal(trial.problems(one), 0)
})

test('what had no place may be told to be gone where its reader’s node started behind it, and not elsewhere', () => {
  const trial = new Trial()
  trial.judge.last = { since: 0, made: 2 }
  for (const { id } of trial.messages) trial.judge.onPublish(id, 2)
  for (const message of trial.messages) message.offset = undefined
  const late = { number: 3, stream, node: { startedAt: 250 } } as SwitchingReader
  trial.gap(1, 3, late)
  assert.equal(trial.problems(late), 1)
})

test('a message that was acknowledged and does not come, or only as a gap', () => {
  const trial = new Trial()
  trial.read(2)
  assert.equal(trial.problems(one), 1)
  trial.gap(3, 3)
  assert.equal(trial.problems(one), 1)
  const dropping = new Trial(true)
  dropping.gap(1, 3)
  assert.equal(dropping.problems(one), 0)
})

test('one that is older than the stream that is there may be told to be gone', () => {
  const trial = new Trial()
  trial.judge.last = { since: 250, made: 0 }
  trial.gap(1, 2)
  assert.equal(trial.problems(one), 1)
  trial.read(3)
  assert.equal(trial.problems(one), 0)
})

test('a message that comes to one reader, and not to the other, whatever its publisher was told', () => {
  const trial = new Trial()
  for (const message of trial.messages) message.acknowledgedAt = undefined
  assert.equal(trial.problems(one, two), 0)
  trial.read(3, two)
  assert.equal(trial.problems(one, two), 1)
  const [, , last] = trial.messages
  assert.ok(last)
  last.isVoid = true
  assert.equal(trial.problems(one, two), 0)
})

test('what the stream that was removed had, and what comes twice, out of order, at another place or under another name', () => {
  assert.throws(() => new Trial().read(1), /removed: .*comes behind 4/)
  const twice = new Trial()
  twice.read(2)
  assert.throws(() => twice.read(2), /once, in order: .*comes behind 2/)
  assert.throws(() => twice.gap(1, 3), /once, in order/)
  const moved = new Trial()
  moved.read(3, two)
  assert.throws(() => moved.read(3, one, 9), /places: /)
  assert.throws(() => new Trial().read(2, one, 5, 'r3'), /identity: /)
})

test('a message in gossip mode is owed on the stream on which it was published, as long as it is there', () => {
  const trial = new Trial()
  for (const message of trial.messages) message.offset = undefined
  trial.judge.onPublish('r1', 3)
  trial.judge.onPublish('r2', 5)
  trial.judge.last = { since: 100, made: 5 }
  assert.equal(trial.problems(one), 1)
  trial.isThere = false
  assert.equal(trial.problems(one), 0)
  trial.isThere = true
  const other = new Trial()
  other.judge.onPublish('r2', 5)
  other.judge.last = { since: 100, made: 5 }
  for (const message of other.messages) message.offset = undefined
  other.read(2, one, 0)
  assert.equal(other.problems(one), 0)
})

test('what the stream that was removed had in gossip mode, to who has come since', () => {
  const read = (made: number, reader = one): void => {
    const trial = new Trial()
    for (const message of trial.messages) message.offset = undefined
    trial.judge.onPublish('r2', made)
    trial.judge.last = { since: 100, made: 5 }
    trial.read(2, reader, 0)
  }
  assert.throws(() => read(3), /removed: .*is of a stream that was removed/)
  read(5)
  read(3, two)
})
