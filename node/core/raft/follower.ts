// What a follower does with its leader's messages (Raft paper §5.3, §7).

import { restoreMembership } from './change.ts'
import { Configuration } from './configuration.ts'
import type { Snapshot } from './entry.ts'
import type { AppendRequest, Heartbeat, SnapshotRequest } from './messages.ts'
import type { RaftState } from './state.ts'

export function onAppend(raft: RaftState, request: AppendRequest): void {
  const { log, id: from, term } = raft
  const { previous, entries } = request
  const to = request.from
  const answer = { kind: 'append-answer', from, to, term } as const
  // What is committed is the same everywhere; an old message says nothing new.
  if (previous.index < log.committed) return raft.send({ ...answer, index: log.committed, hint: undefined })
  if (log.appendAfter(previous, entries)) {
    const lastNew = previous.index + entries.length
    log.commitTo(Math.min(request.commit, lastNew))
    return raft.send({ ...answer, index: lastNew, hint: undefined })
  }
  // Not all of a long tail of other terms is tried one by one: no entry whose term is later than the leader's there can match.
  const hint = log.lastWithTermUpTo(previous.term, Math.min(previous.index, log.lastIndex))
  raft.send({ ...answer, index: previous.index, hint })
}

export function onHeartbeat(raft: RaftState, { from: to, commit, round }: Heartbeat): void {
  raft.log.commitTo(commit)
  raft.send({ kind: 'heartbeat-answer', from: raft.id, to, term: raft.term, round })
}

export function onSnapshot(raft: RaftState, { from: to, snapshot }: SnapshotRequest): void {
  const { log, id: from, term } = raft
  const index = restore(raft, snapshot) ? log.lastIndex : log.committed
  raft.send({ kind: 'append-answer', from, to, term, index, hint: undefined })
}

/** Puts a snapshot in the place of log and members; false where it says nothing new, or not to this member. */
function restore(raft: RaftState, snapshot: Snapshot): boolean {
  const { log } = raft
  if (snapshot.index <= log.committed) return false
  const { members } = new Configuration(snapshot.configuration)
  if (!raft.options.joinsBehindSnapshots && !members.includes(raft.id)) return false
  // The log has what the snapshot stands for: it is kept, with what follows.
  if (log.matches(snapshot)) {
    log.commitTo(snapshot.index)
    return false
  }
  log.restore(snapshot)
  raft.setMembership(restoreMembership(snapshot.configuration, raft.changeContext))
  return true
}
