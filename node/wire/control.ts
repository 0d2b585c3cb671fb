// The control messages of `herald.client.v1` (docs/protocol.md section 2), as typed values: the text from the other end
// is checked field by field once, here, and never throws. The small binary frames are in control-frames.ts.

import { errorRegistry } from '../core/common/error-registry.ts'
import type { ErrorCode, Refusal } from '../core/common/errors.ts'
import {
  type ControlRefusal,
  type Fields,
  idMax,
  isInteger,
  isRefusal,
  malformed,
  readControl,
} from './control-fields.ts'
import { readSubscribe, type SubscribeRequest } from './subscribe-request.ts'

export * from './control-fields.ts'
export * from './control-frames.ts'
export * from './subscribe-request.ts'

export interface UnsubscribeRequest {
  readonly op: 'unsubscribe'
  readonly id: number
}

/** What a client says in text. */
export type ClientControl = SubscribeRequest | UnsubscribeRequest

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
