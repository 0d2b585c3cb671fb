// How a member reads: its slots out of the one order, from where each is, over epochs, and over what retention has dropped.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueReader } from '../../node/broker/queue-reader.ts'
import { TopicTables } from '../../node/broker/topic-tables.ts'
import type { Boot, NodeId, Origin } from '../../node/core/common/ids.ts'
import { Replica } from '../../node/core/stream/replica.ts'
import type { Low } from '../../node/leader/names/command.ts'
import { slotOfText } from '../../node/wire/batch-slots.ts'
import { batchOf, orders, textsOf } from '../leader/leader-batches.ts'

const boot = 1 as Boot
const one = 'orders.1'
const two = 'orders.2'
const slotOne = slotOfText(one)
const slotTwo = slotOfText(two)

/** A replica with messages `TOPIC@OFFSET`, which are numbered like their offsets, less what was published elsewhere. */
function replicaOf(
  epoch: number,
  messages: readonly (readonly [topic: string, offset: number])[],
  shift = 0,
): Replica {
  const replica = new Replica(orders)
  const state = replica.originState('A' as NodeId, boot, 0)
  const [first] = messages
  replica.setBase(state, (first?.[1] ?? 1) - 1 + shift)
  for (const [topic, offset] of messages) {
    const from = offset + shift
    const frame = batchOf({ topic, from, offset, epoch, texts: [`${topic}@${offset}`] })
    replica.insert(state, { frame, from, count: 1, confirm: false }, 0)
    replica.advance(state)
  }
  return replica
}

interface Reading {
  readonly reader: QueueReader
  /** Everything that there is: texts, and gaps. */
  readonly read: () => string[]
}

function readerOf(
  epochs: readonly Replica[],
  last: number,
  low: Low = { offset: 0, vector: new Map() },
): Reading {
  const reader = new QueueReader({
    ...{ patterns: ['orders.>'], key: undefined, epochs: () => epochs, last: () => last, low: () => low },
    topicTables: new TopicTables(),
    allocate: (bytes) => new Uint8Array(bytes).fill(0xab),
  })
  const read = (): string[] => {
    const items: string[] = []
    for (let { item } = reader.next(100); item !== undefined; { item } = reader.next(100))
      items.push(...(item.kind === 'gap' ? [`gap ${item.from}-${item.to}`] : textsOf(item.frame)))
    return items
  }
  return { reader, read }
}

test('only what is of its slots is handed out, from where each is', () => {
  const replica = replicaOf(1, [
    [one, 1],
    [two, 2],
    [one, 3],
    [two, 4],
    [one, 5],
  ])
  const { reader, read } = readerOf([replica], 5)
  assert.deepEqual(read(), [], 'without a slot nothing is')
  reader.gain(slotOne, 2)
  assert.deepEqual(read(), ['orders.1@3', 'orders.1@5'])
  assert.deepEqual([...reader.handed], [[slotOne, 5]])
  reader.gain(slotTwo, 0)
  assert.deepEqual(read(), ['orders.2@2', 'orders.2@4'])
  assert.deepEqual(read(), [])
})

test('a slot that closes stands still, and goes on from there if it is to stay', () => {
  const replica = replicaOf(1, [
    [one, 1],
    [two, 2],
  ])
  const { reader, read } = readerOf([replica], 2)
  reader.gain(slotOne, 0)
  reader.gain(slotTwo, 0)
  reader.setClosing(slotOne, 1)
  assert.deepEqual(read(), ['orders.2@2'])
  assert.equal(reader.handed.get(slotOne), 0)
  reader.setClosing(slotOne, undefined)
  assert.deepEqual(read(), ['orders.1@1'])
  reader.lose(slotOne)
  assert.deepEqual([...reader.handed.keys()], [slotTwo])
})

test('what others have acknowledged of a slot meanwhile is not handed out', () => {
  const replica = replicaOf(1, [
    [one, 1],
    [one, 2],
    [one, 3],
  ])
  const { reader, read } = readerOf([replica], 3)
  reader.gain(slotOne, 0)
  reader.setClosing(slotOne, 1)
  reader.gain(slotOne, 2)
  reader.setClosing(slotOne, undefined)
  assert.deepEqual(read(), ['orders.1@3'])
})

test('it goes on in the next epoch in leader mode, and passes over the one in gossip mode between them', () => {
  const first = replicaOf(1, [
    [one, 1],
    [one, 2],
  ])
  first.endAt(new Map([[boot, 2]]))
  const between = new Replica({ ...orders, mode: 'gossip' })
  // Three messages were published in gossip mode.
  const second = replicaOf(3, [[one, 3]], 3)
  const { reader, read } = readerOf([first, between, second], 3)
  reader.gain(slotOne, 0)
  assert.deepEqual(read(), ['orders.1@1', 'orders.1@2', 'orders.1@3'])
  const late = readerOf([first, between, second], 3)
  late.reader.gain(slotOne, 2)
  assert.deepEqual(late.read(), ['orders.1@3'])
})

test('what retention has dropped is told once, from where everything is acknowledged', () => {
  const replica = replicaOf(1, [
    [one, 11],
    [two, 12],
  ])
  const state = replica.originState('A' as NodeId, boot, 0)
  state.gone.add(1, 10)
  const low = { offset: 4, vector: new Map([['A#1' as Origin, 4]]) }
  const { reader, read } = readerOf([replica], 12, low)
  reader.gain(slotOne, 6)
  assert.deepEqual(read(), ['gap 5-10', 'orders.1@11'])
  reader.gain(slotTwo, 7)
  assert.deepEqual(read(), ['orders.2@12'])
  const whole = readerOf([replica], 12, low)
  whole.reader.gain(slotOne, 10)
  assert.deepEqual(whole.read(), ['orders.1@11'], 'nothing of its own is gone')
})

test('where a queue is acknowledged is said with the sequences there, as long as that is held', () => {
  const replica = replicaOf(1, [
    [one, 11],
    [two, 12],
  ])
  const { reader, read } = readerOf([replica], 12)
  reader.gain(slotOne, 10)
  read()
  assert.deepEqual(reader.lowAt(11), { offset: 11, vector: new Map([['A#1', 11]]) })
  assert.equal(reader.lowAt(5), undefined)
})
