// Every invariant of the simulator is able to fail: each kind of defect that is planted into the production code is found, by the
// invariant that is there for it, in a run that its seed alone repeats.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { PatternMatcher } from '../../node/broker/pattern-matcher.ts'
import { SubscriberJournal } from '../../node/broker/subscriber-journal.ts'
import { Arena } from '../../node/core/common/arena.ts'
import { Slab } from '../../node/core/common/slabs.ts'
import { GossipAgent } from '../../node/core/gossip/agent.ts'
import { Catalog } from '../../node/core/gossip/catalog.ts'
import { Interest } from '../../node/core/gossip/interest.ts'
import { LateAnswers } from '../../node/core/gossip/late-answers.ts'
import { Push } from '../../node/core/gossip/push.ts'
import { Wants } from '../../node/core/gossip/wants.ts'
import { EntryTable } from '../../node/core/stream/entry-table.ts'
import { Feed } from '../../node/core/stream/feed.ts'
import { OriginState } from '../../node/core/stream/origin-state.ts'
import { Replica } from '../../node/core/stream/replica.ts'
import { batchHeaderBytes } from '../../node/wire/batch-header.ts'
import { bothFaults, catchFault, type Fault, faultIn, runSeed } from './planted-fault.ts'

interface PlantedFault {
  /** Completes "finds …". */
  readonly what: string
  readonly fault: Fault
  /** The invariant that finds it first. */
  readonly invariant: string
  /** Seeds that are tried at most. */
  readonly seeds?: number
}

/** What does its work but every fiftieth time. */
const isFiftieth = (count: number): boolean => count % 50 === 0

const plantedFaults: readonly PlantedFault[] = [
  {
    what: 'a feed that leaves a batch out',
    invariant: 'delivery rule',
    fault: faultIn(Feed.prototype, 'next', (original) => {
      let items = 0
      return function (this: Feed): ReturnType<Feed['next']> {
        const item = original.call(this)
        return item?.kind === 'batch' && isFiftieth(++items) ? original.call(this) : item
      }
    }),
  },
  {
    what: 'a push that skips a batch',
    invariant: 'gap honesty',
    fault: faultIn(Push.prototype, 'publish', (original) => {
      let published = 0
      return function (this: Push, replica, entry, token): void {
        // Repair would fill the hole from the log.
        if (isFiftieth(++published)) replica.origins.get(entry.boot)?.log.remove(entry)
        original.call(this, replica, entry, token)
      }
    }),
  },
  {
    what: 'wants that give up too early',
    invariant: 'gap honesty',
    fault: faultIn(
      Wants.prototype,
      'add',
      () =>
        function (this: Wants, replica, state, _from, to): void {
          state.absent.add(1, to)
          replica.skip(state, to)
        },
    ),
  },
  {
    what: 'wants that are never asked for',
    invariant: 'completeness',
    fault: faultIn(Wants.prototype, 'add', () => () => undefined),
  },
  {
    what: 'a pull whose end is taken for a refusal',
    invariant: 'no endless wait',
    fault: faultIn(
      Wants.prototype,
      'onPulled',
      (original) =>
        function (this: Wants, peer, message): void {
          original.call(this, peer, { ...message, busy: true })
        },
    ),
  },
  {
    what: 'answers that are all taken for late ones',
    invariant: 'completeness',
    fault: faultIn(LateAnswers.prototype, 'isLate', () => () => true),
  },
  {
    what: 'an interest that counts no answer and has no deadline',
    invariant: 'no endless wait',
    fault: bothFaults(
      faultIn(
        Interest.prototype,
        'onHoldings',
        (original) =>
          function (this: Interest, peer, message): void {
            original.call(this, peer, { ...message, answer: false })
          },
      ),
      faultIn(Interest.prototype, 'expire', () => () => undefined),
    ),
  },
  {
    what: 'confirmations that are given too early',
    invariant: 'copies',
    fault: faultIn(
      Push.prototype,
      'onHeld',
      (original) =>
        function (this: Push, peer, message): void {
          original.call(this, peer, { ...message, to: message.to + 1_000_000 })
        },
    ),
  },
  {
    what: 'retention that does not drop',
    invariant: 'bounded memory',
    fault: faultIn(
      Replica.prototype,
      'trim',
      (original) =>
        function (this: Replica, now): void {
          if (this.isRemoved) original.call(this, now)
        },
    ),
  },
  {
    what: 'a catalog that forgets to decide between equal versions',
    invariant: 'agreement',
    seeds: 300,
    fault: faultIn(
      Catalog.prototype,
      'merge',
      (original) =>
        function (this: Catalog, entry): boolean {
          if (this.get(entry.key)?.version === entry.version) return false
          return original.call(this, entry)
        },
    ),
  },
  {
    what: 'numbering that begins anew',
    // The agent's own assertion stops it before an invariant could.
    invariant: 'no exception',
    fault: faultIn(
      GossipAgent.prototype,
      'nextSequence',
      () =>
        function (this: GossipAgent, replica): number {
          return replica.messages + 1
        },
    ),
  },
  {
    what: 'an origin state that asks for nothing behind a dropped sequence',
    invariant: 'gap honesty',
    seeds: 60,
    fault: faultIn(
      OriginState.prototype,
      'gapAt',
      () =>
        function (this: OriginState, sequence: number): ReturnType<OriginState['gapAt']> {
          return sequence <= this.last ? { to: this.last, reason: 'retention' } : undefined
        },
    ),
  },
  {
    what: 'a subscriber that gets all of a batch of which it wants a part',
    invariant: 'identity',
    fault: faultIn(
      PatternMatcher.prototype,
      'match',
      (original) =>
        function (this: PatternMatcher, topics): ReturnType<PatternMatcher['match']> {
          const match = original.call(this, topics)
          return match.kind === 'some' ? { kind: 'all' } : match
        },
    ),
  },
  {
    what: 'kept bytes that change',
    invariant: 'identity',
    fault: faultIn(Arena.prototype, 'keep', (original) => {
      let kept = 0
      return function (this: Arena, bytes): Uint8Array {
        const mine = original.call(this, bytes)
        // Some byte of the first payload, behind the length and the topic of its record.
        const at = batchHeaderBytes + 12
        if (isFiftieth(++kept)) mine[at] = (mine[at] ?? 0) ^ 1
        return mine
      }
    }),
  },
  {
    what: 'a kept frame that is let go once too often',
    invariant: 'no exception',
    fault: faultIn(Slab.prototype, 'letGo', (original) => {
      let times = 0
      return function (this: Slab): void {
        original.call(this)
        if (isFiftieth(++times)) original.call(this)
      }
    }),
  },
  {
    what: 'a kept frame that is not let go',
    invariant: 'memory returns',
    fault: faultIn(Slab.prototype, 'letGo', (original) => {
      let times = 0
      return function (this: Slab): void {
        if (!isFiftieth(++times)) original.call(this)
      }
    }),
  },
  {
    what: 'an entry whose slot is never free again',
    invariant: 'memory returns',
    fault: faultIn(EntryTable.prototype, 'leave', (original) => {
      let times = 0
      return function (this: EntryTable, slot): void {
        if (!isFiftieth(++times)) original.call(this, slot)
      }
    }),
  },
  {
    what: 'a journal that leaves a delivery out',
    invariant: 'audit agreement',
    fault: faultIn(SubscriberJournal.prototype, 'delivered', (original) => {
      let batches = 0
      return function (this: SubscriberJournal, ...delivery): void {
        if (!isFiftieth(++batches)) original.apply(this, delivery)
      }
    }),
  },
  {
    what: 'a journal that does not say what a subscriber was told is lost',
    invariant: 'audit agreement',
    fault: faultIn(SubscriberJournal.prototype, 'gap', () => () => undefined),
  },
]

for (const { what, fault, invariant, seeds = 40 } of plantedFaults) {
  test(`finds ${what}`, () => {
    const caught = catchFault(fault, { run: runSeed, first: 1, seeds })
    assert.equal(caught?.failure.invariant, invariant, caught?.failure.message)
    const { seed, outcome } = caught
    assert.deepEqual(
      fault(() => runSeed(seed)),
      outcome,
      `seed ${seed} replays it`,
    )
    assert.equal(runSeed(seed).failure, undefined, `seed ${seed} passes without the fault`)
  })
}

test('every invariant has found a planted fault', () => {
  const found = new Set(plantedFaults.map(({ invariant }) => `${invariant.replaceAll(' ', '-')}.ts`))
  const invariants = readdirSync(new URL('../../sim/invariants/', import.meta.url))
  assert.deepEqual(
    invariants.filter((file) => !found.has(file)),
    [],
  )
  assert(invariants.length >= 9)
})
