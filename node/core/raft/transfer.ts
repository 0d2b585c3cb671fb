// Handing leadership over (Raft thesis §3.10): the leader brings the other's log up to date, takes nothing new meanwhile, and tells it to
// campaign at once. If that has not worked within the time of an election, it leads on (Raft.tick).

import { type MemberId, nobody } from './quorum.ts'
import { sendAppend } from './replication.ts'
import type { RaftState } from './state.ts'

export function onTransfer(raft: RaftState, target: MemberId): void {
  const member = raft.progress.get(target)
  if (member === undefined || member.isLearner || target === raft.transferee) return
  // Another one was asked for before: this is the newer wish.
  raft.transferee = nobody
  if (target === raft.id) return
  raft.electionElapsed = 0
  raft.transferee = target
  if (member.match === raft.log.lastIndex) sendTimeoutNow(raft, target)
  else sendAppend(raft, target)
}

export function sendTimeoutNow(raft: RaftState, to: MemberId): void {
  raft.send({ kind: 'timeout-now', from: raft.id, to, term: raft.term })
}
