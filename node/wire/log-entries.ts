// Entries of a Raft group's log as bytes, the same between nodes and on disk (docs/protocol.md section 7):
//
//   u32 entries   f64 index of the first   per entry: f64 term, u32 bytes of its data   the data, one after the other
//
// Bit 31 of the length says that the data is a change of members, as JSON.

import type { MemberChange, MembershipChange } from '../core/raft/change.ts'
import { type LogEntry, noData } from '../core/raft/entry.ts'
import { readF64, readU32, writeF64, writeU32 } from './bytes.ts'
import { toTextBytes, tryReadText } from './text.ts'

const blockBytes = 12
const placeBytes = 12
const changeBit = 0x8000_0000

/** Entries that follow each other, as parts: a head, then what the entries carry, which is not copied. */
export function encodeEntries(entries: readonly LogEntry[]): Uint8Array[] {
  const head = new Uint8Array(blockBytes + placeBytes * entries.length)
  writeU32(head, 0, entries.length)
  writeF64(head, 4, entries[0]?.index ?? 0)
  const parts: Uint8Array[] = [head]
  for (let at = 0; at < entries.length; at++) {
    const { term, data, change } = entries[at] as LogEntry
    const body = change === undefined ? data : toTextBytes(JSON.stringify(change))
    const place = blockBytes + placeBytes * at
    writeF64(head, place, term)
    writeU32(head, place + 8, change === undefined ? body.length : body.length + changeBit)
    if (body.length > 0) parts.push(body)
  }
  return parts
}

/** The entries in bytes that hold nothing else, as views of them; undefined where the bytes are something else. */
export function decodeEntries(bytes: Uint8Array): LogEntry[] | undefined {
  if (bytes.length < blockBytes) return undefined
  const count = readU32(bytes, 0)
  const first = readF64(bytes, 4)
  let at = blockBytes + placeBytes * count
  if (at > bytes.length || !Number.isSafeInteger(first + count) || first < 0) return undefined
  const entries: LogEntry[] = []
  for (let nth = 0; nth < count; nth++) {
    const place = blockBytes + placeBytes * nth
    const term = readF64(bytes, place)
    const length = readU32(bytes, place + 8)
    const end = at + (length % changeBit)
    if (end > bytes.length || !Number.isSafeInteger(term) || term < 0) return undefined
    const data = bytes.subarray(at, end)
    at = end
    const change = length >= changeBit ? decodeChange(data) : undefined
    if (length >= changeBit && change === undefined) return undefined
    entries.push({ term, index: first + nth, data: change === undefined ? data : noData, change })
  }
  return at === bytes.length ? entries : undefined
}

function decodeChange(bytes: Uint8Array): MembershipChange | undefined {
  const text = tryReadText(bytes)
  if (text === undefined) return undefined
  try {
    const { changes, transition } = JSON.parse(text) as Partial<Record<keyof MembershipChange, unknown>>
    if (!Array.isArray(changes) || !changes.every(isMemberChange)) return undefined
    if (transition !== 'auto' && transition !== 'implicit' && transition !== 'explicit') return undefined
    return { changes, transition }
  } catch {
    return undefined
  }
}

function isMemberChange(value: unknown): value is MemberChange {
  const { kind, id } = Object(value) as Partial<MemberChange>
  if (kind !== 'voter' && kind !== 'learner' && kind !== 'remove') return false
  return id !== undefined && Number.isSafeInteger(id) && id > 0
}
