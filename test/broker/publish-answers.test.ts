// When publishers are answered: in the turn if somebody waits, a little later and together if nobody does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PublishAnswers } from '../../node/broker/publish-answers.ts'
import type { PublishOutcome } from '../../node/wire/control-frames.ts'

test('answers of one turn go out together at its end', () => {
  const { answers, turns, sent } = create()
  answers.push(stored(1))
  answers.push(stored(2))
  assert.equal(turns.length, 1)
  assert.deepEqual(sent, [])
  assert.equal(answers.isEmpty, false)
  turns[0]?.()
  assert.deepEqual(sent, [[1, 2]])
  assert.equal(answers.isEmpty, true)
})

test('patient answers wait together for one timer of a quarter of a second', () => {
  const { answers, clock, turns, timers, sent } = create()
  for (const publish of [1, 2, 3]) answers.pushPatient(stored(publish), 100)
  assert.deepEqual([turns.length, timers.map(({ delayMs }) => delayMs)], [0, [250]])
  clock.now = 250
  timers[0]?.callback()
  assert.deepEqual(sent, [[1, 2, 3]])
  answers.pushPatient(stored(4), 100)
  assert.equal(timers.length, 2)
})

test('patient answers that are old enough go with the next publish, behind its own writing', () => {
  const { answers, clock, turns, sent } = create()
  answers.pushPatient(stored(1), 100)
  clock.now = 199
  answers.pushPatient(stored(2), 100)
  assert.equal(turns.length, 0)
  clock.now = 200
  answers.pushPatient(stored(3), 100)
  assert.equal(turns.length, 1)
  turns[0]?.()
  assert.deepEqual(sent, [[1, 2, 3]])
  clock.now = 399
  answers.pushPatient(stored(4), 100)
  assert.equal(turns.length, 1, 'the next one begins to wait anew')
})

test('a timer that finds younger answers than it was set for waits until those are due', () => {
  const { answers, clock, turns, timers, sent } = create()
  answers.pushPatient(stored(1), 100)
  clock.now = 100
  answers.answerNow()
  turns[0]?.()
  clock.now = 150
  answers.pushPatient(stored(2), 100)
  assert.equal(timers.length, 1, 'one timer at a time')
  clock.now = 250
  timers[0]?.callback()
  assert.deepEqual([sent, timers[1]?.delayMs], [[[1]], 150])
  clock.now = 400
  timers[1]?.callback()
  assert.deepEqual(sent, [[1], [2]])
})

test('an answer that somebody waits for takes the patient ones along, and the timer finds nothing', () => {
  const { answers, turns, timers, sent } = create()
  answers.pushPatient(stored(1), 100)
  answers.push(stored(2))
  turns[0]?.()
  timers[0]?.callback()
  assert.deepEqual(sent, [[1, 2]])
})

test('a patient answer behind an awaited one goes out in the same turn', () => {
  const { answers, turns, timers, sent } = create()
  answers.push(stored(1))
  answers.pushPatient(stored(2), 100)
  assert.equal(timers.length, 0)
  turns[0]?.()
  assert.deepEqual(sent, [[1, 2]])
})

test('patient answers that are asked for go out in the same turn, and a request finds nothing when nothing waits', () => {
  const { answers, turns, sent } = create()
  answers.answerNow()
  assert.equal(turns.length, 0)
  answers.pushPatient(stored(1), 100)
  answers.pushPatient(stored(2), 100)
  answers.answerNow()
  answers.answerNow()
  assert.equal(turns.length, 1)
  turns[0]?.()
  assert.deepEqual(sent, [[1, 2]])
})

test('patience ends at 256 KiB, counted anew after every answer', () => {
  const { answers, turns, sent } = create()
  answers.pushPatient(stored(1), 262_143)
  assert.equal(turns.length, 0)
  answers.pushPatient(stored(2), 1)
  assert.equal(turns.length, 1)
  turns[0]?.()
  assert.deepEqual(sent, [[1, 2]])
  answers.pushPatient(stored(3), 262_143)
  assert.equal(turns.length, 1)
})

test('patience ends at 256 answers', () => {
  const { answers, turns } = create()
  for (let publish = 1; publish <= 256; publish++) answers.pushPatient(stored(publish), 1)
  assert.equal(turns.length, 0)
  answers.pushPatient(stored(257), 1)
  assert.equal(turns.length, 1)
})

function create(): {
  readonly answers: PublishAnswers
  readonly clock: { now: number }
  readonly turns: (() => void)[]
  readonly timers: { readonly delayMs: number; readonly callback: () => void }[]
  readonly sent: number[][]
} {
  const turns: (() => void)[] = []
  const timers: { readonly delayMs: number; readonly callback: () => void }[] = []
  const sent: number[][] = []
  const clock = { now: 0 }
  const ports = {
    now: () => clock.now,
    deferAnswers: (callback: () => void) => void turns.push(callback),
    after: (delayMs: number, callback: () => void) => void timers.push({ delayMs, callback }),
  }
  const answers = new PublishAnswers(ports, (outcomes) => sent.push(outcomes.map(({ publish }) => publish)))
  return { answers, clock, turns, timers, sent }
}

function stored(publish: number): PublishOutcome {
  return { status: 'stored', publish, runs: [] }
}
