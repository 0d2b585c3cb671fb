// Histories for the tests, one call an operation: who, when from and to, and what came of it.

import type {
  Append,
  CommittedRead,
  History,
  Operation,
  Session,
  SessionEvent,
} from '../../../audit/history/history.ts'
import { beginning, type Place } from '../../../audit/history/place.ts'

/** Given as `1/7`, or as an offset of epoch 1. */
export type At = string | number
type Times = readonly [calledAt: number, returnedAt: number]

export function place(at: At): Place {
  const [epoch = 0, offset = 0] = typeof at === 'number' ? [1, at] : at.split('/').map(Number)
  return { epoch, offset }
}

export function history(operations: readonly Operation[], sessions: readonly Session[] = []): History {
  return { stream: 'orders', operations, sessions }
}

/** An acknowledged append of `a-1` by the process `a`. */
export function append([calledAt, returnedAt]: Times, value: string, at: At, topic?: string): Append {
  return { ...sent(calledAt, value, topic), outcome: 'ok', returnedAt, result: place(at) }
}

export function refusedAppend([calledAt, returnedAt]: Times, value: string): Append {
  return { ...sent(calledAt, value), outcome: 'refused', returnedAt }
}

export function unknownAppend(calledAt: number, value: string, topic?: string): Append {
  return { ...sent(calledAt, value, topic), outcome: 'unknown' }
}

/** Saw `value` at a place, or an empty log. */
export function read(
  [calledAt, returnedAt]: Times,
  process: string,
  value?: string,
  at: At = 0,
): CommittedRead {
  const result = value === undefined ? undefined : { place: place(at), value }
  return { kind: 'read', process, calledAt, outcome: 'ok', returnedAt, result }
}

/** A read that came to nothing. */
export function failedRead(calledAt: number, process: string, outcome: 'refused' | 'unknown'): CommittedRead {
  return { kind: 'read', process, calledAt, outcome }
}

/** A session on node A that asked for everything from the first entry on, unless something else is said. */
export function session(id: string, events: readonly SessionEvent[], more: Partial<Session> = {}): Session {
  return { id, node: 'A', after: beginning, isDrain: false, events, ...more }
}

/** The same, read to the end of the stream. */
export function drain(node: string, events: readonly SessionEvent[], more: Partial<Session> = {}): Session {
  return session(`drain-${node}`, events, { node, isDrain: true, ...more })
}

export function entry(at: At, value: string): SessionEvent {
  return { kind: 'entry', place: place(at), value }
}

/** `a-1 b-1 a-2` at the offsets 1, 2, 3 of epoch 1; a dot is an offset that does not come. */
export function entries(values: string): readonly SessionEvent[] {
  return values.split(' ').flatMap((value, index) => (value === '.' ? [] : entry(index + 1, value)))
}

export function gap(from: At, to: At): SessionEvent {
  return { kind: 'gap', from: place(from), to: place(to) }
}

export function bookmark(at: At): SessionEvent {
  return { kind: 'bookmark', place: place(at) }
}

function sent(
  calledAt: number,
  value: string,
  topic?: string,
): Pick<Append, 'kind' | 'process' | 'value' | 'calledAt'> {
  const process = value.slice(0, value.lastIndexOf('-'))
  return { kind: 'append', process, value, calledAt, ...(topic === undefined ? {} : { topic }) }
}
