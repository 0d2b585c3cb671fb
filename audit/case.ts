// What is known of one subscription and one origin, put together by check.ts and judged by verdict.ts.

import type { Closing, JournalHole, OriginDelivery } from './delivery-record.ts'
import type { SentRecord } from './sent-ledger.ts'
import type { SequenceSet } from './sequence-set.ts'

/** What the journal of an origin allows to say about sequences that it does not have as sent. */
export interface OriginState {
  /** No `sent` line can be missing unless one of the next fields says so. */
  readonly gapReason: 'origin-journal-missing' | 'origin-journal-damaged' | undefined
  /** Lines before the first one are gone: lower sequences are unknown. */
  readonly isHeadCut: boolean
  /** `complete`: it stopped in order. `crashed`: its last lines are missing. Otherwise until when it was written. */
  readonly tail: 'complete' | 'crashed' | { readonly writtenUntil: number }
  /** True if the boot was over before the subscription was made: unless a line names it, nothing of it is due. */
  readonly isBygone: boolean
  /** True if the boot was over before the subscription was made, with all that a crash may have taken of its journal. */
  readonly isHistory: boolean
  /** True if the boot was over before the first line of the subscription. */
  readonly wasOverBefore: boolean
}

/** All that is known about one subscription and one origin. Times are by the clock of the node that is named. */
export interface Case {
  readonly origin: string
  readonly sent: SentRecord | undefined
  /** Sent in leader mode, and not published in gossip mode after all. */
  readonly ordered: SequenceSet
  /** Some node says that nothing up to here is left with it. */
  readonly droppedTo: number
  /** The same of what it had said before the subscription was made. */
  readonly droppedBefore: number
  /** What was sent in leader mode had its place for certain up to here. */
  readonly placedTo: number
  /** Sequences that passed by with no message. */
  readonly voids: SequenceSet
  /** Those of them for which no message stands anywhere else: they are due all the same. */
  readonly unjustified: SequenceSet
  readonly state: OriginState
  readonly delivery: OriginDelivery
  /** Undefined when no `sub` line is there. */
  readonly patterns: readonly string[] | undefined
  readonly isHeadless: boolean
  readonly isBroken: boolean
  readonly isSubscriberJournalPartial: boolean
  readonly closing: Closing | undefined
  readonly holes: readonly JournalHole[]
  /** A hole behind everything that is known of the subscription may hide its end. */
  readonly mayHaveEnded: boolean
  /** From the subscriber's clock to the origin's. */
  readonly toOriginClock: (moment: number) => number
  /** Sent later than this may still be on its way; by the origin's clock. */
  readonly pendingAfter: number
  /** What was numbered by then was so before the subscription was made; by the origin's clock. -Infinity where nothing is certain. */
  readonly historyUntil: number
  /** Delivered later than this by an origin that still runs may not be journaled yet; subscriber's clock. */
  readonly unwrittenAfter: number
}
