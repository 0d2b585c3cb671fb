// What a quiet stream retains does not keep, in the log that it shares, what a loud one has dropped.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Boot, type NodeId, type StreamId, toStreamId } from '../../node/core/common/ids.ts'
import { emptyConfiguration } from '../../node/core/raft/configuration.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import { LogFeed } from '../../node/core/stream/log-feed.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import { EntryMemory } from '../../node/groups/entry-memory.ts'
import { GroupLog } from '../../node/groups/group-log.ts'
import type { Floor } from '../../node/groups/machine.ts'
import type { Command } from '../../node/leader/command.ts'
import { leaderLimits } from '../../node/leader/limits.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'
import { type BatchFields, batchOf, orders, textsOf } from './leader-batches.ts'
import { MachineHost } from './machine-host.ts'

const limits = { ...leaderLimits, droppedBytesMax: 100_000, keptBytesMax: 50_000 }
const quiet: StreamDefinition = {
  ...orders,
  name: 'quiet',
  topics: ['quiet.>'],
  retention: { bytes: 100_000, ageMs: 600_000 },
}
const loud: StreamDefinition = {
  ...orders,
  name: 'loud',
  topics: ['loud.>'],
  retention: { bytes: 65_536, ageMs: 600_000 },
}
const brief: StreamDefinition = {
  ...quiet,
  name: 'brief',
  topics: ['brief.>'],
  retention: { bytes: 100_000, ageMs: 300_000 },
}
const quietId = toStreamId('quiet')
const briefId = toStreamId('brief')
const loudId = toStreamId('loud')

function beginOf(definition: StreamDefinition, epoch = 1): Command {
  return { op: 'begin', epoch, definition, fence: new Map(), at: 1 }
}

/** Two streams of one group, and how far each is. */
class TwoStreams {
  readonly host: MachineHost
  readonly #last = new Map<StreamId, number>()

  constructor(log?: GroupLog) {
    this.host = new MachineHost(log, limits)
  }

  begin(): this {
    this.host.apply(1, beginOf(quiet), beginOf(brief), beginOf(loud), {
      op: 'origin',
      node: 'A' as NodeId,
      boot: 1 as Boot,
    })
    return this
  }

  publish(stream: StreamId, text: string, fields: Partial<BatchFields> = {}): this {
    const from = (this.#last.get(stream) ?? 0) + 1
    this.#last.set(stream, from)
    this.host.apply(1, {
      op: 'batch',
      frame: batchOf({ stream, from, offset: from, texts: [text], ...fields }),
    })
    return this
  }

  /** So many batches of the loud stream, each a second later; the log is compacted as a node does it. */
  flood(count: number, bytes = 4000): this {
    for (let nth = 0; nth < count; nth++) {
      this.host.now += 1000
      this.publish(loudId, 'x'.repeat(bytes))
      this.host.streams.onSecond()
      this.compact()
    }
    return this
  }

  compact(): Floor | undefined {
    const { machine, log } = this.host
    const floor = machine.floorAt(log.lastIndex)
    if (floor === undefined) return undefined
    const { index, state: data, kept } = floor
    const term = log.termAt(index) ?? assert.fail('a floor is in the log')
    log.compact({ index, term, configuration: emptyConfiguration, data, kept })
    log.letGoOfDropped()
    return floor
  }

  /** Another member that has nothing, and gets the floor. */
  joining(): TwoStreams {
    const slabs = new CountedSlabs(smallWipedSlabs)
    const { log } = this.host
    const joining = new GroupLog({ ...log.floor, index: 0, term: 0, kept: [] }, new EntryMemory(slabs))
    joining.restore(log.floor)
    return new TwoStreams(joining)
  }

  texts(stream: StreamId): string[] {
    return readAll(this.host.streams.replicas.get(stream) ?? assert.fail('there is a replica'))
  }
}

function readAll(replica: Replica): string[] {
  const feed = new LogFeed(replica, { kind: 'after', vector: new Map(), others: 'zero' })
  const read: string[] = []
  for (let item = feed.next(); item !== undefined; item = feed.next())
    if (item.kind === 'gap') read.push(`gap ${item.from}-${item.to}`)
    else read.push(...textsOf(item.entry.frame ?? assert.fail('it is held')))
  return read
}

test('the log of a group stays within its bound while one of its streams retains an old message', () => {
  const streams = new TwoStreams().begin().publish(quietId, 'first')
  let most = 0
  for (let nth = 0; nth < 300; nth++) {
    streams.flood(1)
    const { log, slabs } = streams.host
    most = Math.max(most, log.dataBytes + 128 * log.count, slabs.bytesOut)
  }
  // What is retained, half of it once more, the bound on what is dropped, and what slabs round up to.
  const bound = 1.5 * (65_536 + 500) + limits.droppedBytesMax + 16_384
  assert.ok(most > limits.droppedBytesMax && most < bound, `${most} bytes`)
  assert.deepEqual(streams.texts(quietId), ['first'])
})

test('what a floor keeps is there for who begins with it, and goes on like everywhere', () => {
  const streams = new TwoStreams().begin().publish(quietId, 'a').publish(quietId, 'b').flood(100)
  assert.equal(streams.host.log.floor.kept?.length, 2)
  const joining = streams.joining()
  assert.deepEqual(joining.texts(quietId), ['a', 'b'])
  for (const each of [streams, joining]) each.publish(quietId, 'c', { from: 3, offset: 3 })
  assert.deepEqual(joining.texts(quietId), ['a', 'b', 'c'])
  const ledgers = [streams, joining].map(({ host }) => host.machine.ledger.streams.get(quietId)?.last)
  assert.deepEqual(ledgers, [3, 3])
})

test('a floor stays in front of where an epoch ends of which it keeps something, and goes on when that is dropped', () => {
  const streams = new TwoStreams().begin().publish(quietId, 'a').flood(40)
  const { host } = streams
  host.apply(1, beginOf(quiet, 2))
  const begins = host.log.lastIndex
  streams.publish(quietId, 'b', { epoch: 2 }).flood(100)
  assert.equal(host.log.floor.kept?.length, 1)
  assert.equal(host.log.floor.index, begins - 1)
  host.now += quiet.retention.ageMs
  host.streams.onSecond()
  streams.compact()
  assert.ok(host.log.floor.index > begins, `${host.log.floor.index} is behind ${begins}`)
})

test('a member that has a part of what a floor keeps takes the rest, and what it lacks before that is a gap', () => {
  const streams = new TwoStreams().begin()
  const behind = new TwoStreams().begin()
  for (const each of [streams, behind]) each.publish(quietId, 'a').publish(quietId, 'b')
  streams.publish(quietId, 'c').flood(100)
  const { log } = streams.host
  behind.host.log.restore(log.floor)
  behind.host.machine.restore(behind.host.log.floor)
  assert.deepEqual(behind.texts(quietId), ['a', 'b', 'c'])
  assert.match(behind.texts(loudId)[0] ?? '', /^gap 1-\d+$/)
})

test('what a floor keeps leaves it when retention drops it, and its memory with it', () => {
  const streams = new TwoStreams().begin().publish(quietId, 'a'.repeat(1000)).flood(60)
  const kept = (): number => streams.host.log.floor.kept?.length ?? 0
  assert.equal(kept(), 1)
  streams.host.now += 600_000
  streams.host.streams.onSecond()
  streams.compact()
  assert.equal(kept(), 0)
  assert.deepEqual(streams.texts(quietId), ['gap 1-1'])
  assert.ok(streams.host.slabs.bytesOut <= 4096, `${streams.host.slabs.bytesOut} bytes`)
})

test('what a floor keeps counts from when it had its place, also behind a restart', () => {
  const streams = new TwoStreams().begin()
  streams.host.apply(1, { op: 'time', at: 5000 })
  streams.publish(quietId, 'a').flood(100)
  const { host } = streams.joining()
  const replica = host.streams.replicas.get(quietId) ?? assert.fail('there is a replica')
  // It had its place at 5,000 or up to a second later.
  host.now = 6000 + quiet.retention.ageMs - 1
  host.streams.onSecond()
  assert.equal(replica.messages, 1)
  host.now++
  host.streams.onSecond()
  assert.equal(replica.messages, 0)
})

test('a floor passes no more than it may keep, and none that would free less than half of what it writes', () => {
  const streams = new TwoStreams().begin()
  for (let nth = 0; nth < 10; nth++) streams.publish(quietId, 'q'.repeat(4000))
  let floors = 0
  let [written, flooded] = [0, 0]
  for (let nth = 0; nth < 200; nth++) {
    const floor = streams.flood(0).publish(loudId, 'x'.repeat(4000)).compact()
    flooded += 4000
    floors += floor === undefined ? 0 : 1
    for (const { data } of floor?.kept ?? []) written += data.length
  }
  const weight = (streams.host.log.floor.kept ?? []).reduce((sum, { data }) => sum + data.length + 128, 0)
  assert.ok(floors > 0 && weight > 0 && weight <= limits.keptBytesMax, `${floors} floors, ${weight} bytes`)
  assert.ok(written <= 2.5 * flooded, `${written} bytes written for ${flooded}`)
})

test('a stream that was removed is kept by no floor', () => {
  const streams = new TwoStreams().begin().publish(quietId, 'a').flood(60)
  assert.equal(streams.host.log.floor.kept?.length, 1)
  streams.host.streams.undefine(quietId)
  streams.compact()
  assert.equal(streams.host.log.floor.kept?.length, 0)
})

test('a floor keeps no more than it may: the log has the rest', () => {
  const streams = new TwoStreams().begin()
  for (let nth = 0; nth < 20; nth++) streams.publish(quietId, 'q'.repeat(4000))
  for (let nth = 0; nth < 100; nth++) {
    const weight = (streams.flood(1).host.log.floor.kept ?? []).reduce(
      (sum, { data }) => sum + data.length,
      0,
    )
    assert.ok(weight <= limits.keptBytesMax, `${weight} bytes`)
  }
  assert.equal(streams.texts(quietId).length, 20)
})

test('old messages of a quiet stream hold no slabs of a loud one', () => {
  const streams = new TwoStreams().begin()
  for (let nth = 0; nth < 120; nth++) streams.publish(quietId, 'q').flood(10, 800)
  const bytesMax = 1.5 * (65_536 + 120 * 256) + limits.droppedBytesMax + 32_768
  const { bytesOut } = streams.host.slabs
  assert.ok(bytesOut < bytesMax, `${bytesOut} bytes, ${bytesMax} are enough`)
})

test('what is dropped of the kept is known, whatever older streams still retain', () => {
  const streams = new TwoStreams().begin().publish(quietId, 'a')
  for (let nth = 0; nth < 8; nth++) streams.publish(briefId, 'b'.repeat(4000))
  streams.flood(60)
  const kept = (): number => streams.host.log.floor.kept?.length ?? 0
  assert.equal(kept(), 9)
  streams.host.now += brief.retention.ageMs
  streams.host.streams.onSecond()
  streams.compact()
  assert.equal(kept(), 1)
})

test('a batch that means nothing is kept by no floor', () => {
  const streams = new TwoStreams().begin().publish(quietId, 'a')
  streams.publish(quietId, 'again', { from: 1, offset: 2 })
  streams.flood(60)
  assert.equal(streams.host.log.floor.kept?.length, 1)
})
