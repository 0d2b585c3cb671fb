// Messages, entries and Readys in the words of etcd's test data.

import type { HardState, LogEntry, Proposal, Snapshot } from '../../node/core/raft/entry.ts'
import { initialHardState } from '../../node/core/raft/entry.ts'
import type { Message } from '../../node/core/raft/messages.ts'
import type { Ready } from '../../node/core/raft/ready.ts'
import type { Role } from '../../node/core/raft/state.ts'
import { describeChanges } from '../describe.ts'
import type { LocalMessage } from './member.ts'

const kinds: Record<Message['kind'], string> = {
  vote: 'MsgVote',
  'vote-answer': 'MsgVoteResp',
  'pre-vote': 'MsgPreVote',
  'pre-vote-answer': 'MsgPreVoteResp',
  append: 'MsgApp',
  'append-answer': 'MsgAppResp',
  heartbeat: 'MsgHeartbeat',
  'heartbeat-answer': 'MsgHeartbeatResp',
  snapshot: 'MsgSnap',
  'timeout-now': 'MsgTimeoutNow',
  propose: 'MsgProp',
  transfer: 'MsgTransferLeader',
  read: 'MsgReadIndex',
  'read-answer': 'MsgReadIndexResp',
}

const roles: Record<Role, string> = {
  follower: 'StateFollower',
  'pre-candidate': 'StatePreCandidate',
  candidate: 'StateCandidate',
  leader: 'StateLeader',
}

/** Changes that were proposed in the older form of an entry, which only the words tell apart. */
export const olderForm: WeakSet<object> = new WeakSet<object>()

export function describeRole(role: Role): string {
  return roles[role]
}

/** The name of a kind of message; the kinds of local messages have none. */
export function nameOf(message: Message): string {
  return kinds[message.kind]
}

export function describeEntry(entry: LogEntry): string {
  return `${entry.term}/${entry.index} ${describeProposal(entry)}`
}

function describeProposal({ data, change }: Proposal): string {
  if (change === undefined) return `EntryNormal ${JSON.stringify(Buffer.from(data).toString())}`
  const kind = olderForm.has(change) ? 'EntryConfChange' : 'EntryConfChangeV2'
  return `${kind} ${describeChanges(change.changes)}`.trimEnd()
}

export function describeSnapshot({ index, term, configuration }: Snapshot): string {
  const { voters, outgoing, learners, learnersNext, autoLeave } = configuration
  const list = (ids: readonly number[]): string => `[${ids.join(' ')}]`
  return (
    `Index:${index} Term:${term} ConfState:Voters:${list(voters)} VotersOutgoing:${list(outgoing)} ` +
    `Learners:${list(learners)} LearnersNext:${list(learnersNext)} AutoLeave:${autoLeave}`
  )
}

function describeHardState({ term, vote, commit }: HardState): string {
  return `Term:${term}${vote > 0 ? ` Vote:${vote}` : ''} Commit:${commit}`
}

/** A message, and in lines of their own what does not fit into its line. */
export function describeMessage(message: Message): string[] {
  const { from, to } = message
  const term = 'term' in message ? message.term : 0
  const head = `${from}->${to} ${kinds[message.kind]} Term:${term} Log:`
  switch (message.kind) {
    case 'vote':
    case 'pre-vote':
      return [`${head}${message.last.term}/${message.last.index}`]
    case 'vote-answer':
    case 'pre-vote-answer':
      return [`${head}0/0${message.isGranted ? '' : ' Rejected (Hint: 0)'}`]
    case 'append': {
      const { previous, commit, entries } = message
      return [`${head}${previous.term}/${previous.index}${commitOf(commit)}${entriesOf(entries)}`]
    }
    case 'append-answer': {
      const { hint, index } = message
      if (hint === undefined) return [`${head}0/${index}`]
      return [`${head}${hint.term}/${index} Rejected (Hint: ${hint.index})`]
    }
    case 'heartbeat':
      return [`${head}0/0${commitOf(message.commit)}`]
    case 'snapshot':
      return [`${head}0/0`, `Snapshot: ${describeSnapshot(message.snapshot)}`]
    case 'propose':
      return [
        `${head}0/0 Entries:[${message.proposals.map((each) => `0/0 ${describeProposal(each)}`).join(' ')}]`,
      ]
    case 'read-answer':
      return [`${head}0/${message.index}`]
    default:
      return [`${head}0/0`]
  }
}

function commitOf(commit: number): string {
  return commit > 0 ? ` Commit:${commit}` : ''
}

function entriesOf(entries: readonly LogEntry[]): string {
  return entries.length === 0 ? '' : ` Entries:[${entries.map(describeEntry).join(' ')}]`
}

/** What a member tells its disk or its state machine, and what they answer. */
export function describeLocal(message: LocalMessage): string[] {
  const { id, ready } = message
  if (message.kind === 'appended') {
    const { term, index } = ready.last ?? { term: 0, index: 0 }
    const lines = [`AppendThread->${id} MsgStorageAppendResp Term:${ready.term} Log:${term}/${index}`]
    return ready.snapshot === undefined ? lines : [...lines, `Snapshot: ${describeSnapshot(ready.snapshot)}`]
  }
  const head =
    message.kind === 'applied'
      ? `ApplyThread->${id} MsgStorageApplyResp`
      : `${id}->ApplyThread MsgStorageApply`
  return [`${head} Term:0 Log:0/0${entriesOf(ready.committed)}`]
}

/** What is written, without what follows on it. */
export function describeWrite(id: number, { hardState, entries, snapshot }: Ready): string[] {
  const { term, vote, commit } = hardState ?? initialHardState
  const voteOf = vote > 0 ? ` Vote:${vote}` : ''
  const line = `${id}->AppendThread MsgStorageAppend Term:${term} Log:0/0${commitOf(commit)}${voteOf}${entriesOf(entries)}`
  return snapshot === undefined ? [line] : [line, `Snapshot: ${describeSnapshot(snapshot)}`]
}

/** A Ready but for its messages. */
export function describeState(ready: Ready): string[] {
  const { leadership, hardState, entries, snapshot, committed } = ready
  const lines: string[] = []
  if (leadership !== undefined) lines.push(`Lead:${leadership.leader} State:${roles[leadership.role]}`)
  if (hardState !== undefined) lines.push(`HardState ${describeHardState(hardState)}`)
  if (entries.length > 0) lines.push('Entries:', ...entries.map(describeEntry))
  if (snapshot !== undefined) lines.push(`Snapshot ${describeSnapshot(snapshot)}`)
  if (committed.length > 0) lines.push('CommittedEntries:', ...committed.map(describeEntry))
  return lines
}
