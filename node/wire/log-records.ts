// What groups write into the log of their node: each write of it is a list of these records (docs/protocol.md section 7).
//
//   u8 kind   3 bytes 0   u32 group   u32 bytes that follow   the entries, the hard state, or the snapshot

import type { HardState, LogEntry, Snapshot } from '../core/raft/entry.ts'
import { readF64, readU32, writeF64, writeU32 } from './bytes.ts'
import { decodeEntries, encodeEntries } from './log-entries.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-bytes.ts'

/** Something that a group has written. Its meaning hangs on what the group wrote before. */
export type LogRecord =
  /** Stand in place of whatever the log had from the first one's index on. */
  | { readonly kind: 'entries'; readonly group: number; readonly entries: readonly LogEntry[] }
  | { readonly kind: 'hard-state'; readonly group: number; readonly hardState: HardState }
  /** Stands for all entries up to its index, which the log had; those behind it go on. */
  | { readonly kind: 'floor'; readonly group: number; readonly snapshot: Snapshot }
  /** Stands in place of everything that the group had written. */
  | { readonly kind: 'snapshot'; readonly group: number; readonly snapshot: Snapshot }
  /** Of the log as a whole, whose group is 0: writes before this one are needed by nobody, and may be gone. */
  | { readonly kind: 'kept'; readonly group: number; readonly from: number }

const kinds = ['entries', 'hard-state', 'floor', 'kept', 'snapshot'] as const
const headBytes = 12
const hardStateBytes = 24

/** A record as parts; what entries carry is not copied. */
export function encodeRecord(record: LogRecord): Uint8Array[] {
  const parts = encodeBody(record)
  const head = new Uint8Array(headBytes)
  head[0] = kinds.indexOf(record.kind) + 1
  writeU32(head, 4, record.group)
  writeU32(
    head,
    8,
    parts.reduce((sum, { length }) => sum + length, 0),
  )
  return [head, ...parts]
}

/** The records of a write, whose parts are views of it; undefined where the bytes are something else. */
export function decodeRecords(body: Uint8Array): LogRecord[] | undefined {
  const records: LogRecord[] = []
  for (let at = 0; at < body.length; ) {
    if (at + headBytes > body.length) return undefined
    const start = at + headBytes
    const end = start + readU32(body, at + 8)
    if (end > body.length) return undefined
    const record = decodeBody(body[at] ?? 0, readU32(body, at + 4), body.subarray(start, end))
    if (record === undefined) return undefined
    records.push(record)
    at = end
  }
  return records
}

function encodeBody(record: LogRecord): Uint8Array[] {
  if (record.kind === 'entries') return encodeEntries(record.entries)
  if (record.kind === 'floor' || record.kind === 'snapshot') return encodeSnapshot(record.snapshot)
  if (record.kind === 'kept') {
    const from = new Uint8Array(8)
    writeF64(from, 0, record.from)
    return [from]
  }
  const bytes = new Uint8Array(hardStateBytes)
  writeF64(bytes, 0, record.hardState.term)
  writeF64(bytes, 8, record.hardState.vote)
  writeF64(bytes, 16, record.hardState.commit)
  return [bytes]
}

function decodeBody(kind: number, group: number, body: Uint8Array): LogRecord | undefined {
  switch (kinds[kind - 1]) {
    case 'entries': {
      const entries = decodeEntries(body)
      return entries === undefined ? undefined : { kind: 'entries', group, entries }
    }
    case 'hard-state': {
      if (body.length !== hardStateBytes) return undefined
      const hardState = { term: readF64(body, 0), vote: readF64(body, 8), commit: readF64(body, 16) }
      const isSound = Object.values(hardState).every((value) => Number.isSafeInteger(value) && value >= 0)
      return isSound ? { kind: 'hard-state', group, hardState } : undefined
    }
    case 'floor':
    case 'snapshot': {
      const snapshot = decodeSnapshot(body)
      return snapshot && { kind: kinds[kind - 1] === 'floor' ? 'floor' : 'snapshot', group, snapshot }
    }
    case 'kept': {
      const from = body.length === 8 ? readF64(body, 0) : 0
      return Number.isSafeInteger(from) && from > 0 ? { kind: 'kept', group, from } : undefined
    }
    default:
      return undefined
  }
}
