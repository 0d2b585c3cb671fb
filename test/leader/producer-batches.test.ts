// A named producer's batches in the ledger and at the leader: what is stored already passes by without a message, and nothing else does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Boot, type NodeId, toStreamId } from '../../node/core/common/ids.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import type { Command } from '../../node/leader/command.ts'
import { Ledger } from '../../node/leader/ledger.ts'
import { Numbering } from '../../node/leader/numbering.ts'
import { partsOf } from '../../node/leader/producer-batches.ts'
import { producersMax, stretchesMax } from '../../node/leader/producers.ts'
import { batchCount, batchPlace, batchSequence } from '../../node/wire/batch-header.ts'
import { isVoid, type ProducerTag, voidBatch } from '../../node/wire/batch-producer.ts'
import { type BatchFields, batchOf, orders, ordersId, textsOf } from './leader-batches.ts'

const A = 'A' as NodeId
const B = 'B' as NodeId

/** A leader whose proposals are applied when the test says so. */
class Leader {
  readonly ledger: Ledger
  readonly #numbering: Numbering
  readonly #proposed: Command[] = []

  constructor(ledger: Ledger = new Ledger()) {
    this.ledger = ledger
    this.#numbering = new Numbering(ledger, (command) => this.#proposed.push(command))
  }

  /** Submits a batch of node A, boot 1, or of B, boot 2. */
  submit(fields: BatchFields, definition: StreamDefinition = orders): void {
    this.#numbering.submit(fields.boot === 2 ? B : A, batchOf(fields), definition)
  }

  /** Applies so many proposals, all by default; the batches as `FROM-TO at OFFSET TEXTS`, or `FROM-TO void`. */
  apply(count = Number.POSITIVE_INFINITY): string[] {
    const commands = this.#proposed.splice(0, count)
    for (const command of commands) assert.ok(this.ledger.apply(command), `${command.op} follows`)
    return commands.flatMap((command) => (command.op === 'batch' ? [describe(command.frame)] : []))
  }

  get last(): number | undefined {
    return this.ledger.streams.get(ordersId)?.last
  }
}

function describe(frame: Uint8Array): string {
  const from = batchSequence(frame)
  const to = from + batchCount(frame) - 1
  const what = isVoid(frame) ? 'void' : `at ${batchPlace(frame)} ${textsOf(frame).join('')}`
  return `${from}-${to} ${what}`
}

const named = (sequence: number, name = 'p'): ProducerTag => ({ name, sequence })

test('a retry over another node uses its sequences up, and no offset', () => {
  const leader = new Leader()
  leader.submit({ boot: 1, from: 1, texts: ['a', 'b'], producer: named(5) })
  assert.deepEqual(leader.apply(), ['1-2 at 1 ab'])
  leader.submit({ boot: 2, from: 1, texts: ['a', 'b'], producer: named(5) })
  leader.submit({ boot: 2, from: 3, texts: ['c'], producer: named(7) })
  assert.deepEqual(leader.apply(), ['1-2 void', '3-3 at 3 c'])
  assert.equal(leader.last, 3)
})

test('a retry that comes while the first one is not applied is a copy as well', () => {
  const leader = new Leader()
  leader.submit({ boot: 1, from: 1, texts: ['a'], producer: named(5) })
  leader.submit({ boot: 2, from: 1, texts: ['a'], producer: named(5) })
  assert.deepEqual(leader.apply(), ['1-1 at 1 a', '1-1 void'])
})

test('the same sequence of another producer, and what has none, is stored', () => {
  const leader = new Leader()
  leader.submit({ boot: 1, from: 1, texts: ['a'], producer: named(5) })
  leader.submit({ boot: 1, from: 2, texts: ['b'], producer: named(5, 'q') })
  leader.submit({ boot: 1, from: 3, texts: ['c'] })
  assert.deepEqual(leader.apply(), ['1-1 at 1 a', '2-2 at 2 b', '3-3 at 3 c'])
})

test('of a batch that was stored in part the rest is stored, in its order', () => {
  const leader = new Leader()
  leader.submit({ boot: 1, from: 1, texts: ['c', 'd'], producer: named(3) })
  leader.submit({ boot: 2, from: 1, texts: ['a', 'b', 'c', 'd', 'e'], producer: named(1) })
  assert.deepEqual(leader.apply(), ['1-2 at 1 cd', '1-2 at 3 ab', '3-4 void', '5-5 at 5 e'])
  assert.equal(leader.last, 5)
})

test('the next leader goes on in the middle of a batch that the one before had cut', () => {
  const before = new Leader()
  before.submit({ boot: 1, from: 1, texts: ['b'], producer: named(2) })
  const whole = { boot: 2, from: 1, texts: ['a', 'b', 'c'], producer: named(1) }
  before.submit(whole)
  // The origins, the beginning of the stream, and two batches: the rest is lost with the leader.
  assert.deepEqual(before.apply(5), ['1-1 at 1 b', '1-1 at 2 a'])
  const next = new Leader(before.ledger)
  next.submit(whole)
  next.submit({ boot: 2, from: 4, texts: ['d'], producer: named(4) })
  assert.deepEqual(next.apply(), ['2-2 void', '3-3 at 3 c', '4-4 at 4 d'])
})

test('what is too old to be known passes by, whatever is in the same batch', () => {
  const leader = new Leader()
  for (let nth = 1; nth <= stretchesMax + 1; nth++)
    leader.submit({ boot: 1, from: nth, texts: ['x'], producer: named(10 * nth) })
  leader.apply()
  leader.submit({ boot: 2, from: 1, texts: ['a', 'b', 'c'], producer: named(9) })
  assert.deepEqual(leader.apply(), ['1-3 void'])
  const frame = voidBatch(batchOf({ boot: 2, from: 1, texts: ['a', 'b', 'c'], producer: named(9) }))
  const { producers } = leader.ledger
  assert.deepEqual(partsOf(frame, producers), [{ kind: 'old', records: 3, epoch: 0, offset: 0 }])
})

test('no member takes a batch that stores a copy, nor a void for what is not stored', () => {
  const leader = new Leader()
  leader.submit({ boot: 1, from: 1, texts: ['a', 'b'], producer: named(5) })
  leader.apply()
  const { ledger } = leader
  const isTaken = (frame: Uint8Array): boolean => ledger.apply({ op: 'batch', frame })
  const placed = (sequence: number, ...texts: string[]): Uint8Array =>
    batchOf({ boot: 1, from: 3, texts, offset: 3, producer: named(sequence) })
  const empty = (sequence: number, ...texts: string[]): Uint8Array => voidBatch(placed(sequence, ...texts))
  assert.equal(isTaken(placed(5, 'a')), false)
  assert.equal(isTaken(placed(6, 'b', 'c')), false)
  assert.equal(isTaken(empty(7, 'c')), false)
  assert.equal(isTaken(empty(6, 'b', 'c')), false)
  assert.equal(leader.last, 2)
  assert.ok(isTaken(empty(6, 'b')))
  assert.ok(ledger.apply({ op: 'batch', frame: batchOf({ from: 4, offset: 3, producer: named(7) }) }))
})

test('a name means something else on every stream of a group', () => {
  const bills = { ...orders, name: 'bills', topics: ['bills.>'] }
  const leader = new Leader()
  leader.submit({ boot: 1, from: 1, texts: ['a'], producer: named(5) })
  leader.submit({ boot: 1, stream: toStreamId('bills'), from: 1, texts: ['b'], producer: named(5) }, bills)
  assert.deepEqual(leader.apply(), ['1-1 at 1 a', '1-1 at 1 b'])
})

test('a producer that comes with copies alone is not forgotten before others', () => {
  const leader = new Leader()
  for (let nth = 0; nth < producersMax; nth++)
    leader.submit({ boot: 1, from: nth + 1, producer: named(1, `p${nth}`) })
  const texts = ['x']
  leader.submit({ boot: 2, from: 1, texts, producer: named(1, 'p0') })
  leader.submit({ boot: 2, from: 2, texts, producer: named(1, 'another') })
  leader.submit({ boot: 2, from: 3, texts, producer: named(1, 'p0') })
  leader.submit({ boot: 2, from: 4, texts, producer: named(1, 'p1') })
  const kinds = leader
    .apply()
    .slice(-4)
    .map((line) => line.split(' ')[1])
  assert.deepEqual(kinds, ['void', 'at', 'void', 'at'])
})

test('producers are known in all later epochs, and behind a floor', () => {
  const leader = new Leader()
  leader.submit({ boot: 1, from: 1, texts: ['a', 'b'], producer: named(5) })
  leader.apply()
  const gossip = { ...orders, mode: 'gossip' } as const
  const fence = new Map()
  assert.ok(leader.ledger.apply({ op: 'begin', epoch: 2, definition: gossip, fence }))
  assert.ok(leader.ledger.apply({ op: 'seal', epoch: 2, definition: gossip }))
  const read = Ledger.decode(leader.ledger.encode())
  assert.ok(read.apply({ op: 'begin', epoch: 3, definition: orders, fence: read.fenceOf(ordersId) }))
  const next = new Leader(read)
  next.submit({ boot: 1, from: 3, texts: ['a', 'b', 'c'], producer: named(5) })
  assert.deepEqual(next.apply(), ['3-4 void', '5-5 at 3 c'])
})

test('a floor of a version that knew no producers begins without any', () => {
  const leader = new Leader()
  leader.submit({ boot: 1, from: 1, producer: named(5) })
  leader.apply()
  const fields = JSON.parse(new TextDecoder().decode(leader.ledger.encode()))
  delete fields.producers
  const read = Ledger.decode(new TextEncoder().encode(JSON.stringify(fields)))
  assert.deepEqual(read.producers.encode(), [])
  assert.equal(read.streams.get(ordersId)?.last, 1)
})

test('leader and members forget the same producer, also while nothing is applied', () => {
  const leader = new Leader()
  for (let nth = 0; nth <= producersMax; nth++)
    leader.submit({ boot: 1, from: nth + 1, producer: named(1, `p${nth}`) })
  leader.submit({ boot: 2, from: 1, texts: ['again'], producer: named(1, 'p0') })
  leader.submit({ boot: 2, from: 2, texts: ['still known'], producer: named(1, 'p2') })
  const applied = leader.apply()
  assert.deepEqual(applied.slice(-2), [`1-1 at ${producersMax + 2} again`, '2-2 void'])
})

test('a publisher hears where copies are, as far as that is known', () => {
  const leader = new Leader()
  leader.submit({ boot: 1, from: 1, texts: ['a', 'b'], producer: named(5) })
  leader.submit({ boot: 1, from: 3, texts: ['x'] })
  leader.submit({ boot: 1, from: 4, texts: ['c'], producer: named(7) })
  leader.apply()
  const { producers } = leader.ledger
  const frame = voidBatch(batchOf({ boot: 2, from: 1, texts: ['b', 'c'], producer: named(6) }))
  assert.deepEqual(partsOf(frame, producers), [
    { kind: 'copy', records: 1, epoch: 0, offset: 0, original: {} },
    { kind: 'copy', records: 1, epoch: 1, offset: 4, original: { boot: 1 as Boot, first: 4 } },
  ])
})
