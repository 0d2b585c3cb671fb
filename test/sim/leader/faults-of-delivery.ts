// Defects between a publisher, the leader and the subscribers, each of one line, that the simulator must find.

import { LogFeed } from '../../../node/core/stream/log-feed.ts'
import { Group } from '../../../node/groups/group.ts'
import { Reads } from '../../../node/groups/reads.ts'
import { DataMachine } from '../../../node/leader/data-machine.ts'
import { Ledger } from '../../../node/leader/ledger.ts'
import { Numbering } from '../../../node/leader/numbering.ts'
import { Producers } from '../../../node/leader/producers.ts'
import { LeaderStreams } from '../../../node/leader/streams.ts'
import { Submissions } from '../../../node/leader/submissions.ts'
import { batchHeaderBytes } from '../../../node/wire/batch-header.ts'
import { bothFaults, faultIn } from '../planted-fault.ts'
import { isTwentieth, type PlantedLeaderFault } from './planted-leader-fault.ts'

/** A leader gives places from its election on, not knowing all that it has. */
const numbersTooEarly = faultIn(
  DataMachine.prototype,
  'onLeadership',
  (original) =>
    function (this: DataMachine, status): void {
      original.call(this, status, status.role === 'leader')
    },
)

export const faultsOfDelivery: readonly PlantedLeaderFault[] = [
  {
    what: 'a leader that numbers before it has applied everything, where a ledger takes whatever is in the log',
    invariants: ['acknowledgements'],
    fault: bothFaults(
      numbersTooEarly,
      faultIn(
        Ledger.prototype,
        'apply',
        (original) =>
          function (this: Ledger, command): boolean {
            return original.call(this, command) || command.op === 'batch'
          },
      ),
    ),
  },
  {
    what: 'a batch that is not delivered',
    invariants: ['gap honesty', 'subscriptions'],
    fault: faultIn(LeaderStreams.prototype, 'insert', (original) => {
      let inserted = 0
      return function (this: LeaderStreams, ...batch): void {
        if (!isTwentieth(++inserted)) original.apply(this, batch)
      }
    }),
  },
  {
    what: 'a proposal that is dropped without a word',
    invariants: ['liveness'],
    fault: faultIn(Group.prototype, 'propose', (original) => {
      let proposed = 0
      return function (this: Group, data): void {
        if (!isTwentieth(++proposed)) original.call(this, data)
      }
    }),
  },
  {
    what: 'submissions that are not sent again',
    invariants: ['liveness'],
    fault: faultIn(Submissions.prototype, 'sendAgain', () => () => undefined),
  },
  {
    what: 'a submission that changes on its way',
    invariants: ['one order'],
    fault: faultIn(
      Numbering.prototype,
      'submit',
      (original) =>
        function (this: Numbering, node, frame, ...others): void {
          const at = batchHeaderBytes + 6
          frame[at] = (frame[at] ?? 0) ^ 1
          original.call(this, node, frame, ...others)
        },
    ),
  },
  {
    what: 'a publisher that is told the place behind its own',
    invariants: ['acknowledgements'],
    fault: faultIn(
      Submissions.prototype,
      'onPlaced',
      (original) =>
        function (this: Submissions, to, placed): void {
          original.call(this, to, placed && { ...placed, offset: placed.offset + 1 })
        },
    ),
  },
  {
    what: 'a subscriber from whom a batch is kept',
    invariants: ['subscriptions'],
    fault: faultIn(LogFeed.prototype, 'next', (original) => {
      let items = 0
      return function (this: LogFeed): ReturnType<LogFeed['next']> {
        const item = original.call(this)
        return item?.kind === 'batch' && isTwentieth(++items) ? original.call(this) : item
      }
    }),
  },
  {
    what: 'a read that asks nobody',
    invariants: ['reads'],
    fault: faultIn(
      Reads.prototype,
      'ask',
      () =>
        function (this: Reads, callback): void {
          callback(true)
        },
    ),
  },
  {
    what: 'a retry that nobody tells from something new',
    invariants: ['named producers'],
    fault: faultIn(Producers.prototype, 'judge', () => (_name, _sequence, count) => [
      { kind: 'new', skip: 0, count },
    ]),
  },
  {
    what: 'a producer of whom only the last sequence is known',
    invariants: ['named producers'],
    fault: faultIn(
      Producers.prototype,
      'store',
      (original) =>
        function (this: Producers, name, sequence, count, place): void {
          original.call(this, name, 1, sequence + count - 1, { ...place, offset: 0 })
        },
    ),
  },
  {
    what: 'a floor that knows no producers',
    invariants: ['named producers', 'acknowledgements', 'liveness', 'reads', 'one order'],
    fault: faultIn(Producers.prototype, 'encode', () => () => []),
  },
  {
    what: 'a producer that is told the place behind its own',
    invariants: ['named producers'],
    fault: faultIn(
      Producers.prototype,
      'find',
      (original) =>
        function (this: Producers, ...records): ReturnType<Producers['find']> {
          return original
            .apply(this, records)
            .map(({ count, place }) => ({ count, place: place && { ...place, offset: place.offset + 1 } }))
        },
    ),
  },
]
