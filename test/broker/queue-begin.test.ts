// Where a queue begins that is new, in which epoch of its stream, and which sequences stand for that place.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginOf } from '../../node/broker/queue-join.ts'
import { type Boot, type NodeId, toOrigin } from '../../node/core/common/ids.ts'
import { Replica } from '../../node/core/stream/replica.ts'
import { batchOf, orders } from '../leader/leader-batches.ts'

const boot = 1 as Boot
const origin = toOrigin('A' as NodeId, boot)

/** A replica with messages of these offsets, which are numbered like them; what lies before the first is gone. */
function replicaOf(epoch: number, from: number, to: number): Replica {
  const replica = new Replica(orders)
  const state = replica.originState('A' as NodeId, boot, 0)
  if (from > 1) state.gone.add(1, from - 1)
  replica.setBase(state, from - 1)
  for (let offset = from; offset <= to; offset++) {
    const frame = batchOf({ from: offset, offset, epoch, texts: [`${offset}`] })
    replica.insert(state, { frame, from: offset, count: 1, confirm: false }, 0)
    replica.advance(state)
  }
  return replica
}

/** As texts `OFFSET: SEQUENCE`. */
function begin(epochs: readonly Replica[], last: number, from: Parameters<typeof beginOf>[2]): string {
  const { offset, vector } = beginOf(epochs, last, from)
  return `${offset}: ${vector.get(origin) ?? 0}`
}

test('a queue begins behind the end, before the first message that is held, or with the message at an offset', () => {
  const epochs = [replicaOf(1, 4, 8)]
  assert.equal(begin(epochs, 8, 'now'), '8: 8')
  assert.equal(begin(epochs, 8, 'earliest'), '3: 3')
  assert.equal(begin(epochs, 8, { offset: 6 }), '5: 5')
})

test('from an offset that nobody has given yet it stands there, with what there is', () => {
  const epochs = [replicaOf(1, 1, 8)]
  assert.equal(begin(epochs, 8, { offset: 9 }), '8: 8')
  assert.equal(begin(epochs, 8, { offset: 100 }), '99: 8')
  assert.equal(begin([replicaOf(1, 1, 0)], 0, { offset: 3 }), '2: 0')
})

test('what retention has dropped of what it asks for is not passed over: it is to be told', () => {
  assert.equal(begin([replicaOf(1, 4, 8)], 8, { offset: 2 }), '1: 0')
  const nothing = replicaOf(1, 9, 8)
  assert.equal(begin([nothing], 8, { offset: 5 }), '4: 0')
  assert.equal(begin([nothing], 8, 'earliest'), '8: 8')
})

test('on a stream that has changed its mode it begins in the epoch in which its place lies', () => {
  const between = new Replica({ ...orders, mode: 'gossip' })
  const epochs = [replicaOf(1, 4, 8), between, replicaOf(3, 9, 12)]
  assert.equal(begin(epochs, 12, 'earliest'), '3: 3')
  assert.equal(begin(epochs, 12, { offset: 6 }), '5: 5')
  assert.equal(begin(epochs, 12, { offset: 10 }), '9: 9')
  assert.equal(begin(epochs, 12, 'now'), '12: 12')
})
