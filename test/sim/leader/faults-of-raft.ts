// Defects of elections and replication, each of one line, that the simulator must find.

import { Configuration } from '../../../node/core/raft/configuration.ts'
import { RaftLog } from '../../../node/core/raft/log.ts'
import { Raft } from '../../../node/core/raft/raft.ts'
import { RaftState } from '../../../node/core/raft/state.ts'
import { GroupRecovery } from '../../../node/groups/recovery.ts'
import { type Fault, faultIn } from '../planted-fault.ts'
import type { PlantedLeaderFault } from './planted-leader-fault.ts'

/** While this member judges a candidate, its own log looks empty to it. */
const noLogCheck: Fault = (run) => {
  let isVoting = false
  const own = Object.getOwnPropertyDescriptor(RaftLog.prototype, 'last') ?? {}
  const voting = faultIn(
    Raft.prototype,
    'step',
    (original) =>
      function (this: Raft, message): ReturnType<Raft['step']> {
        isVoting = message.kind === 'vote' || message.kind === 'pre-vote'
        try {
          return original.call(this, message)
        } finally {
          isVoting = false
        }
      },
  )
  Object.defineProperty(RaftLog.prototype, 'last', {
    configurable: true,
    get(this: RaftLog) {
      return isVoting ? { term: 0, index: 0 } : own.get?.call(this)
    },
  })
  try {
    return voting(run)
  } finally {
    Object.defineProperty(RaftLog.prototype, 'last', own)
  }
}

export const faultsOfRaft: readonly PlantedLeaderFault[] = [
  {
    what: 'a vote that is forgotten with a restart',
    invariants: ['recovery'],
    fault: faultIn(
      GroupRecovery.prototype,
      'onRecords',
      (original) =>
        function (this: GroupRecovery, records, write): void {
          original.call(this, records, write)
          for (const log of this.logs.values()) log.hardState = { ...log.hardState, vote: 0 }
        },
    ),
  },
  {
    what: 'a term that is forgotten with a restart',
    invariants: ['recovery'],
    fault: faultIn(
      GroupRecovery.prototype,
      'onRecords',
      (original) =>
        function (this: GroupRecovery, records, write): void {
          original.call(
            this,
            records.filter(({ kind }) => kind !== 'hard-state'),
            write,
          )
        },
    ),
  },
  {
    what: 'a candidate that counts every answer as a vote',
    invariants: ['election safety'],
    fault: faultIn(
      Configuration.prototype,
      'voteResult',
      (original) =>
        function (this: Configuration, votes): ReturnType<Configuration['voteResult']> {
          return original.call(this, new Map([...votes.keys()].map((id) => [id, true])))
        },
    ),
  },
  {
    what: 'a vote without a look at the log',
    invariants: ['leader completeness'],
    fault: noLogCheck,
  },
  {
    what: 'a leader that counts one acknowledgement for a majority',
    invariants: ['one order', 'commit is durable'],
    fault: faultIn(
      Configuration.prototype,
      'committedIndex',
      () =>
        function (this: Configuration, matchOf): number {
          return Math.max(...[...this.voters].map(matchOf))
        },
    ),
  },
  {
    what: 'a leader that says committed what it has sent',
    invariants: ['commit is durable'],
    fault: faultIn(
      RaftState.prototype,
      'send',
      (original) =>
        function (this: RaftState, message): void {
          const { lastIndex } = this.log
          original.call(this, message.kind === 'append' ? { ...message, commit: lastIndex } : message)
        },
    ),
  },
  {
    what: 'a leader that counts an entry of an earlier term',
    invariants: ['one order'],
    first: 20,
    fault: faultIn(
      RaftState.prototype,
      'advanceCommit',
      () =>
        function (this: RaftState): boolean {
          const index = this.configuration.committedIndex((id) => this.progress.get(id)?.match ?? 0)
          if (index <= this.log.committed) return false
          this.log.commitTo(index)
          return true
        },
    ),
  },
  {
    what: 'a follower that keeps what its leader has replaced',
    invariants: ['one order', 'acknowledgements', 'commit is durable', 'log matching'],
    fault: faultIn(
      RaftLog.prototype,
      'appendAfter',
      () =>
        function (this: RaftLog, previous, entries): boolean {
          if (!this.matches(previous)) return false
          this.append(entries.filter(({ index }) => index > this.lastIndex))
          return true
        },
    ),
  },
]
