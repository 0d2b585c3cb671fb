// All groups of a node share its log and its links: a turn costs one write, and one frame to each node.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../../node/core/common/ids.ts'
import type { LogRecord } from '../../node/wire/log-records.ts'
import { encodeMessage, type GroupMessage, joinFrame, type RaftMessage } from '../../node/wire/raft-frames.ts'
import { append, GroupsHost } from './groups-host.ts'
import { configuration } from './test-group.ts'

const heartbeat: RaftMessage = { kind: 'heartbeat', from: 2, to: 1, term: 1, commit: 0, round: 1 }

/** An append to a member that takes so many bytes on the wire, and is made for no group. */
function largeMessage(to: number, bytes: number): RaftMessage {
  const data = new Uint8Array(bytes - 36 - 3 * 8 - 12 - 12)
  const previous = { term: 0, index: 0 }
  return { kind: 'append', from: 1, to, term: 1, previous, entries: [{ term: 1, index: 1, data }], commit: 0 }
}

const summaryOf = (frames: readonly [string, readonly GroupMessage[]][]): string[] =>
  frames.map(
    ([node, messages]) =>
      `${node}: ${messages.map((each) => `${each.group} ${each.message.kind}`).join(', ')}`,
  )

test('what the groups have done is known before other members hear of it', () => {
  const host = new GroupsHost(1)
  host.sentWhenRun.length = 0
  host.receive({ group: 1, message: heartbeat })
  assert.deepEqual(host.sentWhenRun, [0])
  assert.equal(host.take().length, 1)
})

test('messages of all groups to one node in one turn are one frame', () => {
  const host = new GroupsHost(1, 2)
  const fromC: RaftMessage = { ...heartbeat, from: 3, term: 2 }
  host.receive({ group: 1, message: fromC }, { group: 2, message: heartbeat }, { group: 1, message: fromC })
  assert.deepEqual(summaryOf(host.take()), [
    'C: 1 heartbeat-answer, 1 heartbeat-answer',
    'B: 2 heartbeat-answer',
  ])
})

test('what all groups want written in one turn is one write, and its promises leave in one frame', () => {
  const host = new GroupsHost(1, 2)
  host.receive({ group: 1, message: append(0, 'a') }, { group: 2, message: append(0, 'b') })
  assert.equal(host.disk.writes, 1)
  assert.deepEqual(host.take(), [])
  host.disk.finish()
  assert.deepEqual(summaryOf(host.take()), ['B: 1 append-answer, 2 append-answer'])
})

test('what comes while a write is under way is the next write', () => {
  const host = new GroupsHost(1, 2)
  host.receive({ group: 1, message: append(0, 'a') })
  host.receive({ group: 2, message: append(0, 'b') })
  host.receive({ group: 1, message: append(1, 'c') })
  assert.equal(host.disk.writes, 1)
  host.disk.finish()
  assert.equal(host.disk.writes, 2)
  assert.deepEqual(summaryOf(host.take()), ['B: 1 append-answer'])
  host.disk.finish()
  assert.equal(host.disk.writes, 2)
  assert.deepEqual(summaryOf(host.take()), ['B: 2 append-answer, 1 append-answer'])
})

test('a failed write is told once, and nothing is promised any more', () => {
  const host = new GroupsHost(1, 2)
  host.receive({ group: 1, message: append(0, 'a') })
  host.receive({ group: 2, message: append(0, 'b') })
  let calls = 0
  host.groups.write([], () => calls++)
  const cause = new Error('no space')
  host.disk.finish(cause)
  host.endTurn()
  host.groups.write([], () => calls++)
  host.receive({ group: 1, message: append(1, 'c') })
  assert.deepEqual(host.failures, [cause])
  assert.deepEqual([host.disk.writes, calls], [1, 0])
  assert.deepEqual(host.take(), [])
})

test('records are written in the order of the calls, and each is called back for once', () => {
  const host = new GroupsHost()
  const done: string[] = []
  const record = (group: number): LogRecord => {
    return { kind: 'hard-state', group, hardState: { term: group, vote: 0, commit: 0 } }
  }
  host.groups.write([record(1), record(2)], () => done.push('one'))
  host.groups.write([record(3)], () => done.push('two'))
  assert.equal(host.disk.writes, 0)
  host.endTurn()
  host.groups.write([record(4)], () => done.push('three'))
  assert.deepEqual([host.disk.writes, done], [1, []])
  host.disk.finish()
  assert.deepEqual(done, ['one', 'two'])
  host.disk.settle()
  assert.deepEqual([host.disk.writes, done], [2, ['one', 'two', 'three']])
})

test('more than may wait for the disk is said', () => {
  const host = new GroupsHost(1)
  const refused = (): unknown => host.groups.diskProblem?.refused
  assert.equal(refused(), undefined)
  host.receive({ group: 1, message: append(0, 'a') })
  host.receive({ group: 1, message: append(1, 'b'.repeat(1000)) })
  assert.equal(refused(), 'PUBLISH_RATE_LIMITED')
  host.disk.settle()
  assert.equal(refused(), undefined)
})

test('a frame holds 512 KiB of messages, and one message may go beyond it', () => {
  const host = new GroupsHost(1)
  for (const bytes of [262_144, 262_144, 262_145, 262_144, 600_000, 100])
    host.groups.send(1, largeMessage(2, bytes))
  host.groups.send(1, largeMessage(3, 1000))
  assert.deepEqual(host.take(), [])
  host.groups.wake(host.groups.get(1) ?? assert.fail('the group is there'))
  host.endTurn()
  assert.deepEqual(
    host.sent.map(([node, frame]) => [node, frame.length - 4]),
    [
      ['B', 524_288],
      ['B', 262_145],
      ['B', 262_144],
      ['B', 600_000],
      ['B', 100],
      ['C', 1000],
    ],
  )
})

test('a large floor travels as its link has room, heartbeats go past it, and none of it goes over the next link', () => {
  const host = new GroupsHost(1)
  const kept = Array.from({ length: 70_000 }, (_, at) => ({
    term: 1,
    index: at + 1,
    data: new Uint8Array(40),
  }))
  const snapshot = { index: 70_000, term: 1, configuration, data: new Uint8Array(0), kept }
  const wake = (): void => {
    host.groups.wake(host.groups.get(1) ?? assert.fail('the group is there'))
    host.endTurn()
  }
  host.queuedBytes = 1_048_576
  host.groups.send(1, { kind: 'snapshot', from: 1, to: 2, term: 1, snapshot })
  wake()
  assert.equal(host.sent.length, 0)
  host.groups.send(1, { kind: 'heartbeat', from: 1, to: 2, term: 1, commit: 0, round: 1 })
  wake()
  assert.equal(host.sent.length, 1)
  host.queuedBytes = 0
  host.groups.tick()
  const parts = host.sent.slice(1).filter(([, frame]) => frame.length > 1000)
  assert.ok(parts.length > 5, `${parts.length} parts`)
  host.queuedBytes = 1_048_576
  host.groups.send(1, { kind: 'snapshot', from: 1, to: 2, term: 1, snapshot })
  wake()
  host.groups.onLink('B' as NodeId)
  host.queuedBytes = 0
  host.sent = []
  host.groups.tick()
  assert.equal(host.sent.filter(([, frame]) => frame.length > 1000).length, 0)
})

test('messages to members that nobody knows, and for groups that are not here, come to nothing', () => {
  const host = new GroupsHost(1)
  host.groups.send(1, largeMessage(4, 1000))
  host.receive({ group: 8, message: heartbeat }, { group: 1, message: heartbeat })
  assert.deepEqual(summaryOf(host.take()), ['B: 1 heartbeat-answer'])
  assert.deepEqual(host.unknown, [8])
})

test('what is for another member, which this node was before it lost its disk, comes to nothing', () => {
  const host = new GroupsHost(1)
  host.receive({ group: 1, message: { ...heartbeat, to: 7 } }, { group: 8, message: { ...heartbeat, to: 7 } })
  assert.deepEqual([host.take(), host.unknown], [[], []])
})

test('a group that is begun because somebody speaks of it hears what was said', () => {
  const host = new GroupsHost()
  host.receive({ group: 5, message: heartbeat }, { group: 5, message: append(0, 'a') })
  assert.deepEqual([host.unknown, summaryOf(host.take())], [[5], ['B: 5 heartbeat-answer']])
  host.disk.finish()
  assert.deepEqual(summaryOf(host.take()), ['B: 5 append-answer'])
})

test('a broken frame is said, and nothing of it is taken', () => {
  const host = new GroupsHost(1)
  const frame = joinFrame(encodeMessage({ group: 1, message: heartbeat }), (bytes) => new Uint8Array(bytes))
  assert.equal(host.groups.onFrame('B' as NodeId, Uint8Array.from([...frame, 1])), false)
  host.endTurn()
  assert.deepEqual([host.take(), host.groups.get(1)?.status.term], [[], 0])
})

test('groups that time passes for campaign together, in one frame to each node', () => {
  const host = new GroupsHost(1, 2, 3)
  for (let tick = 0; tick < 10; tick++) {
    host.groups.tick()
    host.endTurn()
  }
  assert.deepEqual(summaryOf(host.take()), [
    'B: 1 pre-vote, 2 pre-vote, 3 pre-vote',
    'C: 1 pre-vote, 2 pre-vote, 3 pre-vote',
  ])
  assert.deepEqual(
    [...host.groups.all].map(({ id }) => id),
    [1, 2, 3],
  )
})
