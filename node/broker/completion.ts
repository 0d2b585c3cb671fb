// What a node lacks of an epoch in gossip mode that has ended is asked for, so that whoever reads in it comes to its end; what nobody has any more is told.

import type { Boot, NodeId } from '../core/common/ids.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'
import type { Epoch } from './epoch.ts'
import type { EpochsHost } from './epochs.ts'

/** `nodes`: whose the boots are that have published on the stream. */
export function completeEpoch(
  host: Pick<EpochsHost, 'handle' | 'now' | 'subscribersOf'>,
  { replica, behind }: Pick<Epoch, 'replica' | 'behind'>,
  nodes: ReadonlyMap<Boot, NodeId> | undefined,
): void {
  for (const [boot, to] of replica.fence ?? []) {
    const node = nodes?.get(boot)
    if (node === undefined) continue
    const state = replica.originState(node, boot, host.now())
    if (state.position === undefined) place(host, replica, state, behind.get(boot) ?? 0)
    const from = (state.position ?? 0) + 1
    if (from <= to) host.handle({ kind: 'backfill', replica, state, from, to })
  }
}

/** An origin that this node never met, or has forgotten: what lies before the epoch is not asked for in it. */
function place(
  host: Pick<EpochsHost, 'subscribersOf'>,
  replica: Replica,
  state: OriginState,
  behind: number,
): void {
  if (behind > 0) state.beginBehind(behind)
  replica.setBase(state, Math.max(behind, replica.forgotten.get(state.boot) ?? 0))
  for (const subscriber of host.subscribersOf(replica.stream)) subscriber.feedOf(replica)?.onBase(state)
}
