// Logs put together again from the records of a node: the same as they were, whatever happened and however often.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyConfiguration } from '../../node/core/raft/configuration.ts'
import type { LogEntry, Snapshot } from '../../node/core/raft/entry.ts'
import { EntryMemory } from '../../node/groups/entry-memory.ts'
import { GroupLog } from '../../node/groups/group-log.ts'
import { emptyFloor, GroupRecovery } from '../../node/groups/recovery.ts'
import { decodeRecords, encodeRecord, type LogRecord } from '../../node/wire/log-records.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'

const configuration = { ...emptyConfiguration, voters: [1, 2, 3] }
const hardState = { term: 4, vote: 2, commit: 3 }

const floorAt = (index: number, term: number): Snapshot => ({
  ...{ index, term, configuration },
  data: Buffer.from(`state of ${index}`),
})
const floor = (group: number, index: number, term: number): LogRecord => {
  return { kind: 'floor', group, snapshot: floorAt(index, term) }
}
const snapshot = (group: number, index: number, term: number): LogRecord => {
  return { kind: 'snapshot', group, snapshot: floorAt(index, term) }
}
const entries = (group: number, first: number, ...terms: readonly number[]): LogRecord => {
  const list = terms.map((term, nth): LogEntry => {
    return { term, index: first + nth, data: Buffer.from(`${group}: ${term}/${first + nth}`) }
  })
  return { kind: 'entries', group, entries: list }
}

/** A log as it is: its floor, the texts of its entries, and its hard state. */
function stateOf(log: GroupLog | undefined): unknown {
  assert.ok(log)
  const { firstIndex, lastIndex } = log
  const list = firstIndex > lastIndex ? [] : log.entries(firstIndex, lastIndex, Number.MAX_SAFE_INTEGER)
  const texts = list.map(({ data }) => Buffer.from(data).toString())
  const { index, term, data, kept = [] } = log.floor
  const floor = [
    index,
    term,
    Buffer.from(data).toString(),
    ...kept.map((each) => Buffer.from(each.data).toString()),
  ]
  return { floor, texts, hardState: log.hardState }
}

/** Recovers from records, each in a write of its own, as they come from the disk. */
function recover(...records: readonly LogRecord[]): GroupRecovery {
  const recovery = new GroupRecovery()
  for (const record of records)
    recovery.onRecords(decodeRecords(new Uint8Array(Buffer.concat(encodeRecord(record)))) ?? [], 1)
  return recovery
}

test('a group begins with the floor that says who is in it', () => {
  const log = recover(floor(1, 0, 0)).logs.get(1)
  assert.deepEqual(log?.initialState().configuration, configuration)
  assert.deepEqual([log?.firstIndex, log?.lastIndex], [1, 0])
  assert.deepEqual(emptyFloor.configuration, emptyConfiguration)
})

test('entries stand in place of what was from their first index on', () => {
  const recovery = recover(floor(1, 0, 0), entries(1, 1, 1, 1, 1), entries(1, 2, 2), entries(1, 3, 2, 2))
  assert.deepEqual(stateOf(recovery.logs.get(1)), {
    floor: [0, 0, 'state of 0'],
    texts: ['1: 1/1', '1: 2/2', '1: 2/3', '1: 2/4'],
    hardState: { term: 0, vote: 0, commit: 0 },
  })
})

test('the last hard state counts, wherever it stands', () => {
  const first = { ...hardState, term: 1 }
  const recovery = recover(
    { kind: 'hard-state', group: 1, hardState: first },
    floor(1, 0, 0),
    entries(1, 1, 1),
    { kind: 'hard-state', group: 1, hardState },
    floor(1, 1, 1),
  )
  assert.deepEqual(stateOf(recovery.logs.get(1)), { floor: [1, 1, 'state of 1'], texts: [], hardState })
})

test('a floor that the log has the entry of leaves what is behind it', () => {
  const recovery = recover(
    floor(1, 0, 0),
    entries(1, 1, 1, 1, 2),
    floor(1, 2, 1),
    floor(1, 2, 1),
    entries(1, 4, 2),
  )
  assert.deepEqual(stateOf(recovery.logs.get(1)), {
    floor: [2, 1, 'state of 2'],
    texts: ['1: 2/3', '1: 2/4'],
    hardState: { term: 0, vote: 0, commit: 0 },
  })
})

test('a snapshot, wherever it is, takes the place of everything', () => {
  for (const record of [snapshot(1, 2, 3), snapshot(1, 9, 3)]) {
    const recovery = recover(floor(1, 0, 0), entries(1, 1, 1, 1, 1), record)
    const log = recovery.logs.get(1)
    assert.deepEqual([log?.firstIndex, log?.lastIndex], [(log?.floor.index ?? 0) + 1, log?.floor.index])
    assert.equal(log?.floor.term, 3)
  }
})

test('a snapshot for a group that the node has never been in is its beginning', () => {
  const recovery = recover(snapshot(7, 40, 6), entries(7, 41, 6))
  assert.deepEqual(stateOf(recovery.logs.get(7)), {
    floor: [40, 6, 'state of 40'],
    texts: ['7: 6/41'],
    hardState: { term: 0, vote: 0, commit: 0 },
  })
})

test('records of several groups in one write are told apart', () => {
  const recovery = new GroupRecovery()
  recovery.onRecords([entries(1, 1, 1), entries(2, 1, 5), entries(1, 2, 2), floor(2, 1, 5)], 1)
  assert.deepEqual([...recovery.logs.keys()], [1, 2])
  assert.deepEqual(
    [recovery.logs.get(1)?.lastIndex, recovery.logs.get(1)?.termAt(2), recovery.logs.get(2)?.firstIndex],
    [2, 2, 2],
  )
})

/** What a group may do to its log, in ranges that are cut to what is possible then. */
const step = fc.record({
  group: fc.constantFrom(1, 2),
  kind: fc.constantFrom('append', 'replace', 'compact', 'restore', 'state'),
  count: fc.integer({ min: 1, max: 20 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
})

/** The same floor, that keeps some of what it passes. */
function keeping(record: LogRecord, log: GroupLog, nth: number): LogRecord {
  if (record.kind !== 'floor') return record
  const { index } = record.snapshot
  const passed = index < log.firstIndex ? [] : log.entries(log.firstIndex, index, Number.MAX_SAFE_INTEGER)
  const kept = [...(log.floor.kept ?? []), ...passed].filter((_, at) => at % nth === 0)
  return { ...record, snapshot: { ...record.snapshot, kept } }
}

/** The record that a step makes of a log, which it changes as a running group does. */
function recordOf(
  log: GroupLog,
  each: typeof step extends fc.Arbitrary<infer Step> ? Step : never,
): LogRecord {
  const { group, kind, count, share } = each
  const term = (log.termAt(log.lastIndex) ?? 0) + (kind === 'append' ? 0 : 1)
  const place = log.firstIndex + Math.floor(share * (log.lastIndex - log.firstIndex + 1))
  let record: LogRecord
  if (kind === 'state')
    record = { kind: 'hard-state', group, hardState: { term, vote: count, commit: place } }
  else if (kind === 'restore') record = snapshot(group, log.lastIndex + count, term)
  else if (kind === 'compact')
    record = keeping(floor(group, place - 1, log.termAt(place - 1) ?? -1), log, count)
  else
    record = entries(group, kind === 'append' ? log.lastIndex + 1 : place, ...Array<number>(count).fill(term))
  if (record.kind === 'hard-state') log.hardState = record.hardState
  else if (record.kind === 'entries') log.append(record.entries.map((entry) => ({ ...entry })))
  else if (kind === 'compact' && record.kind === 'floor') log.compact(record.snapshot)
  else if (record.kind === 'snapshot') log.restore(record.snapshot)
  return record
}

test('what is needed of random histories is enough to recover them, whatever older files were removed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const running = new Map([1, 2].map((group) => [group, new GroupLog(floorAt(0, 0))]))
      const written: LogRecord[] = []
      const write = (record: LogRecord): void => {
        written.push(record)
        running.get(record.group)?.onWritten(record, written.length)
      }
      for (const group of running.keys()) write(snapshot(group, 0, 0))
      for (const each of steps) write(recordOf(running.get(each.group) as GroupLog, each))
      const needed = Math.min(...[...running.values()].map(({ oldestWrite }) => oldestWrite))
      for (let from = 1; from <= needed; from++) {
        const recovery = recover(...written.slice(from - 1))
        assert.deepEqual(recovery.incomplete, [])
        for (const [group, log] of running) assert.deepEqual(stateOf(recovery.logs.get(group)), stateOf(log))
      }
    }),
    { seed: 20261129, numRuns: 1000 },
  )
})

test('random histories of two groups are recovered as they were, and memory of what was replaced is let go', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const running = new Map([1, 2].map((group) => [group, new GroupLog(floorAt(0, 0))]))
      const slabs = new CountedSlabs(smallWipedSlabs)
      const recovery = new GroupRecovery(() => new EntryMemory(slabs))
      for (const group of running.keys()) recovery.onRecords([floor(group, 0, 0)], 1)
      for (const each of steps) recovery.onRecords([recordOf(running.get(each.group) as GroupLog, each)], 1)
      for (const [group, log] of running) assert.deepEqual(stateOf(recovery.logs.get(group)), stateOf(log))
      for (const log of recovery.logs.values()) log.restore(floorAt(log.lastIndex, 1))
      for (const log of recovery.logs.values()) log.letGoOfReplaced()
      assert.equal(slabs.bytesOut, 0)
    }),
    { seed: 20261107, numRuns: 300 },
  )
})
