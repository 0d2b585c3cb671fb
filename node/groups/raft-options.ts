// How the groups of a node behave.

import type { RaftOptions } from '../core/raft/options.ts'
import type { MemberId } from '../core/raft/quorum.ts'

/** Ticks between two heartbeats, and without a leader until an election. */
export interface GroupPace {
  readonly heartbeatTicks: number
  readonly electionTicks: number
}

/** What a group's leader may hold, bytes. */
export interface GroupLimits {
  readonly uncommittedBytesMax: number
  readonly appendBytesMax: number
}

export function raftOptions(
  id: MemberId,
  random: () => number,
  pace: GroupPace,
  { uncommittedBytesMax, appendBytesMax }: GroupLimits,
): RaftOptions {
  return {
    id,
    ...pace,
    preVote: true,
    checkQuorum: true,
    stepsDownOnRemoval: true,
    forwardsProposals: false,
    checksChanges: true,
    joinsBehindSnapshots: true,
    appendBytesMax,
    flow: { messages: 256, bytes: 8_388_608 },
    uncommittedBytesMax,
    applyingBytesMax: 4_194_304,
    readsMax: 1000,
    appliesBeforeDurable: true,
    random,
  }
}
