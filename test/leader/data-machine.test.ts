// The machine of a data group: committed entries become places, messages and a ledger; and what is dropped becomes a floor.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { emptyConfiguration } from '../../node/core/raft/configuration.ts'
import { GroupLog } from '../../node/groups/group-log.ts'
import { type Command, encodeCommand } from '../../node/leader/command.ts'
import { Ledger } from '../../node/leader/ledger.ts'
import type { Numbering } from '../../node/leader/numbering.ts'
import { batchPlace } from '../../node/wire/batch-header.ts'
import { type BatchFields, batchOf, orders, ordersId } from './leader-batches.ts'
import { MachineHost } from './machine-host.ts'

const definition = { ...orders, retention: { bytes: 1_000_000, ageMs: 1000 } }
const begin: Command = { op: 'begin', epoch: 1, definition, fence: new Map() }
const origin: Command = { op: 'origin', node: 'A' as NodeId, boot: 1 as Boot }
const batch = (fields: BatchFields): Command => ({ op: 'batch', frame: batchOf(fields) })

test('batches get their places in the order of the log, and subscribers hear once a round', () => {
  const host = new MachineHost()
  host.apply(
    1,
    undefined,
    begin,
    origin,
    batch({ from: 1, texts: ['a', 'b'], offset: 1 }),
    batch({ from: 3, offset: 3 }),
  )
  assert.deepEqual(host.take(), ['epoch 1', '1 at 1', '3 at 3', 'orders has 3', 'leader'])
  assert.equal(host.machine.ledger.streams.get(ordersId)?.last, 3)
})

test('what does not follow is told to nobody', () => {
  const host = new MachineHost()
  host.apply(1, begin, origin)
  host.take()
  host.apply(
    1,
    ...[
      batch({ from: 2, offset: 1 }),
      batch({ from: 1, offset: 2 }),
      batch({ from: 1, offset: 1, epoch: 2 }),
      batch({ boot: 9, from: 1, offset: 1 }),
    ],
  )
  assert.deepEqual(host.take(), [])
  assert.equal(host.streams.replicas.get(ordersId)?.messages, 0)
})

test('a later term is told once it is applied: its leader takes what is sent then', () => {
  const host = new MachineHost()
  host.apply(1, undefined)
  host.apply(1, undefined)
  assert.deepEqual([host.take(), host.machine.term], [['leader'], 1])
  host.apply(3, undefined)
  assert.deepEqual([host.take(), host.machine.term], [['leader'], 3])
})

const numberingOf = ({ machine }: MachineHost): Numbering | undefined => machine.numbering

test('a leader numbers only when it may, behind what is applied, and stops when it does not lead any more', () => {
  const host = new MachineHost()
  const status = {} as never
  host.apply(1, begin, origin, batch({ from: 1, offset: 1 }))
  host.machine.onLeadership(status, false)
  assert.equal(numberingOf(host), undefined)
  host.machine.onLeadership(status, true)
  host.take()
  const frame = batchOf({ from: 2 })
  numberingOf(host)?.submit('A' as NodeId, frame, definition)
  const time = encodeCommand({ op: 'time', at: host.now })
  const proposed = [`proposes ${time.length} bytes`, `proposes ${frame.length} bytes`]
  assert.deepEqual([host.take(), batchPlace(frame)], [proposed, 2])
  // The time is told again when a second has passed, and not before.
  const next = batchOf({ from: 3 })
  host.now += 999
  numberingOf(host)?.submit('A' as NodeId, next, definition)
  assert.deepEqual(host.take(), [`proposes ${next.length} bytes`])
  host.now += 1
  numberingOf(host)?.submit('A' as NodeId, batchOf({ from: 4 }), definition)
  assert.deepEqual(host.take(), proposed)
  host.machine.onLeadership(status, false)
  assert.equal(host.machine.numbering, undefined)
})

test('while nothing is dropped there is no floor', () => {
  const host = new MachineHost()
  host.apply(1, undefined, begin, origin)
  assert.equal(host.floor(), undefined)
  host.apply(1, batch({ from: 1, offset: 1 }))
  assert.equal(host.floor(), undefined)
})

test('the floor is in front of the first batch that is still held, with the ledger as it was there', () => {
  const host = new MachineHost()
  host.apply(1, undefined, begin, origin, batch({ from: 1, texts: ['a', 'b'], offset: 1 }))
  host.pass(500)
  host.apply(1, undefined, batch({ from: 3, offset: 3 }))
  host.pass(600)
  const { index, ledger } = host.floor() ?? assert.fail('there is a floor')
  assert.equal(index, 5)
  const stream = ledger.streams.get(ordersId)
  assert.deepEqual([stream?.last, [...(stream?.sequences ?? [])]], [2, [[1, 2]]])
  assert.equal(host.floor(), undefined)
  host.pass(600)
  assert.deepEqual(host.floor()?.index, 6)
  assert.equal(host.machine.ledger.streams.get(ordersId)?.last, 3)
})

test('a batch of a stream that was removed is kept for nobody', () => {
  const host = new MachineHost()
  host.apply(1, begin, origin, batch({ from: 1, offset: 1 }))
  host.streams.undefine(ordersId)
  assert.equal(host.floor()?.index, 3)
})

test('no floor is behind what is applied', () => {
  const host = new MachineHost()
  host.apply(1, begin, origin, batch({ from: 1, offset: 1 }), batch({ from: 2, offset: 2 }))
  host.pass(2000)
  assert.equal(host.machine.floorAt(3)?.index, 3)
})

test('a machine goes on from a floor as if it had applied everything before it', () => {
  const first = new MachineHost()
  first.apply(2, begin, origin, batch({ from: 1, texts: ['a', 'b'], offset: 1 }))
  first.pass(2000)
  const floor = first.machine.floorAt(3) ?? assert.fail('there is a floor')
  const log = new GroupLog({ index: 3, term: 2, configuration: emptyConfiguration, data: floor.state })
  const host = new MachineHost(log)
  assert.equal(host.machine.term, 2)
  host.take()
  host.apply(2, batch({ from: 1, texts: ['a', 'b'], offset: 1 }), batch({ from: 3, offset: 3 }))
  assert.deepEqual(host.take(), ['3 at 3', 'orders has 1'])
})

test('what was in the log when the node started counts from when it had its place at the latest, and what comes from now', () => {
  const before = new MachineHost()
  const time: Command = { op: 'time', at: before.now - 1900 }
  before.apply(1, begin, origin, time, batch({ from: 1, offset: 1 }))
  const host = new MachineHost(before.log)
  host.machine.apply(before.log.entries(1, 4, Number.MAX_SAFE_INTEGER))
  host.apply(1, batch({ from: 2, offset: 2 }))
  assert.equal(host.streams.replicas.get(ordersId)?.messages, 2)
  host.pass(500)
  assert.equal(host.streams.replicas.get(ordersId)?.messages, 1)
  host.pass(500)
  assert.equal(host.streams.replicas.get(ordersId)?.messages, 0)
})

test('what was in a log without a time counts from the start of the node, whatever its publisher said', () => {
  const before = new MachineHost()
  before.apply(1, begin, origin, batch({ from: 1, offset: 1, time: 1 }))
  const host = new MachineHost(before.log)
  host.machine.apply(before.log.entries(1, 3, Number.MAX_SAFE_INTEGER))
  host.pass(999)
  assert.equal(host.streams.replicas.get(ordersId)?.messages, 1)
  host.pass(1)
  assert.equal(host.streams.replicas.get(ordersId)?.messages, 0)
})

test('a snapshot that came later takes the place of the state, and its leader is told', () => {
  const host = new MachineHost()
  host.apply(1, begin, origin, batch({ from: 1, offset: 1 }))
  const ledger = Ledger.decode(host.machine.ledger.encode())
  for (let from = 2; from < 9; from++) ledger.apply(batch({ from, offset: from }))
  host.take()
  const snapshot = { index: 20, term: 4, configuration: emptyConfiguration, data: ledger.encode() }
  host.log.restore(snapshot)
  host.machine.restore(snapshot)
  assert.deepEqual(
    host.take().filter((event) => event === 'leader'),
    ['leader'],
  )
  assert.equal(host.machine.term, 4)
  host.apply(4, batch({ from: 9, offset: 9 }))
  assert.deepEqual(host.take().slice(0, 1), ['9 at 9'])
})

test('a read is done when what it must see is applied', () => {
  const host = new MachineHost()
  let isDone = false
  host.reads.ask(() => {
    isDone = true
  })
  host.machine.onRead(2 ** 32, 2)
  host.apply(1, undefined)
  assert.equal(isDone, false)
  host.apply(1, undefined)
  assert.ok(isDone)
})

test('entries that say nothing, or nothing that can be understood, are passed over', () => {
  const host = new MachineHost()
  const junk = Buffer.from('{"op":"later"}')
  const entries = [{ term: 1, index: 1, data: junk }]
  host.log.append(entries)
  host.machine.apply(entries)
  assert.deepEqual(host.take(), ['leader'])
  host.apply(1, begin, origin, batch({ from: 1, offset: 1 }))
  host.pass(2000)
  assert.equal(host.floor()?.index, 4)
})
