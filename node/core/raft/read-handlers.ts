// Reads on the leader (Raft thesis §6.4). Never by a lease: clocks may jump and processes pause.

import type { ReadRequest } from './messages.ts'
import type { MemberId } from './quorum.ts'
import { sendHeartbeats } from './replication.ts'
import type { RaftState } from './state.ts'

/** False where too many reads wait already. */
export function onRead(raft: RaftState, { from, request }: Pick<ReadRequest, 'from' | 'request'>): boolean {
  if (raft.earlyReads.length + raft.reads.count >= raft.options.readsMax) return false
  // A new leader does not know what is committed before something of its own term is.
  if (raft.hasCommittedInTerm) raft.reads.add({ from, request })
  else raft.earlyReads.push({ from, request })
  beginRound(raft)
  return true
}

/** More is committed, or by others: reads that waited for it go on. */
export function onCommitted(raft: RaftState): void {
  if (raft.earlyReads.length > 0 && raft.hasCommittedInTerm) {
    for (const read of raft.earlyReads) raft.reads.add(read)
    raft.earlyReads = []
  }
  beginRound(raft)
  confirmRound(raft)
}

/** A member has answered a heartbeat of a round. */
export function answerReads(raft: RaftState, from: MemberId, round: number): void {
  raft.reads.acknowledge(from, round)
  confirmRound(raft)
}

function confirmRound(raft: RaftState): void {
  if (raft.reads.current === 0) return
  const { acknowledged } = raft.reads
  const votes = new Map(
    Array.from(raft.progress.keys(), (id) => [id, id === raft.id || acknowledged.has(id)]),
  )
  if (raft.configuration.voteResult(votes) !== 'won') return
  const confirmed = raft.reads.confirm()
  if (confirmed === undefined) return
  for (const read of confirmed.reads) answer(raft, read.from, read.request, confirmed.index)
  beginRound(raft)
}

/** Begins a round with what waits. A leader that is the only voter needs nobody's answer. */
function beginRound(raft: RaftState): void {
  if (!raft.reads.begin(raft.log.committed)) return
  sendHeartbeats(raft)
  confirmRound(raft)
}

function answer(raft: RaftState, to: MemberId, request: number, index: number): void {
  if (to === raft.id) raft.readyReads.push({ request, index })
  else raft.send({ kind: 'read-answer', from: raft.id, to, term: raft.term, request, index })
}
