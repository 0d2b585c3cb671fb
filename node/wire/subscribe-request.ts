// What a client asks for when it subscribes, in `herald.client.v1` and in `herald.json.v1`.

import { patternProblem } from '../core/stream/pattern.ts'
import {
  type ControlRefusal,
  type Fields,
  idMax,
  isInteger,
  isRefusal,
  malformed,
  show,
} from './control-fields.ts'
import { decodeCursor } from './cursor.ts'
import { countBytes } from './text.ts'

const namePattern = /^[A-Za-z0-9_.-]{1,64}$/

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
  /** It is a member of this queue: each message goes to one of its members. */
  readonly queue?: string | undefined
  /** The header whose value is the key by which the queue keeps order. */
  readonly key?: string | undefined
  readonly credit?: { readonly messages: number; readonly bytes: number } | undefined
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
  const queue = readQueue(fields, id, start)
  if ('refused' in queue) return queue
  const request = {
    op: 'subscribe',
    id,
    patterns: patterns as string[],
    from: start,
    name,
    ...queue,
  } as const
  if (credit === undefined) return request
  const { messages, bytes = Number.MAX_SAFE_INTEGER } = (credit ?? {}) as Partial<Record<string, unknown>>
  if (!isInteger(messages, 1, Number.MAX_SAFE_INTEGER)) return malformed(fields, 'credit')
  if (!isInteger(bytes, 1, Number.MAX_SAFE_INTEGER)) return malformed(fields, 'credit')
  return { ...request, credit: { messages, bytes } }
}

/** A queue keeps its own position, so it has no name beside its own, and begins at a place of the order. */
function readQueue(
  fields: Fields,
  id: number,
  from: StartFrom,
): ControlRefusal | { readonly queue?: string; readonly key?: string } {
  const { name, queue, key } = fields as Partial<Record<string, unknown>>
  if (queue === undefined) return key === undefined ? {} : malformed(fields, 'key')
  if (typeof queue !== 'string' || !namePattern.test(queue))
    return { refused: 'SUBSCRIPTION_NAME_INVALID', reason: `queue is ${show(queue)}`, id }
  if (name !== undefined) return malformed(fields, 'name')
  if (typeof from === 'object' && !('offset' in from)) return malformed(fields, 'from')
  if (key === undefined) return { queue }
  const isHeader = typeof key === 'string' && key.length > 0 && countBytes(key) <= 255
  return isHeader ? { queue, key } : malformed(fields, 'key')
}

function readFrom(from: unknown): StartFrom | undefined {
  if (from === 'now' || from === 'earliest') return from
  if (from === 'first') return 'earliest'
  if (typeof from !== 'object' || from === null) return undefined
  if ('cursor' in from && typeof from.cursor === 'string') return { cursor: from.cursor }
  if ('time' in from && typeof from.time === 'number' && Number.isFinite(from.time)) {
    return { time: from.time }
  }
  if ('offset' in from && isInteger(from.offset, 1, Number.MAX_SAFE_INTEGER)) return { offset: from.offset }
  return undefined
}
