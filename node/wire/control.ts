// The control messages of `herald.client.v1` (docs/protocol.md section 2), as typed values: the text from the other end
// is checked field by field once, here, and never throws. The small binary frames are in control-frames.ts.

import { errorRegistry } from '../core/common/error-registry.ts'
import type { ErrorCode, Refusal } from '../core/common/errors.ts'
import { patternProblem } from '../core/stream/pattern.ts'
import { decodeCursor } from './cursor.ts'

export * from './control-frames.ts'

/** Where a subscription starts; `time` is milliseconds since 1970, `offset` a place in the order of a stream in leader mode. */
export type StartFrom =
  | 'now'
  | 'earliest'
  | { readonly cursor: string }
  | { readonly time: number }
  | { readonly offset: number }

export interface SubscribeRequest {
  readonly op: 'subscribe'
  readonly id: number
  readonly patterns: readonly string[]
  readonly from: StartFrom
  readonly name?: string | undefined
  readonly credit?: { readonly messages: number; readonly bytes: number } | undefined
}

export interface UnsubscribeRequest {
  readonly op: 'unsubscribe'
  readonly id: number
}

/** What a client says in text. */
export type ClientControl = SubscribeRequest | UnsubscribeRequest

/** A refusal of a client's message; with an id it answers that subscribe, without one it closes the connection. */
export interface ControlRefusal extends Refusal {
  readonly id?: number
}

export interface Welcome {
  readonly op: 'welcome'
  readonly cluster: string
  readonly node: string
  readonly boot: string
  readonly urls: readonly string[]
  readonly limits: {
    readonly payloadBytesMax: number
    readonly batchRecordsMax: number
    readonly batchBytesMax: number
    readonly inFlightBytesMax: number
    readonly subscriptionsMax: number
  }
}

/** Why messages will not come: dropped by retention before they were asked for, or held by nobody any more. */
export type GapReason = 'retention' | 'lost'

/** What a node says in text. */
export type NodeControl =
  | Welcome
  | { readonly op: 'subscribed' | 'unsubscribed'; readonly id: number; readonly cursor: string }
  | { readonly op: 'refused'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly op: 'stream'; readonly number: number; readonly name: string }
  | { readonly op: 'origin'; readonly boot: number; readonly origin: string }
  | {
      readonly op: 'gap'
      readonly id: number
      readonly stream: string
      readonly origin: string
      readonly from: number
      readonly to: number
      readonly reason: GapReason
    }
  | {
      readonly op: 'ended'
      readonly id: number
      readonly code: ErrorCode
      readonly message: string
      readonly cursor: string
    }
  | { readonly op: 'closing'; readonly code: ErrorCode; readonly message: string; readonly retryMs: number }

/** Characters of one control text; bounds what parsing may cost. */
export const controlUnitsMax = 65_536
const namePattern = /^[A-Za-z0-9_.-]{1,64}$/
const idMax = 0x7fffffff

export function encodeClientControl(message: ClientControl): string {
  return JSON.stringify(message)
}

export function encodeNodeControl(message: NodeControl): string {
  return JSON.stringify(message)
}

/** Reads and checks a client's text message. */
export function decodeClientControl(text: string): ClientControl | ControlRefusal {
  const read = readControl(text)
  if (isRefusal(read)) return read
  const fields = read.fields
  if (fields['op'] === 'subscribe') return readSubscribe(fields)
  if (fields['op'] === 'unsubscribe') {
    const id = fields['id']
    return isInteger(id, 1, idMax) ? { op: 'unsubscribe', id } : malformed(fields, 'id')
  }
  return malformed(fields, 'op')
}

/** Reads and checks a node's text message. */
export function decodeNodeControl(text: string): NodeControl | Refusal {
  const read = readControl(text)
  if (isRefusal(read)) return read
  const fields = read.fields
  switch (fields['op']) {
    case 'welcome':
      return readWelcome(fields)
    case 'subscribed':
    case 'unsubscribed':
      return readSubscribed(fields, fields['op'])
    case 'refused':
    case 'ended':
      return readEnded(fields, fields['op'])
    case 'stream':
    case 'origin':
      return readNumber(fields, fields['op'])
    case 'gap':
      return readGap(fields)
    case 'closing':
      return readClosing(fields)
    default:
      return malformed(fields, 'op')
  }
}

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

/** Checks a `subscribe`, also of `herald.json.v1`. */
export function readSubscribe(fields: Fields): SubscribeRequest | ControlRefusal {
  const { id, patterns, from = 'now', name, credit } = fields as Partial<Record<string, unknown>>
  if (!isInteger(id, 1, idMax)) return malformed(fields, 'id')
  if (!Array.isArray(patterns) || patterns.length === 0) return malformed(fields, 'patterns')
  for (const pattern of patterns) {
    if (typeof pattern !== 'string') return malformed(fields, 'patterns')
    const problem = patternProblem(pattern)
    if (problem !== undefined) return { ...problem, id }
  }
  if (name !== undefined && (typeof name !== 'string' || !namePattern.test(name))) {
    return { refused: 'SUBSCRIPTION_NAME_INVALID', reason: `name is ${show(name)}`, id }
  }
  const start = readFrom(from)
  if (start === undefined) return malformed(fields, 'from')
  if (typeof start === 'object' && 'cursor' in start) {
    const cursor = decodeCursor(start.cursor)
    if (isRefusal(cursor)) return { ...cursor, id }
  }
  const request = { op: 'subscribe', id, patterns: patterns as string[], from: start, name } as const
  if (credit === undefined) return request
  const { messages, bytes = Number.MAX_SAFE_INTEGER } = (credit ?? {}) as Partial<Record<string, unknown>>
  if (!isInteger(messages, 1, Number.MAX_SAFE_INTEGER)) return malformed(fields, 'credit')
  if (!isInteger(bytes, 1, Number.MAX_SAFE_INTEGER)) return malformed(fields, 'credit')
  return { ...request, credit: { messages, bytes } }
}

function readFrom(from: unknown): StartFrom | undefined {
  if (from === 'now' || from === 'earliest') return from
  if (typeof from !== 'object' || from === null) return undefined
  if ('cursor' in from && typeof from.cursor === 'string') return { cursor: from.cursor }
  if ('time' in from && typeof from.time === 'number' && Number.isFinite(from.time)) {
    return { time: from.time }
  }
  if ('offset' in from && isInteger(from.offset, 1, Number.MAX_SAFE_INTEGER)) return { offset: from.offset }
  return undefined
}

const welcomeLimits = [
  'payloadBytesMax',
  'batchRecordsMax',
  'batchBytesMax',
  'inFlightBytesMax',
  'subscriptionsMax',
] as const

function readWelcome(fields: Fields): NodeControl | Refusal {
  const { cluster, node, boot, urls, limits } = fields as Partial<Record<string, unknown>>
  if (typeof cluster !== 'string') return malformed(fields, 'cluster')
  if (typeof node !== 'string') return malformed(fields, 'node')
  if (typeof boot !== 'string') return malformed(fields, 'boot')
  if (!Array.isArray(urls)) return malformed(fields, 'urls')
  if (urls.some((url) => typeof url !== 'string')) return malformed(fields, 'urls')
  if (typeof limits !== 'object' || limits === null) return malformed(fields, 'limits')
  const given = limits as Partial<Record<string, unknown>>
  if (welcomeLimits.some((name) => !isInteger(given[name], 1, Number.MAX_SAFE_INTEGER))) {
    return malformed(fields, 'limits')
  }
  return { op: 'welcome', cluster, node, boot, urls, limits: given as Welcome['limits'] }
}

function readSubscribed(fields: Fields, op: 'subscribed' | 'unsubscribed'): NodeControl | Refusal {
  const { id, cursor } = fields as Partial<Record<string, unknown>>
  if (!isInteger(id, 1, idMax)) return malformed(fields, 'id')
  if (typeof cursor !== 'string') return malformed(fields, 'cursor')
  return { op, id, cursor }
}

function readEnded(fields: Fields, op: 'refused' | 'ended'): NodeControl | Refusal {
  const { id, code, message, cursor } = fields as Partial<Record<string, unknown>>
  if (!isInteger(id, 1, idMax)) return malformed(fields, 'id')
  if (!isErrorCode(code)) return malformed(fields, 'code')
  if (typeof message !== 'string') return malformed(fields, 'message')
  if (op === 'refused') return { op, id, code, message }
  if (typeof cursor !== 'string') return malformed(fields, 'cursor')
  return { op, id, code, message, cursor }
}

function readNumber(fields: Fields, op: 'stream' | 'origin'): NodeControl | Refusal {
  const number = fields[op === 'stream' ? 'number' : 'boot']
  const name = fields[op === 'stream' ? 'name' : 'origin']
  if (!isInteger(number, 0, Number.MAX_SAFE_INTEGER))
    return malformed(fields, op === 'stream' ? 'number' : 'boot')
  if (typeof name !== 'string') return malformed(fields, op === 'stream' ? 'name' : 'origin')
  return op === 'stream' ? { op, number, name } : { op, boot: number, origin: name }
}

function readGap(fields: Fields): NodeControl | Refusal {
  const { id, stream, origin, from, to, reason } = fields as Partial<Record<string, unknown>>
  if (!isInteger(id, 1, idMax)) return malformed(fields, 'id')
  if (typeof stream !== 'string') return malformed(fields, 'stream')
  if (typeof origin !== 'string') return malformed(fields, 'origin')
  if (!isInteger(from, 1, Number.MAX_SAFE_INTEGER)) return malformed(fields, 'from')
  if (!isInteger(to, from, Number.MAX_SAFE_INTEGER)) return malformed(fields, 'to')
  if (reason !== 'retention' && reason !== 'lost') return malformed(fields, 'reason')
  return { op: 'gap', id, stream, origin, from, to, reason }
}

function readClosing(fields: Fields): NodeControl | Refusal {
  const { code, message, retryMs } = fields as Partial<Record<string, unknown>>
  if (!isErrorCode(code)) return malformed(fields, 'code')
  if (typeof message !== 'string') return malformed(fields, 'message')
  if (!isInteger(retryMs, 0, 3_600_000)) return malformed(fields, 'retryMs')
  return { op: 'closing', code, message, retryMs }
}

/** Whether a value is a code of the registry. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorRegistry, value)
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
}

/** What a client may say in the fields that people get wrong; the other fields are those of nodes. */
const expectations: ReadonlyMap<string, string> = new Map([
  ['id', `a whole number from 1 to ${idMax}`],
  ['patterns', 'a list of one or more texts'],
  ['from', '"now", "earliest", {"cursor":"..."}, {"time":MS} or {"offset":N}'],
  ['credit', '{"messages":N,"bytes":N} from 1; bytes may be absent'],
])

function malformed(fields: Fields, field: string): Refusal {
  const expected = expectations.get(field)
  const hint = expected === undefined ? '' : `; it must be ${expected}`
  return refuse(`has ${show(fields[field])} as ${field}${hint}`)
}

function refuse(why: string): Refusal {
  return { refused: 'CONTROL_MALFORMED', reason: `text message ${why}` }
}

/** A value for messages, cut when it is long. Objects are not shown: printing a deep one would exhaust the stack. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
