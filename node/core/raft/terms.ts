// Terms: who is behind learns of it, whoever is ahead says so (Raft paper §5.1).

import { isInLease } from './election.ts'
import type { AppendRequest, Heartbeat, SnapshotRequest, TermMessage } from './messages.ts'
import { nobody } from './quorum.ts'
import type { RaftState } from './state.ts'

/** Whether a message is of this member's term, or of one that it now has too. */
export function takeTerm(raft: RaftState, message: TermMessage): boolean {
  const { kind, from, term } = message
  if (term < raft.term) {
    answerOldTerm(raft, message)
    return false
  }
  if (term === raft.term) return true
  const isVote = kind === 'vote' || kind === 'pre-vote'
  if (isVote && !message.isTransfer && isInLease(raft)) return false
  // Asking, or being told that one would be voted for, changes nobody's term.
  if (kind === 'pre-vote' || (kind === 'pre-vote-answer' && message.isGranted)) return true
  raft.becomeFollower(term, isFromLeader(message) ? from : nobody)
  return true
}

/** Whether only a leader says this. */
export function isFromLeader(message: TermMessage): message is AppendRequest | Heartbeat | SnapshotRequest {
  return message.kind === 'append' || message.kind === 'heartbeat' || message.kind === 'snapshot'
}

/** Somebody has not heard of this term. */
function answerOldTerm(raft: RaftState, { kind, from: to }: TermMessage): void {
  const { id: from, term, options } = raft
  const isLeaders = kind === 'heartbeat' || kind === 'append'
  // This member may be ahead because it campaigned alone: the leader steps down, and one election brings both together again.
  if (isLeaders && (options.checkQuorum || options.preVote))
    raft.send({ kind: 'append-answer', from, to, term, index: 0, hint: undefined })
  else if (kind === 'pre-vote')
    raft.send({ kind: 'pre-vote-answer', from, to, term, isGranted: false, last: raft.log.last })
}
