// How one member of a group behaves.

import type { FlowLimits } from './inflights.ts'
import type { MemberId } from './quorum.ts'

export interface RaftOptions {
  readonly id: MemberId
  /** Ticks without a leader after which an election begins, at least; at most one less than twice as many. Above `heartbeatTicks`. */
  readonly electionTicks: number
  /** Ticks between two heartbeats of a leader, 1 or more. */
  readonly heartbeatTicks: number
  /** Asks whether an election could be won before it begins one, which a member without a majority does not disturb others by (thesis §9.6). */
  readonly preVote: boolean
  /** A leader that a majority has not answered for an election's time steps down, and members that hear of a leader ignore candidates (§6.2). */
  readonly checkQuorum: boolean
  /** A leader that is removed, or made a learner, steps down once that is applied. */
  readonly stepsDownOnRemoval: boolean
  /** Whether followers pass proposals on to the leader. */
  readonly forwardsProposals: boolean
  /** Whether a proposed change of members is checked against those of now, and one at a time let through. */
  readonly checksChanges: boolean
  /**
   * Whether a snapshot is taken that does not name this member: it was added behind the snapshot's index, and hears so from the entries
   * that follow.
   */
  readonly joinsBehindSnapshots: boolean
  /** Entries in one append message, bytes; one entry may go beyond it. */
  readonly appendBytesMax: number
  /** Append messages under way to one member. */
  readonly flow: FlowLimits
  /** What a leader takes before a majority has it; one proposal may go beyond it. */
  readonly uncommittedBytesMax: number
  /** Committed entries that are being applied at the same time; one entry may go beyond it. */
  readonly applyingBytesMax: number
  /** Reads that a leader keeps until they are answered, 1 or more. */
  readonly readsMax: number
  /** Whether committed entries may be applied before they are durable here. */
  readonly appliesBeforeDurable: boolean
  /** Uniform in [0, 1): draws the time of elections. */
  readonly random: () => number
}
