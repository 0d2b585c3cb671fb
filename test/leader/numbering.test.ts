// The leader gives places: each batch once, in the order of its origin, behind everything that is proposed already.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import type { Command } from '../../node/leader/command.ts'
import { Ledger } from '../../node/leader/ledger.ts'
import { Numbering } from '../../node/leader/numbering.ts'
import { batchEpoch, batchPlace, batchSequence } from '../../node/wire/batch-header.ts'
import { encodeGap } from '../../node/wire/gap-batch.ts'
import { type BatchFields, batchOf, orders, ordersId } from './leader-batches.ts'

const A = 'A' as NodeId
const B = 'B' as NodeId
const gapOfA = { stream: ordersId, boot: 1 as Boot } as const
const gossip: StreamDefinition = { ...orders, mode: 'gossip' }

interface Leader {
  readonly ledger: Ledger
  readonly numbering: Numbering
  /** What was proposed, as text. */
  readonly said: string[]
  readonly commands: Command[]
  readonly submit: (node: NodeId, fields: BatchFields, definition?: StreamDefinition) => void
}

function leader(ledger: Ledger = new Ledger()): Leader {
  const said: string[] = []
  const commands: Command[] = []
  const numbering = new Numbering(ledger, (command) => {
    commands.push(command)
    said.push(textOf(command))
  })
  const submit: Leader['submit'] = (node, fields, definition = orders) =>
    numbering.submit(node, batchOf(fields), definition)
  return { ledger, numbering, said, commands, submit }
}

function textOf(command: Command): string {
  if (command.op === 'origin') return `origin ${command.node} ${command.boot}`
  if (command.op === 'time') return `time ${command.at}`
  if (command.op !== 'batch') return `${command.op} ${command.definition.name} ${command.epoch}`
  const { frame } = command
  return `${batchSequence(frame)} at ${batchEpoch(frame)}/${batchPlace(frame)}`
}

test('the first batch of a stream begins its first epoch, and introduces its origin', () => {
  const { submit, said, commands, ledger } = leader()
  submit(A, { boot: 1, from: 1, texts: ['a', 'b'] })
  submit(A, { boot: 1, from: 3 })
  submit(B, { boot: 2, from: 1 })
  assert.deepEqual(said, ['begin orders 1', 'origin A 1', '1 at 1/1', '3 at 1/3', 'origin B 2', '1 at 1/4'])
  for (const command of commands) assert.ok(ledger.apply(command))
})

test('copies, and what lacks something before it, get no place', () => {
  const { submit, said } = leader()
  submit(A, { from: 1, texts: ['a', 'b'] })
  said.length = 0
  submit(A, { from: 1, texts: ['a', 'b'] })
  submit(A, { from: 2 })
  submit(A, { from: 4 })
  assert.deepEqual(said, [])
  submit(A, { from: 3 })
  submit(A, { from: 4 })
  assert.deepEqual(said, ['3 at 1/3', '4 at 1/4'])
})

test('a new leader goes on behind what the ledger says, and introduces nobody twice', () => {
  const first = leader()
  first.submit(A, { from: 1, texts: ['a', 'b'] })
  for (const command of first.commands) first.ledger.apply(command)
  const { submit, said } = leader(first.ledger)
  submit(A, { from: 1, texts: ['a', 'b'] })
  submit(A, { from: 3 })
  assert.deepEqual(said, ['3 at 1/3'])
})

test('a stream in gossip mode, and one of which nobody here knows, gives no places', () => {
  const { submit, said, ledger, numbering } = leader()
  submit(A, { from: 1 }, gossip)
  numbering.submit(A, batchOf({ from: 1 }), undefined)
  assert.deepEqual(said, [])
  assert.ok(ledger.apply({ op: 'seal', epoch: 0, definition: gossip }))
  submit(A, { from: 1 })
  assert.deepEqual(said, [])
})

test('an epoch that is to end gives no more places, and the next one goes on behind it', () => {
  const { submit, said, commands, ledger, numbering } = leader()
  submit(A, { from: 1, texts: ['a', 'b'] })
  for (const command of commands) ledger.apply(command)
  numbering.close(ordersId, orders)
  said.length = 0
  submit(A, { from: 3 })
  assert.deepEqual(said, [])
  assert.ok(ledger.apply({ op: 'begin', epoch: 2, definition: gossip, fence: new Map() }))
  numbering.onBegin(ordersId, 2)
  submit(A, { from: 3 })
  assert.deepEqual(said, [])
  assert.ok(ledger.apply({ op: 'seal', epoch: 2, definition: gossip }))
  assert.ok(
    ledger.apply({ op: 'begin', epoch: 3, definition: orders, fence: new Map([['A#1' as never, 7]]) }),
  )
  numbering.onBegin(ordersId, 3)
  submit(A, { from: 3 })
  submit(A, { from: 8 })
  assert.deepEqual(said, ['8 at 3/3'])
})

test('what was numbered before the epoch of a new stream had begun is not numbered again when it has', () => {
  const { submit, said, numbering, ledger, commands } = leader()
  submit(A, { from: 1 })
  assert.ok(ledger.apply(commands[0] as Command))
  numbering.onBegin(ordersId, 1)
  submit(A, { from: 1 })
  submit(A, { from: 2 })
  assert.deepEqual(said.slice(-2), ['1 at 1/1', '2 at 1/2'])
  assert.equal(ledger.nodes.has(1 as Boot), false)
})

test('of a gap the numbers pass by, without places, as far as nobody else has brought what they had', () => {
  const { said, commands, ledger, numbering, submit } = leader()
  submit(A, { from: 1, texts: ['a', 'b'] })
  const [gap = new Uint8Array(0)] = encodeGap({ ...gapOfA, from: 1, to: 4 })
  numbering.submit(A, gap, orders)
  submit(A, { from: 5 })
  assert.deepEqual(said.slice(2), ['1 at 1/1', '3 at 1/0', '5 at 1/3'])
  for (const command of commands) assert.ok(ledger.apply(command))
  const { last, sequences } = ledger.streams.get(ordersId) ?? {}
  assert.deepEqual([last, sequences?.get(1 as Boot)], [3, 5])
})

test('a batch of which somebody has brought the beginning goes on behind that', () => {
  const { said, submit, numbering } = leader()
  const [gap = new Uint8Array(0)] = encodeGap({ ...gapOfA, from: 1, to: 4 })
  numbering.submit(A, gap, orders)
  submit(A, { from: 3, texts: ['c', 'd', 'e', 'f'] })
  submit(A, { from: 7 })
  assert.deepEqual(said.slice(2), ['1 at 1/0', '5 at 1/1', '7 at 1/3'])
})
