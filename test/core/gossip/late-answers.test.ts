// Answers to an interest that was under way for long: their bases lie too late, so the interest is told again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Holding } from '../../../node/core/gossip/messages.ts'
import { b, boots, c, holding, Machine } from './machine.ts'

/** What a peer answers to which the interest is so old. */
function answer(machine: Machine, ageMs: number, ...holdings: Holding[]): string[] {
  const stream = machine.replica.id
  return machine.hear(b, { kind: 'holdings', stream, answer: true, ageMs, holdings })
}

/** An interest of which B hears only after the wait for its answer is over. */
function interestedFor(ms: number): Machine {
  const machine = new Machine([b])
  machine.interest()
  machine.tick(1000)
  machine.now += ms - 1000
  return machine
}

test('takes no base from an answer that comes after its interest counted as known, and asks again', () => {
  const machine = interestedFor(1700)
  assert.deepEqual(answer(machine, 0, holding(b, 1, 9, 9)), ['B: interest true age 1950 have undefined'])
  machine.tick(0)
  assert.equal(machine.replica.origins.get(holding(b, 0, 0, 0).boot)?.position, undefined)
  machine.now += 20
  assert.deepEqual(answer(machine, 1960, holding(b, 1, 9, 4)), ['base B#2 4', 'delivered', 'B: pull 1 2 5-9'])
})

test('takes the base of an answer that comes while the interest is still being made known', () => {
  const machine = new Machine([b])
  machine.interest()
  machine.now += 900
  assert.ok(answer(machine, 0, holding(b, 0, 9, 9)).includes('base B#2 9'))
})

test('takes no base for an interest older than its telling from an answer that was under way for long', () => {
  const machine = new Machine([b])
  const { replica } = machine
  machine.agent.handle({ kind: 'interest', replica, wanted: true, since: machine.now - 500 }, machine.now)
  machine.now += 900
  assert.ok(answer(machine, 750, holding(b, 0, 9, 9)).includes('B: interest true age 1650 have undefined'))
})

test('tells an interest that is not new as older by what it may be under way, so that nothing published meanwhile lies before its base', () => {
  const machine = new Machine([b])
  machine.down(b)
  machine.interest()
  machine.now += 20
  assert.ok(machine.up(b).includes('B: interest true age 270 have undefined'))
  // On its way for 249 ms: to B it is older than it is.
  machine.now += 249
  assert.ok(answer(machine, 270, holding(b, 1, 9, 4)).includes('base B#2 4'))
})

test('takes the base of a peer that hears of the stream later than of the interest, which it was told at once', () => {
  const machine = new Machine([b])
  machine.interest()
  machine.now += 7
  machine.hear(b, { kind: 'holdings', stream: machine.replica.id, answer: true, holdings: [] })
  machine.now += 450
  assert.ok(answer(machine, 450, holding(b, 0, 0, 0)).includes('base B#2 0'))
})

test('tells an interest as older by the delay when answers come late again', () => {
  const machine = interestedFor(1700)
  answer(machine, 0, holding(b, 1, 9, 9))
  machine.now += 800
  assert.deepEqual(answer(machine, 1950, holding(b, 1, 9, 9)), ['B: interest true age 3300 have undefined'])
  machine.now += 800
  assert.ok(answer(machine, 3300, holding(b, 0, 9, 2)).includes('base B#2 2'))
})

test('adds up what was missing, so that a round trip that changes comes to an end too', () => {
  const machine = interestedFor(1700)
  answer(machine, 0, holding(b, 0, 9, 9))
  machine.now += 300
  assert.deepEqual(answer(machine, 1950, holding(b, 0, 9, 9)), ['B: interest true age 2300 have undefined'])
  machine.now += 600
  assert.deepEqual(answer(machine, 2300, holding(b, 0, 9, 9)), ['B: interest true age 3200 have undefined'])
  machine.now += 600
  assert.ok(answer(machine, 3200, holding(b, 0, 9, 2)).includes('base B#2 2'))
})

test('asks for no better answer without end', () => {
  const machine = interestedFor(1700)
  const told = Array.from({ length: 20 }, () => {
    const effects = answer(machine, 0, holding(b, 0, 9, 9))
    machine.now += 300
    return effects.some((effect) => effect.includes('interest true'))
  })
  assert.ok(told.includes(true))
  assert.equal(told.at(-1), false)
  assert.equal(machine.replica.origins.get(holding(b, 0, 0, 0).boot)?.position, 9)
})

test('makes do with a late answer when no better one comes', () => {
  const machine = interestedFor(1700)
  answer(machine, 0, holding(b, 0, 9, 9))
  assert.ok(!machine.tick(1000).includes('base B#2 9'))
  assert.ok(machine.tick(2000).includes('base B#2 9'))
})

test('asks nobody again who says nothing new', () => {
  const machine = interestedFor(1700)
  answer(machine, 1700, holding(b, 0, 9, 9))
  machine.now += 5000
  assert.deepEqual(answer(machine, 1700, holding(b, 0, 9, 9)), [])
})

test('says in an answer how old the interest is by its own clock', () => {
  const machine = new Machine([b, c])
  const { agent, replica } = machine
  const message = { kind: 'interest', stream: replica.id, wanted: true, ageMs: 700 } as const
  const [effect] = agent.handle({ kind: 'message', from: b, message }, machine.now)
  assert.deepEqual(effect, {
    kind: 'send',
    to: b,
    message: {
      kind: 'holdings',
      stream: replica.id,
      answer: true,
      ageMs: 700,
      holdings: [{ node: 'A', boot: boots['A'], first: 0, last: 0, base: 0 }],
    },
  })
})
