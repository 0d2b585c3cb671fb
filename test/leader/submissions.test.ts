// Batches that wait for their place: they go in order, all again to the next leader, and whoever waits hears once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Placed, type PlacedPart, Submissions } from '../../node/leader/submissions.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'
import { batchOf, textsOf } from './leader-batches.ts'

class Publisher {
  readonly slabs: CountedSlabs = new CountedSlabs(smallWipedSlabs)
  readonly submissions: Submissions = new Submissions(1, this.slabs)
  /** What was heard, in order. */
  readonly heard: string[] = []

  /** Adds a batch for each text at a time. */
  add(now: number, ...texts: readonly string[]): void {
    for (const text of texts) {
      const frame = batchOf({ from: this.submissions.next, texts: [text] })
      this.submissions.add(frame, 1, now, (placed) =>
        this.heard.push(`${text} ${placed === undefined ? 'unknown' : placed.offset}`),
      )
      // It is the publisher's memory, which is written to again.
      frame.fill(0)
    }
  }

  /** What was not sent, while there is room for so many. */
  send(count = 100): string[] {
    let room = count
    const texts: string[] = []
    for (const frame of this.submissions.unsent(() => room-- > 0)) texts.push(...textsOf(frame))
    return texts
  }
}

const placedAt = (offset: number): Placed => ({ epoch: 1, offset })

test('each batch is sent once, in order, as far as there is room', () => {
  const publisher = new Publisher()
  publisher.add(0, 'a', 'b', 'c')
  assert.deepEqual(publisher.send(2), ['a', 'b'])
  assert.deepEqual(publisher.send(0), [])
  publisher.add(0, 'd')
  assert.deepEqual(publisher.send(), ['c', 'd'])
  assert.deepEqual(publisher.send(), [])
})

test('to another leader everything goes again that has no place', () => {
  const publisher = new Publisher()
  publisher.add(0, 'a', 'b', 'c')
  publisher.send()
  publisher.submissions.onPlaced(1, placedAt(5))
  publisher.submissions.sendAgain(10)
  assert.deepEqual(publisher.send(), ['b', 'c'])
  assert.deepEqual(publisher.heard, ['a 5'])
})

test('a batch that gets its place while others are being sent is not sent, and its memory is not lost to who sends it', () => {
  const publisher = new Publisher()
  publisher.add(0, 'a', 'b', 'c')
  const sent: string[] = []
  for (const frame of publisher.submissions.unsent()) {
    publisher.submissions.onPlaced(2, placedAt(2))
    sent.push(...textsOf(frame))
  }
  assert.deepEqual(sent, ['a', 'c'])
})

test('whoever waits hears the place of his batch, once, and its bytes wait no more', () => {
  const publisher = new Publisher()
  publisher.add(0, 'a', 'b')
  const { submissions, heard, slabs } = publisher
  const both = submissions.bytes
  submissions.onPlaced(1, placedAt(7))
  submissions.onPlaced(1, placedAt(9))
  assert.deepEqual([heard, submissions.bytes], [['a 7'], both / 2])
  submissions.onPlaced(2, placedAt(8))
  assert.deepEqual([heard, submissions.bytes, submissions.isEmpty], [['a 7', 'b 8'], 0, true])
  assert.equal(slabs.bytesOut, 0)
})

test('of those before a place that was told, nobody knows which they got', () => {
  const publisher = new Publisher()
  publisher.add(0, 'a', 'b', 'c')
  publisher.submissions.onPlaced(2, placedAt(8))
  assert.deepEqual(publisher.heard, ['a unknown', 'b 8'])
  publisher.submissions.onPlaced(3, undefined)
  assert.deepEqual(publisher.heard, ['a unknown', 'b 8', 'c unknown'])
})

test('whoever has waited too long hears that nobody knows; the batch is sent again all the same, and he hears nothing more', () => {
  const publisher = new Publisher()
  publisher.add(0, 'a')
  publisher.add(10, 'b')
  publisher.send()
  publisher.submissions.expire(0)
  assert.deepEqual(publisher.heard, [])
  publisher.submissions.expire(10)
  publisher.submissions.expire(10)
  assert.deepEqual(publisher.heard, ['a unknown'])
  publisher.submissions.sendAgain(20)
  assert.deepEqual(publisher.send(), ['a', 'b'])
  publisher.submissions.onPlaced(1, placedAt(1))
  publisher.submissions.onPlaced(2, placedAt(2))
  assert.deepEqual(publisher.heard, ['a unknown', 'b 2'])
})

test('something is overdue that has waited, and was not sent again since', () => {
  const publisher = new Publisher()
  const { submissions } = publisher
  assert.equal(submissions.isOverdue(1000), false)
  publisher.add(100, 'a')
  publisher.send()
  assert.deepEqual([submissions.isOverdue(100), submissions.isOverdue(101)], [false, true])
  submissions.sendAgain(150)
  assert.deepEqual([submissions.isOverdue(150), submissions.isOverdue(151)], [false, true])
  submissions.onPlaced(1, placedAt(1))
  assert.equal(submissions.isOverdue(1000), false)
})

test('numbers go on behind what the ledger has of the boot', () => {
  const submissions = new Submissions(41, new CountedSlabs(smallWipedSlabs))
  submissions.add(batchOf({ from: 41, texts: ['a', 'b'] }), 2, 0, undefined)
  assert.equal(submissions.next, 43)
  submissions.onPlaced(41, placedAt(1))
  assert.equal(submissions.isEmpty, false)
  submissions.onPlaced(42, placedAt(1))
  assert.ok(submissions.isEmpty)
})

test('a batch that was cut is answered once its last part is known, with all of them', () => {
  const heard: (Placed | undefined)[] = []
  const submissions = new Submissions(1, new CountedSlabs(smallWipedSlabs))
  for (const from of [1, 4])
    submissions.add(batchOf({ from, texts: ['a', 'b', 'c'] }), 3, 0, (placed) => heard.push(placed))
  const part = (kind: 'new' | 'copy', records: number, offset: number): PlacedPart => {
    return { kind, records, epoch: 1, offset }
  }
  submissions.onParts(1, [part('new', 1, 7)])
  assert.deepEqual(heard, [])
  submissions.onParts(3, [part('copy', 2, 2)])
  assert.deepEqual(heard, [{ epoch: 1, offset: 7, parts: [part('new', 1, 7), part('copy', 2, 2)] }])
  submissions.onParts(6, [part('new', 3, 8)])
  assert.deepEqual(heard[1], { epoch: 1, offset: 8 })
  assert.ok(submissions.isEmpty)
  submissions.onParts(9, [part('new', 3, 11)])
  assert.equal(heard.length, 2)
})
