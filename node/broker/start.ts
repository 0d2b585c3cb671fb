// Where subscriptions begin on each stream: now, at the earliest, since a time, or after a cursor.

import type { Boot } from '../core/common/ids.ts'
import { fromOrigin } from '../core/common/ids.ts'
import type { FeedStart } from '../core/stream/feed.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'
import { isRefusal, type SubscribeRequest } from '../wire/control.ts'
import { decodeCursor } from '../wire/cursor.ts'
import { isInOrder } from './batch-store.ts'
import type { Broker } from './broker.ts'

/** Where a subscription begins on each stream. */
export function startOf(broker: Broker, from: SubscribeRequest['from']): (replica: Replica) => FeedStart {
  if (from === 'now') return () => ({ kind: 'now' })
  if (from === 'earliest') return (replica) => startAt(replica, (state) => earliest(broker, replica, state))
  if ('time' in from) {
    const { time } = from
    return (replica) =>
      startAt(replica, (state) => state.log.lastBefore(time, earliest(broker, replica, state)))
  }
  const cursor = decodeCursor(from.cursor)
  return (replica) => startAfter(isRefusal(cursor) ? new Map() : cursor, replica)
}

/** Last sequence by stream name and origin, as texts that may come from a file. */
export type Positions = ReadonlyMap<string, ReadonlyMap<string, number>>

/** Begins after a cursor; origins that it does not name are wanted from their first message on. */
export function startAfter(cursor: Positions, replica: Replica): FeedStart {
  const vector = new Map<Boot, number>()
  for (const [origin, sequence] of cursor.get(replica.name) ?? []) {
    const parts = fromOrigin(origin)
    if (parts !== undefined) vector.set(parts.boot, sequence)
  }
  return { kind: 'after', vector, others: 'zero' }
}

function startAt(replica: Replica, after: (state: OriginState) => number): FeedStart {
  const vector = new Map<Boot, number>()
  for (const state of replica.origins.values()) vector.set(state.boot, after(state))
  return { kind: 'after', vector, others: 'zero' }
}

/** The sequence before the first one that anybody holds. */
function earliest(broker: Broker, replica: Replica, state: OriginState): number {
  const first = isInOrder(replica) ? state.log.first?.from : broker.agent.earliestHeld(replica, state.boot)
  return first === undefined ? (state.position ?? state.goneTo) : first - 1
}
