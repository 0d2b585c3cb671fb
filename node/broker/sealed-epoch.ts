// What a node has of an epoch in gossip mode that is being ended: what it says to the leader, and what is left over behind the fence.

import { type Boot, type NodeId, type Origin, toOrigin } from '../core/common/ids.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'
import type { SequenceRange } from '../core/stream/sequence-ranges.ts'
import type { LeftOver } from '../leader/epoch-host.ts'
import type { Held, SealReport } from '../leader/fence.ts'
import { batchCount, batchFlag, batchSequence, lastingFlags, numberBatch } from '../wire/batch-header.ts'
import { batchFrom } from '../wire/batch-producer.ts'
import { encodeGap } from '../wire/gap-batch.ts'

/** Ranges of one origin that are told; what lies behind them is not counted as held. */
const rangesMax = 64

/** `own`: the last sequence that this boot has numbered. */
export function reportSealed(replica: Replica, node: NodeId, boot: Boot, own: number): SealReport {
  const held = new Map<Origin, Held>()
  for (const state of replica.origins.values()) {
    const delivered = state.position ?? 0
    held.set(state.origin, { delivered, ranges: rangesBehind(state, delivered) })
  }
  held.set(toOrigin(node, boot), { delivered: own, ranges: [] })
  return { node, boot, own, isInterested: replica.interestedSince !== undefined, held }
}

/** What is held of an origin behind a sequence. */
function rangesBehind({ log }: OriginState, sequence: number): SequenceRange[] {
  const first = log.atOrAfter(sequence + 1)
  const last = log.last?.to ?? 0
  if (first === undefined) return []
  const ranges: SequenceRange[] = []
  let from = Math.max(first.from, sequence + 1)
  for (const hole of log.missing(from, last)) {
    if (hole.from > from) ranges.push({ from, to: hole.from - 1 })
    from = hole.to + 1
  }
  if (from <= last) ranges.push({ from, to: last })
  return ranges.slice(0, rangesMax)
}

/** Copies of what is held of an origin from a sequence on, up to the first hole or `bytesMax`, as they can be submitted. */
export function leftOver(
  { stream }: Replica,
  { boot, log }: OriginState,
  from: number,
  bytesMax: number = Number.POSITIVE_INFINITY,
): Uint8Array[] {
  const frames: Uint8Array[] = []
  let bytes = 0
  for (let entry = log.atOrAfter(from), next = from; entry !== undefined && bytes < bytesMax; ) {
    const { frame } = entry
    if (entry.from > next || frame === undefined) break
    const copy = new Uint8Array(batchFrom(frame, next, allocate))
    numberBatch(copy, stream, boot, batchSequence(copy), lastingFlags(copy) | batchFlag.submitted)
    frames.push(copy)
    bytes += copy.length
    next = entry.to + 1
    entry = log.atOrAfter(next)
  }
  return frames
}

/** What a node has published behind the fence of an epoch. */
export function leftOverOf(
  replica: Replica,
  { node, boot }: { readonly node: NodeId; readonly boot: Boot },
  fence: ReadonlyMap<Boot, number>,
): readonly LeftOver[] {
  const state = replica.origins.get(boot)
  const from = (fence.get(boot) ?? 0) + 1
  const frames = state === undefined ? [] : ownLeftOver(replica, state, from)
  return frames.length === 0 ? [] : [{ node, boot, from, frames }]
}

/** The same of this node's own messages, all of them: for what it has dropped stand gaps, since nobody else will ever say what became of it. */
function ownLeftOver(replica: Replica, state: OriginState, from: number): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let next = from; next <= state.last; ) {
    const held = leftOver(replica, state, next)
    frames.push(...held)
    const last = held.at(-1)
    if (last !== undefined) next = batchSequence(last) + batchCount(last)
    const to = state.gapAt(next)?.to
    if (to === undefined) return frames
    frames.push(...encodeGap({ stream: replica.stream, boot: state.boot, from: next, to }))
    next = to + 1
  }
  return frames
}

function allocate(bytes: number): Uint8Array {
  return new Uint8Array(bytes)
}
