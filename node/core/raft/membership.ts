// Changing the members of a group (Raft thesis §4): a change counts for a member once it has applied the entry.

import { applyChange, leaveJoint, type MembershipChange } from './change.ts'
import type { ConfigurationRecord } from './configuration.ts'
import { noData } from './entry.ts'
import { onProposal } from './leader.ts'
import { nobody } from './quorum.ts'
import { onCommitted } from './read-handlers.ts'
import { sendAppends, trySendAppend } from './replication.ts'
import type { RaftState } from './state.ts'

/** Makes an applied change this member's configuration. Throws ChangeRefused where it cannot be made. */
export function onChangeApplied(raft: RaftState, change: MembershipChange): ConfigurationRecord {
  const membership = applyChange(raft, change, raft.changeContext)
  raft.setMembership(membership)
  if (raft.role === 'leader') onLeaderChanged(raft)
  return membership.configuration.toRecord()
}

function onLeaderChanged(raft: RaftState): void {
  const own = raft.progress.get(raft.id)
  if (own === undefined || own.isLearner) {
    if (raft.options.stepsDownOnRemoval) raft.becomeFollower(raft.term, nobody)
    return
  }
  if (raft.advanceCommit()) sendAppends(raft)
  // Who is new need not wait for a heartbeat.
  else for (const [id] of raft.others) trySendAppend(raft, id, false)
  onCommitted(raft)
  if (raft.transferee !== nobody && !raft.configuration.isElector(raft.transferee)) raft.transferee = nobody
  leaveIfDue(raft)
}

/** Leaves a joint configuration that is to be left by itself, once everything that changes members is applied. */
export function leaveIfDue(raft: RaftState): void {
  const { autoLeave } = raft.configuration
  if (!autoLeave || raft.role !== 'leader' || raft.log.applied < raft.pendingChangeIndex) return
  // While leadership is being handed over this is refused, and tried again when that has ended.
  onProposal(raft, [{ data: noData, change: leaveJoint }], true)
}
