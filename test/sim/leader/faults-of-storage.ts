// Defects of what is written, kept and read again, each of one line, that the simulator must find.

import { Slab } from '../../../node/core/common/slabs.ts'
import { noData } from '../../../node/core/raft/entry.ts'
import { Raft } from '../../../node/core/raft/raft.ts'
import { RaftState } from '../../../node/core/raft/state.ts'
import { Replica } from '../../../node/core/stream/replica.ts'
import { LogScanner } from '../../../node/core/wal/scan.ts'
import { GroupLog } from '../../../node/groups/group-log.ts'
import { Groups } from '../../../node/groups/groups.ts'
import { LeaderStreams } from '../../../node/leader/streams.ts'
import { batchHeaderBytes } from '../../../node/wire/batch-header.ts'
import { faultIn } from '../planted-fault.ts'
import { isTwentieth, type PlantedLeaderFault } from './planted-leader-fault.ts'

const acknowledgedTooEarly = faultIn(
  Groups.prototype,
  'write',
  (original) =>
    function (this: Groups, records, onDurable): void {
      original.call(this, records, () => undefined)
      onDurable(0)
    },
)

export const faultsOfStorage: readonly PlantedLeaderFault[] = [
  {
    what: 'an acknowledgement that does not wait for the disk',
    invariants: ['promises'],
    fault: acknowledgedTooEarly,
  },
  {
    what: 'entries that nobody writes',
    invariants: ['promises'],
    fault: faultIn(
      Raft.prototype,
      'takeReady',
      (original) =>
        function (this: Raft): ReturnType<Raft['takeReady']> {
          const ready = original.call(this)
          return ready.entries.length > 0 ? { ...ready, mustSync: false } : ready
        },
    ),
  },
  {
    what: 'answers that promise what is not durable yet',
    invariants: ['promises'],
    fault: faultIn(
      RaftState.prototype,
      'send',
      () =>
        function (this: RaftState, message): void {
          if (message.to === this.id) this.afterDurable.push(message as RaftState['afterDurable'][number])
          else this.messages.push(message as RaftState['messages'][number])
        },
    ),
  },
  {
    what: 'an entry that changes on its way into the log',
    invariants: ['log matching'],
    fault: faultIn(GroupLog.prototype, 'append', (original) => {
      let appended = 0
      return function (this: GroupLog, entries): void {
        original.call(this, entries)
        const data = entries[0]?.data ?? noData
        const at = batchHeaderBytes + 6
        if (isTwentieth(++appended) && data.length > at) data[at] = (data[at] ?? 0) ^ 1
      }
    }),
  },
  {
    what: 'a floor that covers what is retained',
    invariants: ['floors'],
    fault: faultIn(LeaderStreams.prototype, 'isDropped', () => () => true),
  },
  {
    what: 'kept bytes of which nobody lets go',
    invariants: ['bounded memory'],
    fault: faultIn(Slab.prototype, 'letGo', (original) => {
      let times = 0
      return function (this: Slab): void {
        if (!isTwentieth(++times)) original.call(this)
      }
    }),
  },
  {
    what: 'kept bytes that are let go once too often',
    invariants: ['no exception'],
    fault: faultIn(Slab.prototype, 'letGo', (original) => {
      let times = 0
      return function (this: Slab): void {
        original.call(this)
        if (isTwentieth(++times)) original.call(this)
      }
    }),
  },
  {
    what: 'retention that drops everything',
    invariants: ['gap honesty'],
    fault: faultIn(
      Replica.prototype,
      'trim',
      (original) =>
        function (this: Replica, now): void {
          original.call(this, now + 1_000_000_000)
        },
    ),
  },
  {
    what: 'a snapshot that is not taken over by the streams',
    invariants: ['subscriptions'],
    fault: faultIn(LeaderStreams.prototype, 'restore', () => () => undefined),
  },
  {
    what: 'a snapshot of which nobody says what became of it',
    invariants: ['liveness'],
    first: 61,
    fault: faultIn(Raft.prototype, 'reportSnapshot', () => () => undefined),
  },
  {
    what: 'a last write that is not read again',
    invariants: ['disk'],
    fault: faultIn(
      LogScanner.prototype,
      'scan',
      (original) =>
        function (this: LogScanner, file, bytes, following): void {
          original.call(this, file, bytes.subarray(0, -1), following)
        },
    ),
  },
  {
    what: 'files that are removed while a group needs them',
    invariants: ['recovery'],
    fault: (run) => {
      const own = Object.getOwnPropertyDescriptor(GroupLog.prototype, 'oldestWrite') ?? {}
      Object.defineProperty(GroupLog.prototype, 'oldestWrite', {
        ...own,
        get: () => Number.POSITIVE_INFINITY,
      })
      try {
        return run()
      } finally {
        Object.defineProperty(GroupLog.prototype, 'oldestWrite', own)
      }
    },
  },
  {
    what: 'damage that is taken for nothing',
    invariants: ['disk'],
    first: 60,
    fault: faultIn(
      LogScanner.prototype,
      'scan',
      (original) =>
        function (this: LogScanner, ...file): void {
          original.apply(this, file)
          this.damages.length = 0
        },
    ),
  },
]
