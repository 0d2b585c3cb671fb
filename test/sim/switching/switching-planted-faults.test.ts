// Every judge of the switching world is able to fail there: each planted defect is found, by the judge that is there for it, in a run that
// passes without it. The promises of Raft and of its log are broken by the same defects as in the leader world.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toEpochId } from '../../../node/broker/epoch.ts'
import { Holes } from '../../../node/broker/holes.ts'
import { LateStarts } from '../../../node/broker/late-starts.ts'
import { QueueReader } from '../../../node/broker/queue-reader.ts'
import { GossipAgent } from '../../../node/core/gossip/agent.ts'
import { Push } from '../../../node/core/gossip/push.ts'
import type { FeedStart } from '../../../node/core/stream/feed.ts'
import { type OriginState, Replica } from '../../../node/core/stream/replica.ts'
import { SubmissionDesk } from '../../../node/leader/desk.ts'
import { Ledger } from '../../../node/leader/ledger.ts'
import { LeaderStreams } from '../../../node/leader/streams.ts'
import { batchStream } from '../../../node/wire/batch-header.ts'
import { makeLogInvariants } from '../../../sim/leader/log-invariants.ts'
import type { LogWorld } from '../../../sim/leader/log-world.ts'
import type { Outcome } from '../../../sim/run.ts'
import { drawSwitchingPlan } from '../../../sim/switching/plan.ts'
import { SwitchingSimulation } from '../../../sim/switching/switching-simulation.ts'
import { faultsOfDelivery } from '../leader/faults-of-delivery.ts'
import { faultsOfRaft } from '../leader/faults-of-raft.ts'
import { faultsOfStorage } from '../leader/faults-of-storage.ts'
import type { PlantedLeaderFault } from '../leader/planted-leader-fault.ts'
import { bothFaults, catchFault, faultIn } from '../planted-fault.ts'

const ofTheLog = makeLogInvariants({} as LogWorld).map(({ name }) => name)

/** Defects of which nothing but an invariant of the log says what they are. */
const faultsOfTheLog = [...faultsOfRaft, ...faultsOfStorage].filter(({ invariants }) =>
  invariants.every((name) => ofTheLog.includes(name)),
)

const faultsOfProducers = faultsOfDelivery.filter(({ invariants }) => `${invariants}` === 'named producers')

const faultsOfEpochs: readonly PlantedLeaderFault[] = [
  {
    what: 'a sealed epoch that goes on being delivered',
    invariants: ['fence'],
    fault: faultIn(
      Replica.prototype,
      'freeze',
      () =>
        function (this: Replica): void {
          this.fence = new Map()
        },
    ),
  },
  {
    what: 'an epoch that ends one message too early on every node',
    invariants: ['completeness'],
    fault: faultIn(
      Replica.prototype,
      'endAt',
      (original) =>
        function (this: Replica, fence): boolean {
          return original.call(this, new Map([...fence].map(([boot, to]) => [boot, Math.max(0, to - 1)])))
        },
    ),
  },
  {
    what: 'a ledger that leaves out a place where an epoch begins',
    invariants: ['committed order'],
    fault: faultIn(
      Ledger.prototype,
      'apply',
      (original) =>
        function (this: Ledger, command): boolean {
          const isTaken = original.call(this, command)
          for (const stream of this.streams.values()) if (command.op === 'begin') stream.last++
          return isTaken
        },
    ),
  },
  {
    what: 'a member of a queue that begins before what others have worked on',
    invariants: ['queues'],
    fault: faultIn(
      QueueReader.prototype,
      'gain',
      (original) =>
        function (this: QueueReader, slot, position): void {
          original.call(this, slot, Math.max(0, position - 20))
        },
    ),
  },
  {
    what: 'a second hole of a node that is gone which is never passed by',
    invariants: ['completeness'],
    fault: faultIn(Holes.prototype, 'isGivenUp', (original) => {
      const first = new WeakMap<OriginState, number>()
      return function (this: Holes, state, replica, at): boolean {
        if (at > (first.get(state) ?? at) || !original.call(this, state, replica, at)) return false
        first.set(state, at)
        return true
      }
    }),
  },
  {
    what: 'confirmations that are given too early',
    invariants: ['copies'],
    fault: faultIn(
      Push.prototype,
      'onHeld',
      (original) =>
        function (this: Push, peer, message): void {
          original.call(this, peer, { ...message, to: message.to + 1_000_000 })
        },
    ),
  },
]

/** Defects of streams that are removed and made again. */
const faultsOfRemaking: readonly PlantedLeaderFault[] = [
  {
    what: 'what a stream that was removed had, on the one that is made again',
    invariants: ['removed'],
    fault: faultIn(LeaderStreams.prototype, 'startBehind', () => () => undefined),
  },
  {
    what: 'what a stream that was removed had in gossip mode, on the one that is made again',
    invariants: ['removed'],
    // It has no number of its own on the wire, and nothing of it is dropped.
    fault: bothFaults(
      faultIn(GossipAgent.prototype, 'undefine', () => () => undefined),
      faultIn(
        GossipAgent.prototype,
        'define',
        (original) =>
          function (this: GossipAgent, definition, id): Replica {
            const { name, made } = definition
            const epoch = Array.from({ length: 100 }, (_, at) => at).find(
              (at) => toEpochId(name, at, made) === id,
            )
            return original.call(this, definition, epoch === undefined ? id : toEpochId(name, epoch))
          },
      ),
    ),
  },
  {
    what: 'numbers that are given again once a stream was removed',
    invariants: ['numbering'],
    fault: faultIn(
      SubmissionDesk.prototype,
      'forget',
      () =>
        function (this: SubmissionDesk, stream): void {
          this.takeAll(stream)
        },
    ),
  },
  {
    what: 'messages that come before their node knows that the stream is made again, and are nobody’s',
    invariants: ['made again'],
    fault: faultIn(
      LeaderStreams.prototype,
      'insert',
      (original) =>
        function (this: LeaderStreams, node, frame, placedBy): void {
          if (this.replicas.has(batchStream(frame))) original.call(this, node, frame, placedBy)
        },
    ),
  },
  {
    what: 'a subscription that goes back when a stream comes back under it',
    invariants: ['once, in order'],
    fault: faultIn(
      LateStarts.prototype,
      'startOn',
      (original) =>
        function (this: LateStarts, replica): FeedStart {
          const start = original.call(this, replica)
          if (start.kind !== 'after') return start
          const vector = new Map([...start.vector].map(([boot, to]) => [boot, Math.max(0, to - 3)]))
          return { ...start, vector }
        },
    ),
  },
]

function runSeed(seed: number): Outcome {
  return new SwitchingSimulation(drawSwitchingPlan(seed)).run()
}

/** The same without a stream that is removed and made again. */
function runPlain(seed: number): Outcome {
  return new SwitchingSimulation({ ...drawSwitchingPlan(seed), remakesPerSecond: 0 }).run()
}

/** The first seed that is tried, where many before it have nothing that could show it. */
const beginsAt: Readonly<Record<string, number>> = {
  'a candidate that counts every answer as a vote': 7,
  'a vote without a look at the log': 7,
  'files that are removed while a group needs them': 7,
  'a member of a queue that begins before what others have worked on': 30,
  'a second hole of a node that is gone which is never passed by': 649,
  'messages that come before their node knows that the stream is made again, and are nobody’s': 61,
}

/** Invariants of the log that have found something. */
const found = new Set<string>()

const ofStreamsThatStay = [...faultsOfTheLog, ...faultsOfProducers, ...faultsOfEpochs]

for (const planted of [...ofStreamsThatStay, ...faultsOfRemaking]) {
  const { what, fault, invariants } = planted
  const run = ofStreamsThatStay.includes(planted) ? runPlain : runSeed
  test(`finds ${what}, in the switching world`, () => {
    const first = beginsAt[what] ?? 1
    const caught = catchFault(fault, { run, first, seeds: 20, invariants })
    assert.ok(caught, `in one of 20 seeds from ${first} on it is found by ${invariants.join(' or ')}`)
    found.add(caught.failure.invariant)
    assert.equal(run(caught.seed).failure, undefined, `seed ${caught.seed} passes without the fault`)
  })
}

test('every invariant of the log has found a planted fault in the switching world', () => {
  assert.deepEqual(
    ofTheLog.filter((name) => !found.has(name)),
    [],
  )
})
