// Elections (Raft paper §5.2, §5.4.1), with a vote before the vote (thesis §9.6).

import { isUpToDate, noData } from './entry.ts'
import type { VoteAnswer, VoteRequest } from './messages.ts'
import { nobody } from './quorum.ts'
import { sendAppends } from './replication.ts'
import type { RaftState } from './state.ts'

export type CampaignKind = 'pre-vote' | 'election' | 'transfer'

/** Begins an election, unless this member could not lead. */
export function startElection(raft: RaftState, kind: CampaignKind): void {
  if (raft.role === 'leader' || !canLead(raft)) return
  // A change that is committed and not applied may have made this member's configuration an old one.
  if (raft.log.hasUnappliedChange()) return
  campaign(raft, kind)
}

/** Whether this member votes, and its log is whole. */
export function canLead(raft: RaftState): boolean {
  const own = raft.progress.get(raft.id)
  return own !== undefined && !own.isLearner && !raft.log.hasSnapshotPending
}

function campaign(raft: RaftState, kind: CampaignKind): void {
  const isPre = kind === 'pre-vote'
  if (isPre) raft.becomePreCandidate()
  else raft.becomeCandidate()
  const term = isPre ? raft.term + 1 : raft.term
  const { id: from } = raft
  const { last } = raft.log
  for (const to of raft.configuration.electors) {
    // Its own vote counts when it is durable, like everybody's.
    if (to === from)
      raft.send({ kind: isPre ? 'pre-vote-answer' : 'vote-answer', from, to, term, isGranted: true, last })
    else
      raft.send({
        kind: isPre ? 'pre-vote' : 'vote',
        ...{ from, to, term, last, isTransfer: kind === 'transfer' },
      })
  }
}

/** Somebody asks for this member's vote. Learners vote too: one that was promoted may not know it yet. */
export function onVoteRequest(raft: RaftState, request: VoteRequest): void {
  const isPre = request.kind === 'pre-vote'
  const isFree = raft.vote === nobody && raft.leader === nobody
  const mayVote = raft.vote === request.from || isFree || (isPre && request.term > raft.term)
  const isGranted = mayVote && isUpToDate(request.last, raft.log.last)
  // A granted vote has the term that was asked for, which a pre-vote has not made this member's own.
  const term = isGranted ? request.term : raft.term
  const kind = isPre ? 'pre-vote-answer' : 'vote-answer'
  raft.send({ kind, from: raft.id, to: request.from, term, isGranted, last: request.last })
  if (!isGranted || isPre) return
  raft.electionElapsed = 0
  raft.vote = request.from
}

/** An answer to this candidate. Answers to what it asked before it became one are not for this election. */
export function onVoteAnswer(raft: RaftState, answer: VoteAnswer): void {
  const awaited = raft.role === 'pre-candidate' ? 'pre-vote-answer' : 'vote-answer'
  if (answer.kind !== awaited) return
  // A candidate that has crashed may ask again in the same term, with less: what it had then was not durable.
  const { last } = raft.log
  if (answer.isGranted && (answer.last.term !== last.term || answer.last.index !== last.index)) return
  // The first answer of a member counts.
  if (!raft.votes.has(answer.from)) raft.votes.set(answer.from, answer.isGranted)
  const result = raft.configuration.voteResult(raft.votes)
  if (result === 'lost') raft.becomeFollower(raft.term, nobody)
  // Its own vote says that term, vote and log are durable here: who leads without that could lead twice in one term.
  if (result !== 'won' || !raft.votes.has(raft.id)) return
  if (raft.role === 'pre-candidate') campaign(raft, 'election')
  else lead(raft)
}

/** A new leader appends an entry of its own term: with it everything before it becomes committed (§5.4.2, §8). */
function lead(raft: RaftState): void {
  raft.becomeLeader()
  raft.appendOwn([{ data: noData }], true)
  sendAppends(raft)
}

/** Whether a member that hears of a leader ignores a candidate: one that was removed should not disturb (§6, thesis §4.2.3). */
export function isInLease(raft: RaftState): boolean {
  const { checkQuorum, electionTicks } = raft.options
  return checkQuorum && raft.leader !== nobody && raft.electionElapsed < electionTicks
}
