// Reading JSON objects from the other end field by field: what is wrong is named, with what it should have been.

import { errorRegistry } from '../core/common/error-registry.ts'
import type { Refusal } from '../core/common/errors.ts'

/** A refusal of a client's message; with an id it answers that subscribe, without one it closes the connection. */
export interface ControlRefusal extends Refusal {
  readonly id?: number
}

/** Characters of one control text; bounds what parsing may cost. */
export const controlUnitsMax = 65_536
export const idMax: number = 0x7fffffff

export type Fields = Readonly<Record<string, unknown>>

/** The fields of a control text: one JSON object of bounded size. */
export function readControl(text: string): { readonly fields: Fields } | Refusal {
  if (text.length > controlUnitsMax) {
    return refuse(`has ${text.length} characters, at most ${controlUnitsMax} are allowed`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('is not an object')
  return { fields: value as Fields }
}

/** True for the refused half of a decoder's answer. */
export function isRefusal<Value extends object>(value: Value | Refusal): value is Refusal {
  return 'refused' in value && typeof value.refused === 'string' && value.refused in errorRegistry
}

export function isInteger(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
}

/** What a client may say in the fields that people get wrong; the other fields are those of nodes. */
const expectations: ReadonlyMap<string, string> = new Map([
  ['id', `a whole number from 1 to ${idMax}`],
  ['patterns', 'a list of one or more texts'],
  ['from', '"now", "earliest" (or "first"), {"cursor":"..."}, {"time":MS} or {"offset":N}'],
  ['credit', '{"messages":N,"bytes":N} from 1; bytes may be absent'],
  ['key', 'the name of a header, at most 255 bytes, beside "queue"'],
  ['name', 'absent beside "queue", which keeps its own position'],
])

export function malformed(fields: Fields, field: string): Refusal {
  const expected = expectations.get(field)
  const hint = expected === undefined ? '' : `; it must be ${expected}`
  return refuse(`has ${show(fields[field])} as ${field}${hint}`)
}

export function refuse(why: string): Refusal {
  return { refused: 'CONTROL_MALFORMED', reason: `text message ${why}` }
}

/** A value for messages, cut when it is long. Objects are not shown: printing a deep one would exhaust the stack. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
