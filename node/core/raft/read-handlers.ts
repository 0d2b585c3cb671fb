// Reads on the leader (Raft thesis §6.4). Never by a lease: clocks may jump and processes pause.

import type { ReadRequest } from './messages.ts'
import type { MemberId } from './quorum.ts'
import { sendHeartbeats } from './replication.ts'
import type { RaftState } from './state.ts'

export function onRead(raft: RaftState, { from, request }: Pick<ReadRequest, 'from' | 'request'>): void {
  const { voters, outgoing } = raft.configuration
  if (voters.size === 1 && voters.has(raft.id) && outgoing.size === 0)
    return answer(raft, from, request, raft.log.committed)
  // A new leader does not know what is committed before something of its own term is.
  if (!raft.hasCommittedInTerm) return void raft.earlyReads.push({ from, request })
  raft.reads.add({ from, request })
  beginRound(raft)
}

export function releaseEarlyReads(raft: RaftState): void {
  if (raft.earlyReads.length === 0 || !raft.hasCommittedInTerm) return
  for (const read of raft.earlyReads) raft.reads.add(read)
  raft.earlyReads = []
  beginRound(raft)
}

/** A member has answered a heartbeat of a round. */
export function answerReads(raft: RaftState, from: MemberId, round: number): void {
  const acknowledged = raft.reads.acknowledge(from, round)
  const votes = new Map(
    Array.from(raft.progress.keys(), (id) => [id, id === raft.id || acknowledged.has(id)]),
  )
  if (raft.configuration.voteResult(votes) !== 'won') return
  const confirmed = raft.reads.confirm()
  if (confirmed === undefined) return
  for (const read of confirmed.reads) answer(raft, read.from, read.request, confirmed.index)
  beginRound(raft)
}

function beginRound(raft: RaftState): void {
  if (raft.reads.begin(raft.log.committed)) sendHeartbeats(raft)
}

function answer(raft: RaftState, to: MemberId, request: number, index: number): void {
  if (to === raft.id) raft.readyReads.push({ request, index })
  else raft.send({ kind: 'read-answer', from: raft.id, to, term: raft.term, request, index })
}
