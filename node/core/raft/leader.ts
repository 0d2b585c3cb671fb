// What a leader does with proposals and answers (Raft paper §5.3, §5.4.2).

import type { MembershipChange } from './change.ts'
import { noData, type Proposal } from './entry.ts'
import type { AppendAnswer, HeartbeatAnswer } from './messages.ts'
import type { Progress } from './progress.ts'
import { nobody } from './quorum.ts'
import { answerReads, onCommitted } from './read-handlers.ts'
import { sendAppend, sendAppends, sendEntries } from './replication.ts'
import type { RaftState } from './state.ts'
import { sendTimeoutNow } from './transfer.ts'

/** Why a proposal was not taken. */
export type ProposalRefusal =
  | 'no leader'
  | 'not a member'
  | 'leadership is being handed over'
  | 'too much is uncommitted'

/** `isFree`: what the group itself needs is not bounded. */
export function onProposal(
  raft: RaftState,
  proposals: readonly Proposal[],
  isFree = false,
): ProposalRefusal | undefined {
  if (!raft.progress.has(raft.id)) return 'not a member'
  if (raft.transferee !== nobody) return 'leadership is being handed over'
  const first = raft.log.lastIndex + 1
  const pendingBefore = raft.pendingChangeIndex
  const accepted = proposals.map((proposal, at) => checkChange(raft, proposal, first + at))
  if (!raft.appendOwn(accepted, isFree)) {
    raft.pendingChangeIndex = pendingBefore
    return 'too much is uncommitted'
  }
  sendAppends(raft)
  return undefined
}

/** A change that cannot be made now becomes an entry that does nothing: what was proposed with it keeps its place. */
function checkChange(raft: RaftState, proposal: Proposal, index: number): Proposal {
  if (proposal.change === undefined) return proposal
  if (raft.options.checksChanges && changeProblem(raft, proposal.change) !== undefined)
    return { data: noData }
  raft.pendingChangeIndex = index
  return proposal
}

/** Why a change cannot be proposed now; undefined if it can. Only the last word is the entry's, when it is applied. */
export function changeProblem(raft: RaftState, change: MembershipChange): string | undefined {
  if (raft.pendingChangeIndex > raft.log.applied)
    return `a change may be under way at index ${raft.pendingChangeIndex}, and ${raft.log.applied} is applied`
  const { isJoint } = raft.configuration
  const isLeaving = change.changes.length === 0
  if (isJoint && !isLeaving) return 'the joint configuration must be left first'
  return !isJoint && isLeaving ? 'there is no joint configuration to leave' : undefined
}

export function onAppendAnswer(raft: RaftState, answer: AppendAnswer, member: Progress): void {
  member.isActive = true
  if (answer.hint !== undefined) onRejected(raft, answer, member)
  else onAccepted(raft, answer, member)
}

function onRejected(raft: RaftState, { from, index, hint }: AppendAnswer, member: Progress): void {
  if (hint === undefined) return
  // Where this log's terms are later than the member's, it cannot match either: one question a term, not one an entry (§5.3, end).
  const probe = hint.term > 0 ? raft.log.lastWithTermUpTo(hint.term, hint.index).index : hint.index
  if (!member.onRejected(index, probe)) return
  if (member.state === 'replicate') member.becomeProbe()
  sendAppend(raft, from)
}

function onAccepted(raft: RaftState, { from, index }: AppendAnswer, member: Progress): void {
  const isOther = from !== raft.id
  // A member that is probed answers with what was known, too: it can be sent entries again.
  if (!member.onMatch(index) && !(member.match === index && member.state === 'probe')) return
  if (member.state === 'probe') member.becomeReplicate()
  else if (member.state === 'replicate') member.inflights.freeUpTo(index)
  else if (member.match + 1 >= raft.log.firstIndex) {
    // However it got there, what follows is in the log.
    member.becomeProbe()
    member.becomeReplicate()
  }
  if (raft.advanceCommit()) {
    onCommitted(raft)
    sendAppends(raft)
  } else if (isOther && member.wantsCommit(raft.log.committed)) sendAppend(raft, from)
  if (!isOther) return
  sendEntries(raft, from)
  if (from === raft.transferee && member.match === raft.log.lastIndex) sendTimeoutNow(raft, from)
}

export function onHeartbeatAnswer(raft: RaftState, answer: HeartbeatAnswer, member: Progress): void {
  member.isActive = true
  member.isFlowPaused = false
  // Something may have been lost, or the member waits to be probed.
  if (member.match < raft.log.lastIndex || member.state === 'probe') sendAppend(raft, answer.from)
  if (answer.round > 0) answerReads(raft, answer.from, answer.round)
}

/** A snapshot was transferred, or not: probing goes on with the next heartbeat's answer, or the member's own. */
export function onSnapshotSent(member: Progress, isSent: boolean): void {
  if (member.state !== 'snapshot') return
  // Behind a snapshot that did not arrive nothing would match.
  if (!isSent) member.pendingSnapshot = 0
  member.becomeProbe()
  member.isFlowPaused = true
}

/** Messages to a member were lost, probably: it is asked where it stands. */
export function onUnreachable(member: Progress): void {
  if (member.state === 'replicate') member.becomeProbe()
}

/** Steps down where a majority has been silent for the time of an election (§6.2 of the thesis). */
export function checkQuorum(raft: RaftState): void {
  const active = new Map(Array.from(raft.progress, ([id, { isActive }]) => [id, isActive || id === raft.id]))
  if (raft.configuration.voteResult(active) !== 'won') raft.becomeFollower(raft.term, nobody)
  for (const [, member] of raft.others) member.isActive = false
}
