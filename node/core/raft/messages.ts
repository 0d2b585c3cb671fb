// What members of a group say to each other. Every message carries its sender's term, except those that are passed on for a client.

import type { LogEntry, Position, Proposal, Snapshot } from './entry.ts'
import type { MemberId } from './quorum.ts'

interface Addressed {
  readonly from: MemberId
  readonly to: MemberId
}

interface InTerm extends Addressed {
  readonly term: number
}

/** RequestVote (Raft paper §5.2), and the question before it that changes nobody's term (thesis §9.6). */
export interface VoteRequest extends InTerm {
  readonly kind: 'vote' | 'pre-vote'
  /** The term that is campaigned for: of a pre-vote, the one after the sender's. */
  readonly term: number
  readonly last: Position
  /** The leader asked for this election, and so nobody waits for it (thesis §3.10). */
  readonly isTransfer: boolean
}

export interface VoteAnswer extends InTerm {
  readonly kind: 'vote-answer' | 'pre-vote-answer'
  readonly isGranted: boolean
  /** The end of the candidate's log that was asked with: a vote is for no other log. */
  readonly last: Position
}

/** AppendEntries (§5.3). Without entries it tells the commit index, or asks whether the logs match. */
export interface AppendRequest extends InTerm {
  readonly kind: 'append'
  readonly previous: Position
  readonly entries: readonly LogEntry[]
  readonly commit: number
}

export interface AppendAnswer extends InTerm {
  readonly kind: 'append-answer'
  /** Everything up to here is durable and as the leader has it; if rejected, the index that did not match. */
  readonly index: number
  /** Where the logs may match; undefined unless rejected. */
  readonly hint: Position | undefined
}

export interface Heartbeat extends InTerm {
  readonly kind: 'heartbeat'
  readonly commit: number
  /** The latest round of reads that waits for a majority; 0 if none does. */
  readonly round: number
}

export interface HeartbeatAnswer extends InTerm {
  readonly kind: 'heartbeat-answer'
  readonly round: number
}

export interface SnapshotRequest extends InTerm {
  readonly kind: 'snapshot'
  readonly snapshot: Snapshot
}

/** Campaign at once: the leader hands over (thesis §3.10). */
export interface TimeoutNow extends InTerm {
  readonly kind: 'timeout-now'
}

/** A proposal, passed on to the leader. */
export interface ForwardedProposal extends Addressed {
  readonly kind: 'propose'
  readonly proposals: readonly Proposal[]
}

/** A wish to hand leadership over, passed on to the leader. */
export interface ForwardedTransfer extends Addressed {
  readonly kind: 'transfer'
  readonly target: MemberId
}

/** A read, passed on to the leader; `request` is the asker's number for it, which it never uses again. */
export interface ReadRequest extends Addressed {
  readonly kind: 'read'
  readonly request: number
}

export interface ReadAnswer extends InTerm {
  readonly kind: 'read-answer'
  readonly request: number
  /** Everything that was committed when the read was asked for is applied once this is. */
  readonly index: number
}

/** Says something about the term of its sender. */
export type TermMessage =
  | VoteRequest
  | VoteAnswer
  | AppendRequest
  | AppendAnswer
  | Heartbeat
  | HeartbeatAnswer
  | SnapshotRequest
  | TimeoutNow
  | ReadAnswer

export type Message = TermMessage | ForwardedProposal | ForwardedTransfer | ReadRequest

/** Messages that promise that something is durable: they wait for the disk. */
export type DurableMessage = VoteAnswer | AppendAnswer
export type PromptMessage = Exclude<Message, DurableMessage>

/** Whether a message promises that something is durable. */
export function isDurable(message: Message): message is DurableMessage {
  const { kind } = message
  return kind === 'append-answer' || kind === 'vote-answer' || kind === 'pre-vote-answer'
}
