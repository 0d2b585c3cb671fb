// What the group knows of queues: slots move when their owners have let them go, or are gone, and never before.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Origin } from '../../../node/core/common/ids.ts'
import {
  decodeNameCommand,
  encodeNameCommand,
  type QueueCommand,
} from '../../../node/leader/names/command.ts'
import { cursorsMax, NameLedger } from '../../../node/leader/names/ledger.ts'
import { type Queue, queueLimits } from '../../../node/leader/names/queues.ts'
import { originsMax, positionsMax } from '../../../node/leader/names/vectors.ts'
import { slotCount } from '../../../node/wire/batch-slots.ts'

const seed = 20261201
const key = { stream: 'orders', name: 'workers' } as const
const terms = { patterns: ['orders.>'], key: undefined } as const
const a1 = 'A#1/1'
const b1 = 'B#2/1'
const c1 = 'C#3/1'

function join(holder: string, offset = 10): QueueCommand {
  return {
    op: 'join',
    ...key,
    ...terms,
    holder,
    low: { offset, vector: new Map([['A#1' as Origin, offset]]) },
  }
}

function acknowledge(
  holder: string,
  positions: [number, number][],
  released: (readonly [number, number])[] = [],
): QueueCommand {
  return { op: 'ack', ...key, holder, positions, released, low: undefined }
}

function queueOf(ledger: NameLedger): Queue {
  const queue = ledger.queues.find(key.stream, key.name)
  assert.ok(queue)
  return queue
}

function ownedBy(ledger: NameLedger, member: string): number[] {
  return [...queueOf(ledger).slots.entries()].flatMap(([slot, { owner }]) => (owner === member ? slot : []))
}

/** Slots that a member is to let go, with the turn. */
function leaving(ledger: NameLedger, member: string): (readonly [slot: number, turn: number])[] {
  const slots = [...queueOf(ledger).slots.entries()]
  return slots.flatMap(([slot, { owner, next, turn }]) =>
    owner === member && next !== undefined ? [[slot, turn] as const] : [],
  )
}

test('the first member has every slot, behind where it begins', () => {
  const ledger = new NameLedger()
  assert.ok(ledger.apply(join(a1)))
  assert.equal(ownedBy(ledger, a1).length, slotCount)
  assert.ok(queueOf(ledger).slots.every(({ position }) => position === 10))
  assert.equal(ledger.apply(join(a1)), false, 'a copy means nothing')
})

test('a second member gets slots one by one, as the first lets them go, with what was acknowledged', () => {
  const ledger = new NameLedger()
  ledger.apply(join(a1))
  assert.ok(ledger.apply(join(b1, 99)), 'where it would have begun does not matter any more')
  assert.deepEqual(ownedBy(ledger, b1), [])
  const moving = leaving(ledger, a1)
  assert.equal(moving.length, slotCount / 2)
  const [first = 0, second = 0] = moving.map(([slot]) => slot)
  assert.equal(ledger.apply(acknowledge(b1, [[first, 50]])), true)
  assert.equal(queueOf(ledger).slots[first]?.position, 10, 'it is not its own yet')
  assert.ok(ledger.apply(acknowledge(a1, [[first, 40]], [moving[0] ?? [first, 0], [0, 0]])))
  assert.deepEqual(ownedBy(ledger, b1), [first])
  assert.equal(queueOf(ledger).slots[0]?.owner, a1, 'what nobody waits for is not let go')
  assert.ok(
    ledger.apply(
      acknowledge(a1, [
        [first, 70],
        [second, 41],
      ]),
    ),
  )
  assert.deepEqual(
    [queueOf(ledger).slots[first]?.position, queueOf(ledger).slots[second]?.position],
    [40, 41],
    'who has let a slot go says nothing more of it',
  )
})

test('what a member had goes to the others at once when it leaves, or its node is gone', () => {
  const ledger = new NameLedger()
  for (const member of [a1, b1]) ledger.apply(join(member))
  ledger.apply(acknowledge(a1, [], leaving(ledger, a1)))
  const [slot = 0] = ownedBy(ledger, b1)
  assert.ok(ledger.apply({ op: 'leave', ...key, holder: b1, positions: [[slot, 33]] }))
  assert.equal(ownedBy(ledger, a1).length, slotCount)
  assert.equal(queueOf(ledger).slots[slot]?.position, 33)
  ledger.apply(join(c1))
  assert.ok(ledger.apply({ op: 'gone', origin: 'A#1' as Origin }))
  assert.equal(ownedBy(ledger, c1).length, slotCount)
  assert.deepEqual([...ledger.origins()], ['C#3'])
  assert.equal(ledger.apply(acknowledge(a1, [[0, 99]])), false, 'it is no member any more')
})

test('a member that is to get a slot and goes leaves it where it is', () => {
  const ledger = new NameLedger()
  for (const member of [a1, b1]) ledger.apply(join(member))
  assert.ok(leaving(ledger, a1).length > 0)
  ledger.apply({ op: 'leave', ...key, holder: b1, positions: [] })
  assert.deepEqual(leaving(ledger, a1), [])
})

test('a slot that was to move, and then was not, moves only when its owner says so again', () => {
  const ledger = new NameLedger()
  for (const member of [a1, b1]) ledger.apply(join(member))
  const before = leaving(ledger, a1)
  ledger.apply({ op: 'leave', ...key, holder: b1, positions: [] })
  ledger.apply(join('B#2/2'))
  ledger.apply(acknowledge(a1, [], before))
  assert.deepEqual(ownedBy(ledger, 'B#2/2'), [], 'it may have gone on with them meanwhile')
  ledger.apply(acknowledge(a1, [], leaving(ledger, a1)))
  assert.equal(ownedBy(ledger, 'B#2/2').length, slotCount / 2)
})

test('positions outlive all members, and go on for the next one', () => {
  const ledger = new NameLedger()
  ledger.apply(join(a1))
  ledger.apply(acknowledge(a1, [[5, 80]]))
  ledger.apply({ op: 'leave', ...key, holder: a1, positions: [[6, 81]] })
  ledger.apply(join(b1, 500))
  const { slots } = queueOf(ledger)
  assert.deepEqual([slots[5]?.position, slots[6]?.position, slots[7]?.position], [80, 81, 10])
  assert.equal(ledger.apply({ op: 'forget', ...key }), false)
  ledger.apply({ op: 'gone', origin: 'B#2' as Origin })
  assert.ok(ledger.apply({ op: 'forget', ...key }))
  assert.equal(ledger.queues.find(key.stream, key.name), undefined)
})

test('where all slots are acknowledged is kept only if that is so', () => {
  const ledger = new NameLedger()
  ledger.apply(join(a1))
  const say = (offset: number): QueueCommand => {
    const low = { offset, vector: new Map([['A#1' as Origin, offset]]) }
    return { op: 'ack', ...key, holder: a1, positions: [], released: [], low }
  }
  ledger.apply(say(20))
  assert.equal(queueOf(ledger).low.offset, 10)
  ledger.apply(
    acknowledge(
      a1,
      Array.from({ length: slotCount }, (_, slot) => [slot, 20]),
    ),
  )
  ledger.apply(say(20))
  assert.deepEqual(queueOf(ledger).low, { offset: 20, vector: new Map([['A#1', 20]]) })
  ledger.apply(say(15))
  assert.equal(queueOf(ledger).low.offset, 20)
})

test('members with other patterns or another key, and those beyond the limits, do not join', () => {
  const ledger = new NameLedger()
  ledger.apply(join(a1))
  assert.equal(ledger.apply({ ...join(b1), patterns: ['orders.*'] } as QueueCommand), false)
  assert.equal(ledger.apply({ ...join(b1), key: 'customer' } as QueueCommand), false)
  assert.equal(ledger.queues.joinProblem(key.stream, key.name, { ...terms, key: 'customer' }), 'differs')
  for (let number = 2; number <= queueLimits.membersMax; number++)
    assert.ok(ledger.apply(join(`A#1/${number}`)))
  assert.equal(ledger.queues.joinProblem(key.stream, key.name, terms), 'full')
  assert.equal(ledger.apply(join(b1)), false)
  for (let number = 1; number < queueLimits.queuesMax; number++)
    assert.ok(ledger.apply({ ...join(a1), name: `q${number}` } as QueueCommand))
  assert.equal(ledger.queues.joinProblem(key.stream, 'one-more', terms), 'full')
})

test('the state is bounded, however full it is', () => {
  const ledger = new NameLedger()
  const sequence = 2 ** 52
  let boots = 36 ** 9
  /** Origins that no other vector has. */
  const newVector = (): Map<Origin, number> =>
    new Map(
      Array.from({ length: originsMax }, () => [
        `${'N'.repeat(32)}#${(++boots).toString(36)}` as Origin,
        sequence,
      ]),
    )
  for (let number = 0; number < cursorsMax; number++) {
    const cursor = { stream: 's'.repeat(64), name: `${number}`.padStart(64, 'n'), holder: a1 }
    ledger.apply({ op: 'take', ...cursor, replaces: undefined, force: false })
    if (number * originsMax <= positionsMax)
      ledger.apply({ op: 'save', ...cursor, vector: newVector(), frees: false })
  }
  const vector = newVector()
  for (let number = 0; number < queueLimits.queuesMax; number++)
    for (let member = 1; member <= queueLimits.membersMax; member++)
      ledger.apply({
        ...join(`${'N'.repeat(32)}#zzzzzzzzzz/${member}`),
        ...{ name: `q${number}`, low: { offset: sequence, vector } },
      } as QueueCommand)
  const { length } = ledger.encode()
  assert.ok(length < 6 * 1024 * 1024, `${length} bytes`)
})

const member = fc.constantFrom('A#1/1', 'A#1/2', 'B#2/1', 'C#3/1')
const slot = fc.integer({ min: 0, max: slotCount - 1 })
const positions = fc.array(fc.tuple(slot, fc.nat({ max: 1000 })), { maxLength: 5 })
const low = fc.nat({ max: 1000 }).map((offset) => ({ offset, vector: new Map([['A#1' as Origin, offset]]) }))
const command: fc.Arbitrary<QueueCommand> = fc.oneof(
  member.map((holder): QueueCommand => join(holder)),
  fc
    .tuple(
      member,
      positions,
      fc.array(fc.tuple(slot, fc.nat({ max: 3 })), { maxLength: 40 }),
      fc.option(low, { nil: undefined }),
    )
    .map(
      ([holder, done, released, lowest]): QueueCommand => ({
        ...{ op: 'ack', ...key, holder, positions: done },
        ...{ released, low: lowest },
      }),
    ),
  fc
    .tuple(member, positions)
    .map(([holder, done]): QueueCommand => ({ op: 'leave', ...key, holder, positions: done })),
)

test('in random histories every slot has one owner while there are members, shares become even, and nothing goes back', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const ledger = new NameLedger()
      let before: number[] = []
      for (const each of commands) {
        assert.deepEqual(decodeNameCommand(encodeNameCommand(each)), each)
        ledger.apply(each)
        const queue = ledger.queues.find(key.stream, key.name)
        if (queue === undefined) continue
        const { slots, members } = queue
        for (const [number, { owner, next, position }] of slots.entries()) {
          assert.equal(owner === undefined, members.length === 0)
          assert.ok(owner === undefined || members.includes(owner))
          assert.ok(next === undefined || (members.includes(next) && next !== owner))
          assert.ok(position >= (before[number] ?? 0))
        }
        before = slots.map(({ position }) => position)
        const shares = members.map(
          (each) => slots.filter(({ owner, next }) => (next ?? owner) === each).length,
        )
        assert.ok(members.length === 0 || Math.max(...shares) - Math.min(...shares) <= 1)
      }
      const read = NameLedger.decode(ledger.encode())
      assert.deepEqual([...read.queues.all], [...ledger.queues.all])
    }),
    { seed, numRuns: 300 },
  )
})
