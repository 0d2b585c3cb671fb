// Reads of a group: whoever asks goes on when everything is here that he must see, or when nobody can say what that is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot } from '../../node/core/common/ids.ts'
import { Reads } from '../../node/groups/reads.ts'

class Asker {
  now = 0
  readonly asked: number[] = []
  readonly done: string[] = []
  readonly reads: Reads

  constructor(boot = 1) {
    this.reads = new Reads(
      boot as Boot,
      () => this.now,
      (request) => this.asked.push(request),
    )
  }

  ask(name: string): void {
    this.reads.ask(() => this.done.push(name))
  }

  pass(ms: number): void {
    this.now += ms
    this.reads.tick()
  }
}

test('a read is done when what it was answered with is applied, be that before or after the answer', () => {
  const asker = new Asker()
  asker.ask('a')
  asker.ask('b')
  const [a = 0, b = 0] = asker.asked
  asker.reads.onApplied(10)
  assert.deepEqual(asker.done, [])
  asker.reads.onAnswer(a, 8)
  asker.reads.onAnswer(b, 12)
  asker.reads.onApplied(10)
  assert.deepEqual(asker.done, ['a'])
  asker.reads.onApplied(12)
  assert.deepEqual(asker.done, ['a', 'b'])
  asker.reads.onApplied(13)
  assert.deepEqual(asker.done, ['a', 'b'])
})

test('a read without an answer is asked again under another number, and an answer to the old one says nothing', () => {
  const asker = new Asker()
  asker.ask('a')
  asker.pass(500)
  assert.equal(asker.asked.length, 1)
  asker.pass(1)
  const [first = 0, second = 0] = asker.asked
  assert.notEqual(first, second)
  asker.reads.onAnswer(first, 1)
  asker.reads.onApplied(1)
  assert.deepEqual(asker.done, [])
  asker.reads.onAnswer(second, 1)
  asker.reads.onApplied(1)
  assert.deepEqual(asker.done, ['a'])
})

test('a read that has its answer is not asked again, but waits for what it must see', () => {
  const asker = new Asker()
  asker.ask('a')
  asker.reads.onAnswer(asker.asked[0] ?? 0, 5)
  asker.pass(1500)
  assert.equal(asker.asked.length, 1)
  asker.reads.onApplied(5)
  assert.deepEqual(asker.done, ['a'])
})

test('after two seconds nobody is asked any more, and whoever waits goes on with what there is', () => {
  const asker = new Asker()
  asker.ask('a')
  for (let ms = 0; ms < 2000; ms += 50) asker.pass(50)
  assert.deepEqual([asker.done, asker.asked.length], [[], 4])
  asker.pass(50)
  assert.deepEqual(asker.done, ['a'])
  asker.pass(5000)
  assert.deepEqual([asker.done, asker.asked.length], [['a'], 4])
})

test('numbers of another boot are other numbers, and all can be counted on', () => {
  const numbers = [1, 2, 2 ** 53 - 1].flatMap((boot) => {
    const asker = new Asker(boot)
    asker.ask('a')
    asker.ask('b')
    return asker.asked
  })
  assert.equal(new Set(numbers).size, 6)
  assert.ok(numbers.every((request) => Number.isSafeInteger(request) && request >= 0))
})

test('a callback may ask again', () => {
  const asker = new Asker()
  asker.reads.ask(() => asker.ask('second'))
  asker.reads.onAnswer(asker.asked[0] ?? 0, 1)
  asker.reads.onApplied(1)
  assert.equal(asker.asked.length, 2)
  asker.reads.onAnswer(asker.asked[1] ?? 0, 1)
  asker.reads.onApplied(1)
  assert.deepEqual(asker.done, ['second'])
})
