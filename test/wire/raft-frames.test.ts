// Frames of Raft messages: every kind reads back as it was written, several of them in their order, and other bytes are nothing.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Position } from '../../node/core/raft/entry.ts'
import {
  decodeRaftFrame,
  encodeMessage,
  type GroupMessage,
  joinFrame,
  type RaftMessage,
  raftFrameType,
} from '../../node/wire/raft-frames.ts'
import { beginnings, damage, damaged, entriesFrom, plain, safe, snapshot, u32 } from './raft-arbitraries.ts'

const seed = 20261102

const head = { from: u32, to: u32, term: safe }
const index = fc.integer({ min: 0, max: 2 ** 51 })
const position: fc.Arbitrary<Position> = fc.record({ term: safe, index }, plain)

/** One arbitrary for each kind, so that none is forgotten. */
const byKind: { readonly [Kind in RaftMessage['kind']]: fc.Arbitrary<RaftMessage> } = {
  vote: voteRequest('vote'),
  'pre-vote': voteRequest('pre-vote'),
  'vote-answer': voteAnswer('vote-answer'),
  'pre-vote-answer': voteAnswer('pre-vote-answer'),
  append: position.chain((previous) =>
    fc.record(
      {
        kind: fc.constant('append' as const),
        ...head,
        previous: fc.constant(previous),
        entries: entriesFrom(previous.index + 1),
        commit: safe,
      },
      plain,
    ),
  ),
  'append-answer': fc.record(
    {
      kind: fc.constant('append-answer' as const),
      ...head,
      index,
      hint: fc.option(position, { nil: undefined }),
    },
    plain,
  ),
  heartbeat: fc.record(
    { kind: fc.constant('heartbeat' as const), ...head, commit: safe, round: safe },
    plain,
  ),
  'heartbeat-answer': fc.record(
    { kind: fc.constant('heartbeat-answer' as const), ...head, round: safe },
    plain,
  ),
  snapshot: fc.record({ kind: fc.constant('snapshot' as const), ...head, snapshot }, plain),
  'timeout-now': fc.record({ kind: fc.constant('timeout-now' as const), ...head }, plain),
  read: fc.record({ kind: fc.constant('read' as const), from: u32, to: u32, request: safe }, plain),
  'read-answer': fc.record(
    { kind: fc.constant('read-answer' as const), ...head, request: safe, index },
    plain,
  ),
  transfer: fc.record({ kind: fc.constant('transfer' as const), from: u32, to: u32, target: u32 }, plain),
}

function voteRequest(kind: 'vote' | 'pre-vote'): fc.Arbitrary<RaftMessage> {
  return fc.record({ kind: fc.constant(kind), ...head, last: position, isTransfer: fc.boolean() }, plain)
}

function voteAnswer(kind: 'vote-answer' | 'pre-vote-answer'): fc.Arbitrary<RaftMessage> {
  return fc.record({ kind: fc.constant(kind), ...head, last: position, isGranted: fc.boolean() }, plain)
}

const inGroup = (message: fc.Arbitrary<RaftMessage>): fc.Arbitrary<GroupMessage> =>
  fc.record({ group: u32, message }, plain)
const messages = fc.array(inGroup(fc.oneof(...Object.values(byKind))), { maxLength: 5 })

/** Bytes that are not zero, so that nothing relies on zeroed memory. */
const allocate = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0xab)

const encode = (list: readonly GroupMessage[]): Uint8Array => joinFrame(list.flatMap(encodeMessage), allocate)

for (const [kind, message] of Object.entries(byKind)) {
  test(`a message of kind ${kind} reads back as it was written`, () => {
    fc.assert(
      fc.property(inGroup(message), (each) => assert.deepEqual(decodeRaftFrame(encode([each])), [each])),
      { seed, numRuns: 200 },
    )
  })

  test(`a frame that ends inside a message of kind ${kind} is none`, () => {
    fc.assert(
      fc.property(inGroup(message), (each) => {
        const frame = encode([each])
        for (const beginning of beginnings(frame))
          if (beginning.length > 4) assert.equal(decodeRaftFrame(beginning), undefined)
      }),
      { seed, numRuns: 20 },
    )
  })
}

test('messages of several groups read back from one frame, in their order', () => {
  fc.assert(
    fc.property(messages, (list) => {
      const frame = encode(list)
      assert.deepEqual([...frame.subarray(0, 4)], [raftFrameType, 0, 0, 0])
      assert.deepEqual(decodeRaftFrame(frame), list)
    }),
    { seed, numRuns: 300 },
  )
})

test('a damaged frame is something else or nothing, and never throws', () => {
  fc.assert(
    fc.property(messages, damage, (list, how) => {
      const read = decodeRaftFrame(damaged(encode(list), how))
      if (read !== undefined) assert.deepEqual(decodeRaftFrame(encode(read)), read)
    }),
    { seed, numRuns: 5000 },
  )
})

test('random bytes are nothing or messages, and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeRaftFrame(bytes)
    }),
    { seed, numRuns: 2000 },
  )
})

test('an append whose entries do not follow its position is none, nor is a number below zero', () => {
  const data = new Uint8Array(0)
  const message = { kind: 'append', from: 1, to: 2, term: 1, commit: 0 } as const
  const withEntry = (index: number): Uint8Array =>
    encode([
      {
        group: 1,
        message: { ...message, previous: { term: 1, index: 5 }, entries: [{ term: 1, index, data }] },
      },
    ])
  assert.equal(decodeRaftFrame(withEntry(6))?.length, 1)
  assert.equal(decodeRaftFrame(withEntry(7)), undefined)
  const below = { kind: 'heartbeat', from: 1, to: 2, term: -1, commit: 0, round: 0 } as const
  assert.equal(decodeRaftFrame(encode([{ group: 1, message: below }])), undefined)
})

test('what entries carry stands in the frame, and is not copied when it is read', () => {
  const data = Uint8Array.of(7, 7, 7)
  const previous = { term: 1, index: 5 }
  const append = { kind: 'append', from: 1, to: 2, term: 1, commit: 0, previous } as const
  const message = { ...append, entries: [{ term: 1, index: 6, data }] }
  assert.ok(encodeMessage({ group: 1, message }).includes(data))
  const frame = encode([{ group: 1, message }])
  const [read] = decodeRaftFrame(frame) ?? []
  assert.ok(read?.message.kind === 'append')
  assert.equal(read.message.entries[0]?.data.buffer, frame.buffer)
})
