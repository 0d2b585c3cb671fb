// What the group of names knows: it follows from the entries alone, and what does not follow means nothing to anybody.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Boot, type NodeId, type Origin, toOrigin } from '../../../node/core/common/ids.ts'
import { LedgerDamaged } from '../../../node/leader/ledger.ts'
import { decodeNameCommand, encodeNameCommand, type NameCommand } from '../../../node/leader/names/command.ts'
import { cursorsMax, NameLedger } from '../../../node/leader/names/ledger.ts'
import { originsMax, positionsMax } from '../../../node/leader/names/vectors.ts'
import { toTextBytes } from '../../../node/wire/text.ts'
import { beginnings, damage, damaged, plain } from '../../wire/raft-arbitraries.ts'

const seed = 20261129
const key = { stream: 'orders', name: 'billing' } as const
const a1 = 'A#1/1'
const b1 = 'B#2/1'
const c1 = 'C#3/1'

function take(holder: string, replaces?: string, force = false): NameCommand {
  return { op: 'take', ...key, holder, replaces, force }
}

function save(holder: string, pairs: Readonly<Record<string, number>>, frees = false): NameCommand {
  return { op: 'save', ...key, holder, vector: new Map(Object.entries(pairs) as [Origin, number][]), frees }
}

function seen(ledger: NameLedger): readonly unknown[] {
  const { holder, next, vector } = ledger.cursor(key.stream, key.name) ?? {}
  return [holder, next, vector && Object.fromEntries(vector)]
}

test('a name belongs to whoever takes it while nobody has it, and where its holder stands never goes back', () => {
  const ledger = new NameLedger()
  assert.ok(ledger.apply(take(a1)))
  assert.deepEqual(seen(ledger), [a1, undefined, undefined])
  assert.ok(ledger.apply(save(a1, { 'A#1': 5 })))
  assert.ok(ledger.apply(save(a1, { 'A#1': 3, 'B#2': 7 })))
  assert.deepEqual(seen(ledger), [a1, undefined, { 'A#1': 5, 'B#2': 7 }])
  assert.equal(ledger.apply(save(b1, { 'A#1': 9 })), false, 'only its holder says where it stands')
  assert.ok(ledger.apply(save(a1, { 'A#1': 6 }, true)))
  assert.deepEqual(seen(ledger), [undefined, undefined, { 'A#1': 6, 'B#2': 7 }])
  assert.equal(ledger.apply(save(a1, { 'A#1': 8 })), false, 'who has let it go says nothing more')
})

test('a holder is asked for the name, and gives it to who is next with where it stands', () => {
  const ledger = new NameLedger()
  ledger.apply(take(a1))
  assert.equal(ledger.apply(take(b1)), false, 'the holder must be known to who replaces it')
  assert.ok(ledger.apply(take(b1, a1)))
  assert.deepEqual(seen(ledger), [a1, b1, undefined])
  assert.ok(ledger.apply(save(a1, { 'A#1': 4 }, true)))
  assert.deepEqual(seen(ledger), [b1, undefined, { 'A#1': 4 }])
  assert.equal(ledger.apply(take(b1, a1)), false, 'a copy that comes late means nothing')
})

test('a holder that does not answer is replaced by force, and so is one whose node is gone', () => {
  const ledger = new NameLedger()
  ledger.apply(take(a1))
  ledger.apply(take(b1, a1))
  assert.ok(ledger.apply(take(b1, a1, true)))
  assert.deepEqual(seen(ledger), [b1, undefined, undefined])
  assert.ok(ledger.apply(take(c1, b1)))
  assert.equal(ledger.apply({ op: 'gone', origin: 'A#1' as Origin }), false)
  assert.ok(ledger.apply({ op: 'gone', origin: 'B#2' as Origin }))
  assert.deepEqual(seen(ledger), [c1, undefined, undefined])
  assert.deepEqual([...ledger.origins()], ['C#3'])
})

test('a name is forgotten when nobody has it, and not before', () => {
  const ledger = new NameLedger()
  ledger.apply(take(a1))
  assert.equal(ledger.apply({ op: 'forget', ...key }), false)
  ledger.apply(save(a1, { 'A#1': 4 }, true))
  assert.ok(ledger.apply({ op: 'forget', ...key }))
  assert.deepEqual([...ledger.cursors], [])
})

test('names are bounded: a name too many is not taken', () => {
  const ledger = new NameLedger()
  for (let number = 0; number < cursorsMax; number++)
    assert.ok(ledger.apply({ ...take(a1), name: `n${number}` } as NameCommand))
  assert.equal(ledger.hasRoomFor('orders', 'one-more'), false)
  assert.equal(ledger.apply({ ...take(a1), name: 'one-more' } as NameCommand), false)
  assert.ok(ledger.hasRoomFor('orders', 'n0'))
})

/** Origins of so many restarts of a node. */
function restarts(count: number, sequence: number, node = 'B'): Record<string, number> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`${node}#${(at + 1).toString(36)}`, sequence]),
  )
}

test('origins of a vector are bounded: what is kept is kept, and moves on, and only those that are new are left out', () => {
  const ledger = new NameLedger()
  ledger.apply(take(a1))
  ledger.apply(save(a1, { 'A#1': 1 }))
  ledger.apply(save(a1, { ...restarts(originsMax + 10, 1), 'A#1': 5 }))
  const { vector } = ledger.cursor(key.stream, key.name) ?? {}
  assert.equal(vector?.size, originsMax)
  assert.equal(vector.get('A#1' as Origin), 5)
  assert.equal(vector.get(`B#${(originsMax - 1).toString(36)}` as Origin), 1)
  const wanted = new Map(Object.entries(restarts(originsMax + 10, 2)) as [Origin, number][])
  assert.equal(ledger.changesOf(key, wanted).size, originsMax - 1, 'those that are kept')
  ledger.apply(save(a1, restarts(originsMax + 10, 2)))
  assert.equal(ledger.changesOf(key, wanted).size, 0)
})

test('origins of all vectors together are bounded, those of queues as well', () => {
  const ledger = new NameLedger()
  const vector = new Map(Object.entries(restarts(originsMax, 1)) as [Origin, number][])
  const low = { offset: 1, vector }
  for (let number = 0; number * originsMax < positionsMax + originsMax; number++) {
    const holder = `A#1/${number}`
    const of = { stream: 'orders', name: `n${number}`, holder } as const
    if (number < 2) ledger.apply({ op: 'join', ...of, patterns: ['>'], key: undefined, low })
    else ledger.apply({ op: 'take', ...of, replaces: undefined, force: false })
    if (number >= 2) ledger.apply({ op: 'save', ...of, vector, frees: false })
  }
  let positions = ledger.queues.positions
  for (const cursor of ledger.cursors) positions += cursor.vector?.size ?? 0
  assert.equal(positions, positionsMax)
})

const node = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/).map((value) => value as NodeId)
const origin = fc
  .tuple(node, fc.integer({ min: 1, max: 2 ** 53 - 1 }))
  .map(([id, boot]) => toOrigin(id, boot as Boot))
const holder = fc.tuple(origin, fc.nat()).map(([each, number]) => `${each}/${number}`)
const names = { stream: fc.constantFrom('orders', 'a'), name: fc.constantFrom('billing', 'b') }
const vector = fc.array(fc.tuple(origin, fc.nat()), { maxLength: 4 }).map((pairs) => new Map(pairs))
const command: fc.Arbitrary<NameCommand> = fc.oneof(
  fc.record(
    {
      ...{ op: fc.constant('take' as const), ...names, holder, force: fc.boolean() },
      replaces: fc.oneof(holder, fc.constant(undefined)),
    },
    plain,
  ),
  fc.record({ op: fc.constant('save' as const), ...names, holder, vector, frees: fc.boolean() }, plain),
  fc.record({ op: fc.constant('forget' as const), ...names }, plain),
  fc.record({ op: fc.constant('gone' as const), origin }, plain),
)

test('a command reads back as it was written', () => {
  fc.assert(
    fc.property(command, (each) => {
      assert.deepEqual(decodeNameCommand(encodeNameCommand(each)), each)
    }),
    { seed, numRuns: 500 },
  )
})

test('what is no command says nothing', () => {
  const hostile = { toString: 1 }
  for (const value of [
    null,
    [],
    { op: 'take' },
    { ...take(a1), holder: 'A#1' },
    { ...take(a1), holder: 'A/1' },
    { ...take(a1), replaces: 7 },
    { ...take(a1), force: 1 },
    { ...take(a1), stream: hostile },
    { ...save(a1, {}), vector: [['A', 1]] },
    { ...save(a1, {}), vector: [], frees: 'no' },
    { op: 'gone', origin: 'A' },
    { op: 'forget', stream: 'orders' },
    { op: 'other', ...key },
  ])
    assert.equal(decodeNameCommand(toTextBytes(JSON.stringify(value))), undefined, JSON.stringify(value))
  assert.equal(decodeNameCommand(new Uint8Array([255, 254])), undefined)
})

/** A ledger that some commands have led to. */
const ledger = fc.array(command, { maxLength: 20 }).map((commands) => {
  const made = new NameLedger()
  for (const each of commands) made.apply(each)
  return made
})

test('a ledger reads back as it was written, and goes on alike', () => {
  fc.assert(
    fc.property(ledger, fc.array(command, { maxLength: 5 }), (each, commands) => {
      const read = NameLedger.decode(each.encode())
      assert.deepEqual([...read.cursors], [...each.cursors])
      for (const next of commands) assert.equal(read.apply(next), each.apply(next))
      assert.deepEqual(read.encode(), each.encode())
    }),
    { seed, numRuns: 500 },
  )
})

function tryDecode(bytes: Uint8Array): NameLedger | undefined {
  try {
    return NameLedger.decode(bytes)
  } catch (error) {
    assert.ok(error instanceof LedgerDamaged, String(error))
    return undefined
  }
}

test('what is damaged is told as that and as nothing else', () => {
  fc.assert(
    fc.property(ledger, damage, (each, how) => {
      const read = tryDecode(damaged(each.encode(), how))
      if (read !== undefined) assert.deepEqual(NameLedger.decode(read.encode()), read)
    }),
    { seed, numRuns: 1000 },
  )
  fc.assert(
    fc.property(ledger, (each) => {
      for (const beginning of beginnings(each.encode()))
        if (beginning.length > 0) assert.equal(tryDecode(beginning), undefined)
    }),
    { seed, numRuns: 5 },
  )
  assert.deepEqual([...NameLedger.decode(new Uint8Array(0)).cursors], [])
})
