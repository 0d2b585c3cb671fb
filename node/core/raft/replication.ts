// What a leader sends: entries, snapshots to who lacks what is compacted, and heartbeats.

import { entryBytes } from './entry.ts'
import type { Progress } from './progress.ts'
import type { MemberId } from './quorum.ts'
import type { RaftState } from './state.ts'

/** Sends every other member what it lacks, or at least the commit index. */
export function sendAppends(raft: RaftState): void {
  for (const [id] of raft.others) sendAppend(raft, id)
}

/** Sends a member what it lacks; an append without entries where there are none, or where too much is under way. */
export function sendAppend(raft: RaftState, to: MemberId): void {
  trySendAppend(raft, to, true)
}

/** Sends a member what it lacks, message by message, while its flow allows. */
export function sendEntries(raft: RaftState, to: MemberId): void {
  while (trySendAppend(raft, to, false)) {
    // Each message takes the next entries.
  }
}

/** True if a message was sent. */
export function trySendAppend(raft: RaftState, to: MemberId, evenIfEmpty: boolean): boolean {
  const { log, id: from, term } = raft
  const member = raft.progress.get(to)
  if (member === undefined || member.isPaused) return false
  const index = member.next - 1
  const previousTerm = log.termAt(index)
  if (previousTerm === undefined) return trySendSnapshot(raft, to, member)
  // With a full window an empty append still goes out when a heartbeat was answered: if everything under way was lost, its
  // answer is what the leader learns it by.
  const isFull = member.state === 'replicate' && member.inflights.isFull
  const entries = isFull ? [] : log.entriesFrom(member.next, raft.options.appendBytesMax)
  if (entries === undefined) return trySendSnapshot(raft, to, member)
  if (entries.length === 0 && !evenIfEmpty) return false
  const previous = { term: previousTerm, index }
  raft.send({ kind: 'append', from, to, term, previous, entries, commit: log.committed })
  member.sentEntries(entries.length, entryBytes(entries))
  member.sentCommit(log.committed)
  return true
}

/** Sends the newest snapshot to a member that was heard of lately; true if there is one. */
export function trySendSnapshot(raft: RaftState, to: MemberId, member: Progress): boolean {
  const snapshot = member.isActive ? raft.log.snapshot() : undefined
  if (snapshot === undefined) return false
  member.becomeSnapshot(snapshot.index)
  raft.send({ kind: 'snapshot', from: raft.id, to, term: raft.term, snapshot })
  return true
}

export function sendHeartbeats(raft: RaftState): void {
  const { id: from, term } = raft
  for (const [to, member] of raft.others) {
    // Never beyond what is known to be there: the member may have another entry at the leader's commit index.
    const commit = Math.min(member.match, raft.log.committed)
    raft.send({ kind: 'heartbeat', from, to, term, commit, round: raft.reads.current })
    member.sentCommit(commit)
  }
}
