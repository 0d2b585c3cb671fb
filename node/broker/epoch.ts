// One epoch of a stream on a node, and what follows from where it stands in the chain.

import { type Boot, type NodeId, type StreamId, toStreamId } from '../core/common/ids.ts'
import { type StreamDefinition, type StreamMode, streamLimits } from '../core/stream/definition.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { StreamEnd } from './stream-table.ts'
import type { Subscriber } from './subscriber.ts'

export interface Epoch {
  readonly number: number
  readonly replica: Replica
  /** Last sequences before it. */
  readonly behind: ReadonlyMap<Boot, number>
  /** When it ended, milliseconds; undefined while it is the present one. */
  endedAt: number | undefined
  /** The mode that the catalog says, where it is another one. */
  wanted?: StreamMode | undefined
}

/**
 * The mode that a stream is to come into: that of the catalog, until its group has heard of the stream. A group that knows the one of this name before
 * (`known`) has it in whichever mode that was; and one that is made over two nodes at once, in two modes, begins in both.
 */
export function wantedMode(
  present: Epoch | undefined,
  known: StreamDefinition | undefined,
): StreamMode | undefined {
  const made = present?.replica.definition.made ?? 0
  const hasHeard = known !== undefined && (known.made ?? 0) >= made
  return hasHeard ? undefined : present?.wanted
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

/** Which of two streams of a name was made later (`made` of their definitions). */
export function laterOf(one: number | undefined, other: number | undefined): number | undefined {
  return Math.max(one ?? 0, other ?? 0) || undefined
}

/** Whether a stream is in a mode, and no epoch of it is ending. */
export function isInMode({ definition, fence }: Replica, mode: StreamMode): boolean {
  return definition.mode === mode && fence === undefined
}

/**
 * Whether an epoch in gossip mode is of the stream before the one of this definition: the log of the group begins an epoch as of the stream that it was
 * told of.
 */
export function isOfStreamBefore({ replica }: Epoch, definition: StreamDefinition): boolean {
  const { mode, made = 0 } = replica.definition
  return mode === 'gossip' && (definition.made ?? 0) > made
}

/**
 * Of a stream that is removed, or another one is made in its place: the epochs that the log has brought of that one before the catalog did, and all
 * others. In leader mode an offset tells them apart, not the epoch.
 */
export function splitAtNext(
  chain: readonly Epoch[],
  { isRemoved, made = 0 }: StreamEnd,
): [next: Epoch[], over: Epoch[]] {
  const first = isRemoved ? made + 1 : Math.max(1, made)
  const isNext = ({ replica: { definition } }: Epoch): boolean =>
    definition.mode === 'gossip' && (definition.made ?? 0) >= first
  // Where that one has gone on into leader mode, it goes on in the epoch in which its group has it.
  const present = chain.at(-1)
  if (present === undefined || !isNext(present)) return [[], [...chain]]
  return [chain.filter(isNext), chain.filter((epoch) => !isNext(epoch))]
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

/** Of an epoch in leader mode nothing is missing here but what a floor stood for. */
export function passRest(
  replica: Replica,
  fence: ReadonlyMap<Boot, number>,
  nodes: ReadonlyMap<Boot, NodeId> | undefined,
  now: number,
): void {
  for (const [boot, to] of fence) {
    const node = nodes?.get(boot)
    if (node !== undefined) replica.pass(replica.originState(node, boot, now), to)
  }
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
