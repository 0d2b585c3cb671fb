// The judge of queues finds what it is there for: each rule is broken once, and members that keep to them pass.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Message, newMessage } from '../../../sim/switching/messages.ts'
import { QueueJudge } from '../../../sim/switching/queue-judge.ts'
import { Tally } from '../../../sim/tally.ts'

function messageAt(offset: number): Message {
  const message = newMessage({
    id: `m${offset}`,
    stream: 'one',
    origin: 'A#1',
    sequence: offset,
    calledAt: 0,
  })
  message.offset = offset
  return message
}

const messages = [1, 2, 3].map(messageAt)

function trial(hasSilence = false): QueueJudge {
  const judge = new QueueJudge(new Tally(), hasSilence)
  for (const at of [1, 2, 3]) judge.onHanded('w1', 'one', at, `m${at}`, messages[at - 1])
  return judge
}

test('members that work on everything, and one that goes with what it had not worked on', () => {
  const judge = trial()
  for (const at of [1, 2]) judge.onWorked('w1', 'one', at)
  judge.onGivenBack('w1', 'one', [3])
  judge.onHanded('w2', 'one', 3, 'm3', messages[2])
  assert.equal([...judge.problems('one', messages)].length, 1)
  judge.onWorked('w2', 'one', 3)
  assert.deepEqual([...judge.problems('one', messages)], [])
})

test('a message that is handed to two members, or comes again when it was worked on, where all nodes hear each other', () => {
  for (const isWorkedOn of [false, true]) {
    const judge = trial()
    if (isWorkedOn) judge.onWorked('w1', 'one', 2)
    judge.onGivenBack('w1', 'one', [3])
    assert.throws(() => judge.onHanded('w2', 'one', 2, 'm2', messages[1]), /queues/)
    const silent = trial(true)
    silent.onHanded('w2', 'one', 2, 'm2', messages[1])
  }
})

test('a message that comes twice to one membership, as another one, or where nothing is', () => {
  for (const hasSilence of [false, true]) {
    const judge = trial(hasSilence)
    assert.throws(() => judge.onHanded('w1', 'one', 2, 'm2', messages[1]), /twice/)
    assert.throws(() => judge.onHanded('w2', 'one', 2, 'm3', messages[1]), /which is m2/)
    assert.throws(() => judge.onHanded('w2', 'one', 4, 'm4', undefined), /which is undefined/)
  }
})

test('a message that no member works on, unless it is told to be gone', () => {
  const judge = trial()
  for (const at of [1, 2]) judge.onWorked('w1', 'one', at)
  assert.match([...judge.problems('one', messages)].join(), /has worked on 3/)
  judge.onGap('one', 'A#1', 3, 3)
  assert.deepEqual([...judge.problems('one', messages)], [])
})
