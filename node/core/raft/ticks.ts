// What happens as time passes: elections, heartbeats, and ends of what has taken too long.

import { canLead, startElection } from './election.ts'
import { checkQuorum } from './leader.ts'
import { leaveIfDue } from './membership.ts'
import { nobody } from './quorum.ts'
import { sendHeartbeats } from './replication.ts'
import type { RaftState } from './state.ts'

export function onTick(raft: RaftState): void {
  raft.electionElapsed++
  if (raft.role === 'leader') return onLeaderTick(raft)
  if (raft.electionElapsed < raft.electionTimeout) return
  if (canLead(raft)) {
    raft.electionElapsed = 0
    campaignInTime(raft)
    // Who cannot lead waits for who can: it knows of no leader any more, and says so.
  } else raft.leader = nobody
}

/** Begins an election that no leader has asked for. */
export function campaignInTime(raft: RaftState): void {
  startElection(raft, raft.options.preVote ? 'pre-vote' : 'election')
}

function onLeaderTick(raft: RaftState): void {
  const { electionTicks, heartbeatTicks } = raft.options
  raft.heartbeatElapsed++
  if (raft.electionElapsed >= electionTicks) {
    raft.electionElapsed = 0
    if (raft.options.checkQuorum) checkQuorum(raft)
    // Handing over has not worked.
    if (raft.role === 'leader') raft.transferee = nobody
    leaveIfDue(raft)
  }
  if (raft.role !== 'leader' || raft.heartbeatElapsed < heartbeatTicks) return
  raft.heartbeatElapsed = 0
  sendHeartbeats(raft)
}
