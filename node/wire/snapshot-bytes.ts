// A snapshot of a group as bytes (docs/protocol.md section 7):
//
//   f64 index   f64 term   u32 bytes of the members   the members as JSON   the state
//
// Bit 31 of the bytes says that it keeps entries. Then they stand before the state: u32 entries, and of each f64 index, f64 term, u32 bytes
// and its data.

import type { ConfigurationRecord } from '../core/raft/configuration.ts'
import type { LogEntry, Snapshot } from '../core/raft/entry.ts'
import { readF64, readU32, writeF64, writeU32 } from './bytes.ts'
import { toTextBytes, tryReadText } from './text.ts'

const headBytes = 20
const keptHeadBytes = 20
const keepsBit = 0x8000_0000

/** The snapshot as parts; the state is not copied, nor is what is kept. */
export function encodeSnapshot({ index, term, configuration, data, kept = [] }: Snapshot): Uint8Array[] {
  const members = toTextBytes(JSON.stringify(configuration))
  const head = new Uint8Array(headBytes + members.length)
  writeF64(head, 0, index)
  writeF64(head, 8, term)
  writeU32(head, 16, kept.length === 0 ? members.length : members.length + keepsBit)
  head.set(members, headBytes)
  return kept.length === 0 ? [head, data] : [head, ...encodeKept(kept), data]
}

function encodeKept(kept: readonly LogEntry[]): Uint8Array[] {
  const count = new Uint8Array(4)
  writeU32(count, 0, kept.length)
  const parts: Uint8Array[] = [count]
  for (const { index, term, data } of kept) {
    const head = new Uint8Array(keptHeadBytes)
    writeF64(head, 0, index)
    writeF64(head, 8, term)
    writeU32(head, 16, data.length)
    parts.push(head, data)
  }
  return parts
}

/** The snapshot in bytes that hold nothing else; undefined where they are something else. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot | undefined {
  if (bytes.length < headBytes) return undefined
  const index = readF64(bytes, 0)
  const term = readF64(bytes, 8)
  const length = readU32(bytes, 16)
  const end = headBytes + (length % keepsBit)
  if (end > bytes.length || !isPlace(index) || !isPlace(term)) return undefined
  const configuration = decodeConfiguration(tryReadText(bytes.subarray(headBytes, end)))
  if (configuration === undefined) return undefined
  if (length < keepsBit) return { index, term, configuration, data: bytes.subarray(end) }
  const found = decodeKept(bytes, end, index)
  return found && { index, term, configuration, data: bytes.subarray(found.end), kept: found.kept }
}

/** The entries that stand at an offset, as views, and where they end; undefined where they do not ascend up to the snapshot's index. */
function decodeKept(
  bytes: Uint8Array,
  offset: number,
  lastMax: number,
): { readonly kept: readonly LogEntry[]; readonly end: number } | undefined {
  if (offset + 4 > bytes.length) return undefined
  const count = readU32(bytes, offset)
  const kept: LogEntry[] = []
  let at = offset + 4
  for (let last = -1; kept.length < count; last = kept.at(-1)?.index ?? last) {
    if (at + keptHeadBytes > bytes.length) return undefined
    const index = readF64(bytes, at)
    const term = readF64(bytes, at + 8)
    const start = at + keptHeadBytes
    at = start + readU32(bytes, at + 16)
    if (at > bytes.length || !isPlace(index) || !isPlace(term)) return undefined
    if (index <= last || index > lastMax) return undefined
    kept.push({ index, term, data: bytes.subarray(start, at) })
  }
  return { kept, end: at }
}

function isPlace(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** The members that a JSON value names; undefined where it is something else. */
export function readConfiguration(value: unknown): ConfigurationRecord | undefined {
  const fields = Object(value) as Partial<Record<keyof ConfigurationRecord, unknown>>
  const { voters, outgoing, learners, learnersNext, autoLeave } = fields
  if (!isIds(voters) || !isIds(outgoing) || !isIds(learners) || !isIds(learnersNext)) return undefined
  if (typeof autoLeave !== 'boolean') return undefined
  return { voters, outgoing, learners, learnersNext, autoLeave }
}

function decodeConfiguration(text: string | undefined): ConfigurationRecord | undefined {
  if (text === undefined) return undefined
  try {
    return readConfiguration(JSON.parse(text))
  } catch {
    return undefined
  }
}

function isIds(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((id) => Number.isSafeInteger(id) && id > 0)
}
