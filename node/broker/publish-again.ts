// What has waited for a place when an epoch in leader mode ended, or was left over of one in gossip mode: it goes on in an epoch in gossip mode.

import type { Replica } from '../core/stream/replica.ts'
import type { Submission } from '../leader/submissions.ts'
import { batchCount, batchFlag, batchSequence, lastingFlags, numberBatch } from '../wire/batch-header.ts'
import { batchFrom } from '../wire/batch-producer.ts'
import { gapBehind, isGap } from '../wire/gap-batch.ts'
import type { EpochsHost } from './epochs.ts'

/** Publishes this node's batches that have no place on the replica of an epoch in gossip mode. Of gaps among them, the numbers pass by. */
export function publishAgain(
  host: EpochsHost,
  replica: Replica | undefined,
  epoch: number,
  submissions: readonly Submission[],
): void {
  const { agent, boot } = host
  if (replica !== undefined) passUsedUp(host, replica)
  for (const { frame: submitted, onPlaced, asksForCopies } of submissions) {
    const next = replica === undefined ? 0 : agent.nextSequence(replica)
    const frame = isGap(submitted)
      ? gapBehind(submitted, next - 1)
      : batchFrom(submitted, next, host.allocate)
    if (replica === undefined || batchSequence(frame) !== next) {
      onPlaced?.(undefined)
      continue
    }
    if (isGap(frame)) {
      const own = replica.originState(host.node, boot, host.now())
      own.passGone(next + batchCount(frame) - 1, host.now())
      replica.skip(own, own.last)
      continue
    }
    const copy = host.allocate(frame.length)
    copy.set(frame)
    const confirm = asksForCopies === true && onPlaced !== undefined
    const flags = lastingFlags(frame) | (confirm ? batchFlag.confirm : 0)
    numberBatch(copy, replica.id, boot, batchSequence(frame), flags)
    const placed = { epoch, offset: 0 }
    const token = confirm ? host.confirmations.add((ok) => onPlaced(ok ? placed : undefined)) : 0
    const count = batchCount(frame)
    host.handle({ kind: 'publish', replica, frame: copy, count, confirm, token })
    host.onPublishedAgain(replica, batchSequence(copy), batchSequence(copy) + count - 1)
    if (!confirm) onPlaced?.(placed)
  }
}

/** What this node has numbered on a stream of the same name that was removed is used up: it goes on behind that. */
export function passUsedUp(host: EpochsHost, replica: Replica): void {
  const used = host.leader.desk.takeUsedUp(replica.stream)
  if (used === 0 || used < host.agent.nextSequence(replica)) return
  const own = replica.originState(host.node, host.boot, host.now())
  own.beginBehind(used)
  replica.skip(own, own.last)
}
