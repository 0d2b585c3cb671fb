// What members of Raft groups say to each other, as bytes (docs/protocol.md section 6): one frame carries what all groups of a node have
// for another node, so that a turn costs one write to each.
//
//   u8 9   3 bytes 0   then per message:
//   u32 bytes behind this   u32 group   u8 kind   u8 flag   2 bytes 0   f64 from   f64 to   f64 term   numbers, f64 each   the rest

import type { LogEntry, Position } from '../core/raft/entry.ts'
import type { ForwardedProposal, Message } from '../core/raft/messages.ts'
import { readF64, readU32, writeF64, writeU32 } from './bytes.ts'
import { decodeEntries, encodeEntries } from './log-entries.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-bytes.ts'

/** What travels: proposals are not passed on by Raft, but by whoever numbers them. */
export type RaftMessage = Exclude<Message, ForwardedProposal>

/** A message, and the group that it belongs to. */
export interface GroupMessage {
  readonly group: number
  readonly message: RaftMessage
}

export const raftFrameType = 9
const frameHeadBytes = 4
const headBytes = 36
const kinds = [
  'vote',
  'pre-vote',
  'vote-answer',
  'pre-vote-answer',
  'append',
  'append-answer',
  'heartbeat',
  'heartbeat-answer',
  'snapshot',
  'timeout-now',
  'read',
  'read-answer',
  'transfer',
] as const satisfies readonly RaftMessage['kind'][]

/** The parts of one message behind its head. */
interface Body {
  readonly flag: boolean
  readonly numbers: readonly number[]
  readonly rest: readonly Uint8Array[]
}

/** One message as parts of a frame; what entries carry is not copied. */
export function encodeMessage({ group, message }: GroupMessage): Uint8Array[] {
  const { flag, numbers, rest } = toBody(message)
  const head = new Uint8Array(headBytes + 8 * numbers.length)
  let bytes = head.length - 4
  for (const { length } of rest) bytes += length
  writeU32(head, 0, bytes)
  writeU32(head, 4, group)
  head[8] = kinds.indexOf(message.kind) + 1
  head[9] = flag ? 1 : 0
  writeF64(head, 12, message.from)
  writeF64(head, 20, message.to)
  writeF64(head, 28, 'term' in message ? message.term : 0)
  for (let at = 0; at < numbers.length; at++) writeF64(head, headBytes + 8 * at, numbers[at] as number)
  return [head, ...rest]
}

/** A frame of encoded messages. `allocate` gives fresh bytes, which need not be zeroed. */
export function joinFrame(parts: readonly Uint8Array[], allocate: (bytes: number) => Uint8Array): Uint8Array {
  const frame = allocate(parts.reduce((sum, { length }) => sum + length, frameHeadBytes))
  writeU32(frame, 0, raftFrameType)
  let at = frameHeadBytes
  for (const part of parts) {
    frame.set(part, at)
    at += part.length
  }
  return frame
}

/** The messages of a frame, whose entries are views of it; undefined where anything in it is not sound. */
export function decodeRaftFrame(frame: Uint8Array): GroupMessage[] | undefined {
  const messages: GroupMessage[] = []
  for (let at = frameHeadBytes; at < frame.length; ) {
    if (at + headBytes > frame.length) return undefined
    const end = at + 4 + readU32(frame, at)
    if (end > frame.length || end < at + headBytes) return undefined
    const message = decodeMessage(frame.subarray(at, end))
    if (message === undefined) return undefined
    messages.push({ group: readU32(frame, at + 4), message })
    at = end
  }
  return messages
}

function body(numbers: readonly number[], flag = false, rest: readonly Uint8Array[] = nothing): Body {
  return { flag, numbers, rest }
}

function toBody(message: RaftMessage): Body {
  switch (message.kind) {
    case 'vote':
    case 'pre-vote':
      return body([message.last.term, message.last.index], message.isTransfer)
    case 'vote-answer':
    case 'pre-vote-answer':
      return body([message.last.term, message.last.index], message.isGranted)
    case 'append': {
      const { previous, commit, entries } = message
      return body([previous.term, previous.index, commit], false, encodeEntries(entries))
    }
    case 'append-answer': {
      const { term, index } = message.hint ?? noHint
      return body([message.index, term, index], message.hint !== undefined)
    }
    case 'heartbeat':
      return body([message.commit, message.round])
    case 'heartbeat-answer':
      return body([message.round])
    case 'snapshot':
      return body([], false, encodeSnapshot(message.snapshot))
    case 'timeout-now':
      return body([])
    case 'read':
      return body([message.request])
    case 'read-answer':
      return body([message.request, message.index])
    case 'transfer':
      return body([message.target])
  }
}

const noHint: Position = { term: 0, index: 0 }
const nothing: readonly Uint8Array[] = []

/** Numbers behind the head, by kind. */
const numberCounts: Readonly<Record<RaftMessage['kind'], number>> = {
  vote: 2,
  'pre-vote': 2,
  'vote-answer': 2,
  'pre-vote-answer': 2,
  append: 3,
  'append-answer': 3,
  heartbeat: 2,
  'heartbeat-answer': 1,
  snapshot: 0,
  'timeout-now': 0,
  read: 1,
  'read-answer': 2,
  transfer: 1,
}

function decodeMessage(bytes: Uint8Array): RaftMessage | undefined {
  const kind = kinds[(bytes[8] ?? 0) - 1]
  if (kind === undefined) return undefined
  const restAt = headBytes + 8 * numberCounts[kind]
  if (restAt > bytes.length) return undefined
  for (let at = 12; at < restAt; at += 8) {
    const value = readF64(bytes, at)
    if (!Number.isSafeInteger(value) || value < 0) return undefined
  }
  const numbers: number[] = []
  for (let at = headBytes; at < restAt; at += 8) numbers.push(readF64(bytes, at))
  const head = { from: readF64(bytes, 12), to: readF64(bytes, 20), term: readF64(bytes, 28) }
  return fromBody(kind, head, { flag: bytes[9] === 1, numbers, rest: [bytes.subarray(restAt)] })
}

function fromBody(
  kind: RaftMessage['kind'],
  head: { readonly from: number; readonly to: number; readonly term: number },
  { flag, numbers, rest: [rest] }: Body,
): RaftMessage | undefined {
  const { from, to } = head
  const [first = 0, second = 0, third = 0] = numbers
  if (kind !== 'append' && kind !== 'snapshot' && rest?.length !== 0) return undefined
  switch (kind) {
    case 'vote':
    case 'pre-vote':
      return { kind, ...head, last: { term: first, index: second }, isTransfer: flag }
    case 'vote-answer':
    case 'pre-vote-answer':
      return { kind, ...head, last: { term: first, index: second }, isGranted: flag }
    case 'append': {
      const entries = rest === undefined ? undefined : decodeEntries(rest)
      const previous = { term: first, index: second }
      if (entries === undefined || !follows(previous, entries)) return undefined
      return { kind, ...head, previous, entries, commit: third }
    }
    case 'append-answer':
      return { kind, ...head, index: first, hint: flag ? { term: second, index: third } : undefined }
    case 'heartbeat':
      return { kind, ...head, commit: first, round: second }
    case 'heartbeat-answer':
      return { kind, ...head, round: first }
    case 'snapshot': {
      const snapshot = rest === undefined ? undefined : decodeSnapshot(rest)
      return snapshot === undefined ? undefined : { kind, ...head, snapshot }
    }
    case 'timeout-now':
      return { kind, ...head }
    case 'read':
      return { kind, from, to, request: first }
    case 'read-answer':
      return { kind, ...head, request: first, index: second }
    case 'transfer':
      return { kind, from, to, target: first }
  }
}

/** Whether the entries are those right behind a position. */
function follows({ index }: Position, entries: readonly LogEntry[]): boolean {
  return entries.length === 0 || entries[0]?.index === index + 1
}
