// What a reader is told to be gone: what its feed says, or a batch of a stream's one order that stands for what nobody has any more.

import type { FeedItem } from '../core/stream/feed.ts'
import type { GapReason } from '../core/stream/origin-state.ts'
import { isGap } from '../wire/gap-batch.ts'

/** How far the gap reaches that an item of a feed tells, and why; undefined where it brings messages. */
export function toldGap(item: FeedItem): { readonly to: number; readonly reason: GapReason } | undefined {
  if (item.kind === 'gap') return item
  const { frame, to } = item.entry
  return frame !== undefined && isGap(frame) ? { to, reason: 'retention' } : undefined
}
