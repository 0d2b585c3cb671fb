// One epoch of a stream on a node, and what follows from where it stands in the chain.

import { type Boot, type StreamId, toStreamId } from '../core/common/ids.ts'
import { type StreamMode, streamLimits } from '../core/stream/definition.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { Subscriber } from './subscriber.ts'

export interface Epoch {
  readonly number: number
  readonly replica: Replica
  /** Last sequences before it. */
  readonly behind: ReadonlyMap<Boot, number>
  /** When it ended, milliseconds; undefined while it is the present one. */
  endedAt: number | undefined
  /** In which mode its stream was made, where the catalog says another one by now; whoever made it at the same time has begun in that. */
  wanted?: StreamMode | undefined
}

/**
 * The last sequences before an epoch that has these. A floor that keeps batches of an epoch in leader mode stands for those as well, but they are of
 * it; what it has dropped of them nobody has, in whichever epoch that was.
 */
export function beginningOf(
  sequences: ReadonlyMap<Boot, number>,
  replica: Replica | undefined,
): ReadonlyMap<Boot, number> {
  const behind = new Map(sequences)
  for (const { boot, log } of replica?.origins.values() ?? [])
    if (log.first !== undefined) behind.set(boot, Math.min(behind.get(boot) ?? 0, log.first.from - 1))
  return behind
}

/** Whether a stream is in a mode, and no epoch of it is ending. */
export function isInMode({ definition, fence }: Replica, mode: StreamMode): boolean {
  return definition.mode === mode && fence === undefined
}

/** Whether somebody may hold something of an epoch: in leader mode all hold the same; in gossip mode others may, as long as retention lets them. */
export function mayBeAskedFor({ replica, endedAt = Number.POSITIVE_INFINITY }: Epoch, now: number): boolean {
  const { mode, retention } = replica.definition
  return mode === 'leader' ? replica.messages > 0 : now - endedAt < retention.ageMs
}

/** Whether somebody may yet read an epoch: whoever subscribes while it is the present one, or has not gone on into one of the later ones. */
export function isOwed(later: readonly Epoch[], subscribers: Iterable<Pick<Subscriber, 'feedOf'>>): boolean {
  if (later.length === 0) return true
  return [...subscribers].some((subscriber) =>
    later.every(({ replica }) => subscriber.feedOf(replica) === undefined),
  )
}

/**
 * The number that batches of an epoch in gossip mode carry: of the first one, the stream's. Those of a stream that was made again (`made`) have others:
 * who has not heard of that takes nothing of them for the stream before.
 */
export function toEpochId(name: string, epoch: number, made?: number): StreamId {
  if (made !== undefined) return toStreamId(`${name}#${epoch}#${made}`)
  return toStreamId(epoch === 0 ? name : `${name}#${epoch}`)
}

/** Retention is the stream's, not the epoch's: what later epochs hold leaves the less for those before. */
export function shareRetention(chain: readonly Epoch[]): void {
  const [present, ...ended] = chain.toReversed()
  if (present === undefined) return
  const { bytes, ageMs } = present.replica.definition.retention
  let left = bytes - present.replica.bytes
  for (const { replica } of ended) {
    const retention = { ageMs, bytes: Math.max(left, streamLimits.retentionBytesMin) }
    replica.definition = { ...replica.definition, retention }
    left -= replica.bytes
  }
}
