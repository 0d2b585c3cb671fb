// Where subscriptions begin on each stream: now, at the earliest, since a time, or after a cursor.

import type { Refusal } from '../core/common/errors.ts'
import type { Boot } from '../core/common/ids.ts'
import { fromOrigin } from '../core/common/ids.ts'
import type { FeedStart } from '../core/stream/feed.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'
import { batchCount, batchPlace } from '../wire/batch-header.ts'
import { isVoid } from '../wire/batch-producer.ts'
import { isRefusal, type SubscribeRequest } from '../wire/control.ts'
import { decodeCursor } from '../wire/cursor.ts'
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
  if ('offset' in from)
    return (replica) =>
      replica.definition.mode === 'leader' ? startAtOffset(replica, from.offset) : { kind: 'now' }
  const cursor = decodeCursor(from.cursor)
  return (replica) => startAfter(isRefusal(cursor) ? new Map() : cursor, replica)
}

/** Why an offset means nothing on the streams of some patterns; undefined if it does. Beside one that has an order, others begin now. */
export function offsetProblem({ streams }: Broker, patterns: readonly string[]): Refusal | undefined {
  const touched = new Set(patterns.flatMap((pattern) => streams.streamsOf(pattern)))
  if ([...touched].some(({ definition }) => definition.mode === 'leader')) return undefined
  const names = [...touched].map(({ name }) => name).join(', ')
  const reason = `an offset is a place in the order of a stream in leader mode; ${patterns.join(' ')} touches ${names}, in gossip mode`
  return { refused: 'OFFSET_NEEDS_ORDER', reason }
}

/** The epoch of a stream in which a subscription begins, of those that are still here, oldest first; it goes on from there. */
export type ChooseEpoch = (epochs: readonly Replica[]) => Replica | undefined

/** What `startOf` means where a stream has changed its mode. */
export function epochOf(from: SubscribeRequest['from']): ChooseEpoch {
  if (from === 'now') return (epochs) => epochs.at(-1)
  if (from === 'earliest') return firstHeld
  if ('time' in from) return (epochs) => epochAt(epochs, from.time)
  if ('offset' in from) return (epochs) => epochs.find((replica) => lastOffset(replica) >= from.offset)
  const cursor = decodeCursor(from.cursor)
  return isRefusal(cursor) ? (epochs) => epochs.at(-1) : epochAfter(cursor)
}

const firstHeld: ChooseEpoch = (epochs) => epochs.find(({ messages }) => messages > 0)

/**
 * The epoch in which a time lies: those that were over by then hold nothing from then on. Where this node has nothing of it, others may: it
 * is come to from the end of the one before of which something is here.
 */
function epochAt(epochs: readonly Replica[], time: number): Replica | undefined {
  const at = epochs.findIndex(({ endedAt }) => endedAt === undefined || endedAt >= time)
  if (at === epochs.length - 1) return epochs[at]
  return firstHeld(epochs.slice(0, at + 1).toReversed()) ?? firstHeld(epochs)
}

/** The first epoch of which a cursor has not passed everything. */
export function epochAfter(cursor: Positions): ChooseEpoch {
  return (epochs) =>
    epochs.find(({ name, fence }) => {
      if (fence === undefined) return true
      // Also of origins that this node has never heard of: what they published, others hold.
      const vector = byBoot(cursor, name)
      return [...fence].some(([boot, to]) => (vector.get(boot) ?? 0) < to)
    })
}

/** Offset of the last message that is held; 0 where none is, or has one. */
export function lastOffset({ delivered, entries }: Replica): number {
  for (let at = delivered.end - 1; at >= delivered.first; at--) {
    const item = delivered.at(at)
    const frame = typeof item === 'number' ? entries.at(item).frame : undefined
    if (frame !== undefined && !isVoid(frame))
      return batchPlace(frame) === 0 ? 0 : batchPlace(frame) + batchCount(frame) - 1
  }
  return 0
}

/** Offset of the first message that is held; undefined where none is. */
export function firstOffset({ delivered, entries }: Replica): number | undefined {
  for (let at = delivered.first; at < delivered.end; at++) {
    const item = delivered.at(at)
    const frame = typeof item === 'number' ? entries.at(item).frame : undefined
    if (frame !== undefined && !isVoid(frame)) return batchPlace(frame)
  }
  return undefined
}

/** Begins with the message at an offset. Where retention has dropped it, everything that is gone is told. */
export function startAtOffset({ delivered, entries, origins }: Replica, offset: number): FeedStart {
  const vector = new Map<Boot, number>()
  for (let at = delivered.first; at < delivered.end; at++) {
    const item = delivered.at(at)
    const entry = typeof item === 'number' ? entries.at(item) : undefined
    const place = entry?.frame === undefined ? 0 : batchPlace(entry.frame)
    if (entry === undefined || place === 0) continue
    if (vector.size === 0 && place <= offset) beginAtFirst(origins.values(), vector)
    if (place >= offset) break
    vector.set(entry.boot, Math.min(entry.to, entry.from + offset - place - 1))
  }
  return { kind: 'after', vector, others: 'zero' }
}

/** What is gone lies before where it begins, so it is not told. */
function beginAtFirst(origins: Iterable<OriginState>, vector: Map<Boot, number>): void {
  for (const { boot, log, position = 0 } of origins) {
    const { first } = log
    vector.set(boot, first === undefined ? position : first.from - 1)
  }
}

/** Last sequence by stream name and origin, as texts that may come from a file. */
export type Positions = ReadonlyMap<string, ReadonlyMap<string, number>>

/** Begins after a cursor; origins that it does not name are wanted from their first message on. */
export function startAfter(cursor: Positions, { name }: Replica): FeedStart {
  return { kind: 'after', vector: byBoot(cursor, name), others: 'zero' }
}

/** Where a cursor stands on a stream. */
function byBoot(cursor: Positions, name: string): Map<Boot, number> {
  const vector = new Map<Boot, number>()
  for (const [origin, sequence] of cursor.get(name) ?? []) {
    const parts = fromOrigin(origin)
    if (parts !== undefined) vector.set(parts.boot, sequence)
  }
  return vector
}

function startAt(replica: Replica, after: (state: OriginState) => number): FeedStart {
  const vector = new Map<Boot, number>()
  for (const state of replica.origins.values()) vector.set(state.boot, after(state))
  return { kind: 'after', vector, others: 'zero' }
}

/** The sequence before the first one that anybody holds and that retention has not dropped here: that is not asked for again. */
function earliest(broker: Broker, replica: Replica, state: OriginState): number {
  const isLeader = replica.definition.mode === 'leader'
  const first = isLeader ? state.log.first?.from : broker.agent.earliestHeld(replica, state.boot)
  return first === undefined ? (state.position ?? state.goneTo) : (state.gone.endAt(first) ?? first - 1)
}
