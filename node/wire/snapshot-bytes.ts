// A snapshot of a group as bytes: f64 index   f64 term   u32 bytes of the members   the members as JSON   the state.

import type { ConfigurationRecord } from '../core/raft/configuration.ts'
import type { Snapshot } from '../core/raft/entry.ts'
import { readF64, readU32, writeF64, writeU32 } from './bytes.ts'
import { toTextBytes, tryReadText } from './text.ts'

const headBytes = 20

/** The snapshot as parts; the state is not copied. */
export function encodeSnapshot({ index, term, configuration, data }: Snapshot): Uint8Array[] {
  const members = toTextBytes(JSON.stringify(configuration))
  const head = new Uint8Array(headBytes + members.length)
  writeF64(head, 0, index)
  writeF64(head, 8, term)
  writeU32(head, 16, members.length)
  head.set(members, headBytes)
  return [head, data]
}

/** The snapshot in bytes that hold nothing else; undefined where they are something else. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot | undefined {
  if (bytes.length < headBytes) return undefined
  const index = readF64(bytes, 0)
  const term = readF64(bytes, 8)
  const end = headBytes + readU32(bytes, 16)
  const isSound = [index, term].every((value) => Number.isSafeInteger(value) && value >= 0)
  if (end > bytes.length || !isSound) return undefined
  const configuration = decodeConfiguration(tryReadText(bytes.subarray(headBytes, end)))
  return configuration === undefined ? undefined : { index, term, configuration, data: bytes.subarray(end) }
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
