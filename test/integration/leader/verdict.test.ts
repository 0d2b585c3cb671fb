// The verdict itself: whatever a cluster can do wrong with a recorded history makes it say so.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CommittedRead } from '../../../audit/history/history.ts'
import { beginning, type Place } from '../../../audit/history/place.ts'
import type { PublishResult } from '../../../client/index.ts'
import { Recorder, type SessionRecord } from './recorder.ts'
import { findProblems } from './verdict.ts'

const origin = 'A#1'
const messages = 5

/** What one message becomes, where something goes wrong. */
interface Fault {
  /** The subscriber of node B gets these sequences, in this order. */
  readonly delivered?: readonly number[]
  /** Where B's messages lie, if not at the offset that is their sequence. */
  readonly offsetOf?: (sequence: number) => number
  readonly isGap?: (sequence: number) => boolean
  readonly result?: (sequence: number) => PublishResult
  /** What a committed read, called when everything is acknowledged, finds last. */
  readonly lastRead?: { readonly offset: number; readonly sequence: number } | 'nothing'
}

const acknowledged = (sequence: number, offset = sequence): PublishResult => ({
  ...{ status: 'acknowledged', stream: 'orders', origin, sequence, offset, epoch: 1 },
})

/** Five messages, one after the other, and a session that read to the end on node A and on node B. */
async function judge(fault: Fault = {}): Promise<readonly string[]> {
  const recorder = new Recorder('orders')
  for (let sequence = 1; sequence <= messages; sequence++) {
    const result = fault.result?.(sequence) ?? acknowledged(sequence)
    await recorder.publish({ publish: async () => result }, 'c', 'orders.new')
  }
  if (fault.lastRead !== undefined) recorder.reads.push(toRead(fault.lastRead))
  const all = Array.from({ length: messages }, (_, index) => index + 1)
  read(recorder, 'A', all, {})
  read(recorder, 'B', fault.delivered ?? all, fault)
  return [...recorder.problems, ...findProblems(recorder.history())]
}

function toRead(last: NonNullable<Fault['lastRead']>): CommittedRead {
  const calledAt = performance.now() + 1
  const result =
    last === 'nothing' ? undefined : { place: { epoch: 1, offset: last.offset }, value: `c-${last.sequence}` }
  return { kind: 'read', process: 'r', calledAt, returnedAt: calledAt + 1, outcome: 'ok', result }
}

function read(recorder: Recorder, node: string, delivered: readonly number[], fault: Fault): void {
  const placeOf = (_origin: string, sequence: number): Place => ({
    epoch: 1,
    offset: fault.offsetOf?.(sequence) ?? sequence,
  })
  const tap = { nodes: [node], problems: [], placeOf }
  const session: SessionRecord = recorder.addSession({ id: node, node, after: beginning, isDrain: true, tap })
  for (const sequence of delivered)
    if (fault.isGap?.(sequence) === true)
      session.deliveries.push({ kind: 'gap', origin, from: sequence, to: sequence })
    else session.deliveries.push({ kind: 'message', origin, sequence, value: `c-${sequence}` })
}

/** The kinds of problems, each once. */
async function kindsOf(fault: Fault): Promise<readonly string[]> {
  const problems = await judge(fault)
  return [...new Set(problems.map((problem) => problem.split(/[ :]/)[0] ?? ''))].toSorted()
}

test('nothing is found in a history without faults', async () => {
  assert.deepEqual(await judge(), [])
})

test('a message that one node does not give is found', async () => {
  const kinds = ['node-lost-middle', 'other-order', 'poll-skip', 'reliable']
  assert.deepEqual(await kindsOf({ delivered: [1, 2, 4, 5] }), kinds)
})

test('an end that one node does not give is found', async () => {
  assert.deepEqual(await kindsOf({ delivered: [1, 2, 3, 4] }), ['node-lost-postfix', 'other-order'])
})

test('a message that a session gets twice is found', async () => {
  const kinds = ['duplicated', 'nonmonotonic-poll', 'other-order', 'unique']
  assert.deepEqual(await kindsOf({ delivered: [1, 2, 3, 3, 4, 5] }), kinds)
})

test('two messages that have changed places on one node are found', async () => {
  const offsetOf = (sequence: number): number => ({ 2: 3, 3: 2 })[sequence] ?? sequence
  const found = await kindsOf({ delivered: [1, 3, 2, 4, 5], offsetOf })
  for (const kind of ['duplicate', 'inconsistent-offsets', 'other-order'])
    assert(found.includes(kind), `${kind} is among ${found.join(', ')}`)
})

test('messages that come in another order than that of their places are found', async () => {
  const found = await kindsOf({ delivered: [1, 3, 2, 4, 5] })
  assert.deepEqual(found, ['nonmonotonic-poll', 'ordered', 'other-order'])
})

test('an offset that is acknowledged for two messages is found', async () => {
  const result = (sequence: number): PublishResult => acknowledged(sequence, sequence === 4 ? 3 : sequence)
  assert((await kindsOf({ result })).includes('inconsistent-offsets'))
})

test('an acknowledgement that nobody can read is found', async () => {
  const result = (sequence: number): PublishResult => acknowledged(sequence, sequence === 5 ? 9 : sequence)
  assert.notDeepEqual(await kindsOf({ result }), [])
})

test('an append that lies before one that had returned is found', async () => {
  const result = (sequence: number): PublishResult => acknowledged(sequence, messages + 1 - sequence)
  assert((await kindsOf({ result })).includes('not-linearizable'))
})

test('a refused message that is read is found', async () => {
  const result = (sequence: number): PublishResult =>
    sequence === 3 ? { status: 'refused', code: 'NO_LEADER', reason: 'none' } : acknowledged(sequence)
  assert.deepEqual(await kindsOf({ result }), ['aborted-read', 'not-linearizable', 'unexpected'])
})

test('a message of unknown outcome may be there, but then on every node', async () => {
  const result = (sequence: number): PublishResult =>
    sequence === 3 ? { status: 'unknown', code: 'PUBLISH_UNKNOWN', reason: 'none' } : acknowledged(sequence)
  assert.deepEqual(await kindsOf({ result }), [])
  const found = await kindsOf({ result, delivered: [1, 2, 4, 5] })
  assert.deepEqual(found, ['divergent', 'other-order', 'poll-skip', 'reliable'])
})

test('a committed read of what was acknowledged last is right, and what it saw must be there at the end', async () => {
  assert.deepEqual(await judge({ lastRead: { offset: 5, sequence: 5 } }), [])
  const result = (sequence: number): PublishResult =>
    sequence === 5 ? { status: 'unknown', code: 'PUBLISH_UNKNOWN', reason: 'none' } : acknowledged(sequence)
  const isGone = { result, lastRead: { offset: 6, sequence: 5 } }
  assert((await kindsOf(isGone)).includes('vanished-read'))
})

test('a committed read that does not see what had been acknowledged is found', async () => {
  for (const lastRead of [{ offset: 4, sequence: 4 }, 'nothing'] as const)
    assert.deepEqual(await kindsOf({ lastRead }), ['not-linearizable', 'stale-read'])
})

test('an acknowledgement without a place is found', async () => {
  const result = (sequence: number): PublishResult =>
    sequence === 3 ? ({ ...acknowledged(3), offset: undefined } as PublishResult) : acknowledged(sequence)
  assert.match((await judge({ result })).join(), /c-3 is acknowledged without a place/)
})

test('a gap that was told is no loss', async () => {
  const found = await kindsOf({ isGap: (sequence) => sequence <= 2 })
  assert.deepEqual(found, [])
})

test('what one node told as a gap in the middle may be there on another', async () => {
  const isGap = (sequence: number): boolean => sequence === 3
  assert.deepEqual(await kindsOf({ isGap }), [])
  assert((await kindsOf({ isGap, delivered: [1, 2, 3, 5, 4] })).includes('other-order'))
})
