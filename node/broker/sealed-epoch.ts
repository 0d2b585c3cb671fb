// What a node has of an epoch in gossip mode that is being ended: what it says to the leader, and what is left over behind the fence.

import { type Boot, type NodeId, type Origin, toOrigin } from '../core/common/ids.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'
import type { SequenceRange } from '../core/stream/sequence-ranges.ts'
import type { LeftOver } from '../leader/epoch-host.ts'
import type { Held, SealReport } from '../leader/fence.ts'
import { batchFlag, batchSequence, lastingFlags, numberBatch } from '../wire/batch-header.ts'

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

/** What every origin has numbered behind the fence without a hole, as far as it is held here: copies that can be submitted. */
export function leftOver(replica: Replica, fence: ReadonlyMap<Boot, number>): LeftOver[] {
  const found: LeftOver[] = []
  for (const { node, boot, log } of replica.origins.values()) {
    const from = (fence.get(boot) ?? 0) + 1
    const frames: Uint8Array[] = []
    for (let entry = log.atOrAfter(from), next = from; entry?.from === next; entry = log.atOrAfter(next)) {
      const { frame } = entry
      next = entry.to + 1
      if (frame === undefined) break
      const copy = new Uint8Array(frame)
      const flags = lastingFlags(copy) | batchFlag.submitted
      numberBatch(copy, replica.stream, boot, batchSequence(frame), flags)
      frames.push(copy)
    }
    if (frames.length > 0) found.push({ node, boot, from, frames })
  }
  return found
}
