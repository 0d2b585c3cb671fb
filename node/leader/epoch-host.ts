// Who has the replicas of all epochs of a stream: the leader agent tells it when one is sealed and when one begins.

import type { Boot, NodeId } from '../core/common/ids.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { SealReport } from './fence.ts'
import type { StreamLedger } from './ledger.ts'
import type { Submission } from './submissions.ts'

/** A sealed epoch on this node. */
export interface SealedEpoch {
  /** What this node's boot numbers next on the stream. */
  readonly next: number
  /** What this node has of the epoch now. */
  report(): SealReport
}

/** Batches of one origin behind the fence of an epoch, in order and without a hole: they go on in the next one. */
export interface LeftOver {
  readonly node: NodeId
  readonly boot: Boot
  /** Sequence of the first one. */
  readonly from: number
  /** Copies, with the number of the stream. */
  readonly frames: readonly Uint8Array[]
}

export interface EpochHost {
  /** An epoch in gossip mode is to end: nothing more is numbered or delivered in it. */
  onSealed(stream: StreamLedger): SealedEpoch
  /**
   * An epoch begins, behind the sequences of the stream. `replica`: of one in leader mode. Returns what this node has published behind the
   * end of the one before; undefined where the epoch has begun already.
   */
  onEpoch(
    stream: StreamLedger,
    nodes: ReadonlyMap<Boot, NodeId>,
    replica: Replica | undefined,
  ): readonly LeftOver[] | undefined
  /** Batches of this node's publishers that have no place go on in the epoch in gossip mode that has begun. */
  publishAgain(stream: StreamLedger, submissions: readonly Submission[]): void
}
