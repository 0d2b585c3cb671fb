// The simulator keeps its promises about itself: seeds pass, a seed is the same run twice, and every kind of defect that
// is planted into the production code is found.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GossipAgent } from '../../node/core/gossip/agent.ts'
import { Catalog } from '../../node/core/gossip/catalog.ts'
import { Push } from '../../node/core/gossip/push.ts'
import { Wants } from '../../node/core/gossip/wants.ts'
import { Feed } from '../../node/core/stream/feed.ts'
import { OriginState } from '../../node/core/stream/origin-state.ts'
import { Replica } from '../../node/core/stream/replica.ts'
import { drawPlan, type Plan } from '../../sim/plan.ts'
import { type Outcome, Simulation } from '../../sim/simulation.ts'
import { withFault } from './planted-fault.ts'

const run = (plan: Plan): Outcome => new Simulation(plan).run()

/** The invariants that the first seeds broke, until one did. */
function firstFailure(seeds: number): string | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    const { failure } = run(drawPlan(seed))
    if (failure !== undefined) return failure.invariant
  }
  return undefined
}

test('one hundred seeds keep every promise', () => {
  const failures: string[] = []
  for (let seed = 1; seed <= 100; seed++) {
    const { failure } = run(drawPlan(seed))
    if (failure !== undefined) failures.push(`seed ${seed}: ${failure.message}`)
  }
  assert.deepEqual(failures, [])
})

test('a seed is the same run every time', () => {
  for (const seed of [3, 14, 159]) {
    const [first, second] = [run(drawPlan(seed)), run(drawPlan(seed))]
    assert.equal(first.traceHash, second.traceHash)
    assert.equal(first.events, second.events)
  }
})

test('different seeds are different runs', () => {
  assert.notEqual(run(drawPlan(1)).traceHash, run(drawPlan(2)).traceHash)
})

test('finds a feed that leaves a batch out', () => {
  let items = 0
  const failure = withFault(
    Feed.prototype,
    'next',
    (original) =>
      function (this: Feed): ReturnType<Feed['next']> {
        const item = original.call(this)
        return item?.kind === 'batch' && ++items % 50 === 0 ? original.call(this) : item
      },
    () => firstFailure(40),
  )
  assert.equal(failure, 'delivery rule')
})

test('finds a push that skips a batch', () => {
  let published = 0
  const failure = withFault(
    Push.prototype,
    'publish',
    (original) =>
      function (this: Push, replica, entry, token): void {
        // Repair would fill the hole from the log.
        if (++published % 50 === 0) replica.origins.get(entry.boot)?.log.remove(entry)
        original.call(this, replica, entry, token)
      },
    () => firstFailure(40),
  )
  assert.ok(failure !== undefined && failure !== 'no exception', failure)
})

test('finds wants that give up too early', () => {
  const failure = withFault(
    Wants.prototype,
    'add',
    () =>
      function (this: Wants, replica, state, _from, to): void {
        state.absent.add(1, to)
        replica.skip(state, to, 'lost')
      },
    () => firstFailure(40),
  )
  assert.ok(failure !== undefined && failure !== 'no exception', failure)
})

test('finds wants that are never asked for', () => {
  const failure = withFault(
    Wants.prototype,
    'add',
    () => () => undefined,
    () => firstFailure(40),
  )
  assert.ok(failure !== undefined && failure !== 'no exception', failure)
})

test('finds confirmations that are given too early', () => {
  const failure = withFault(
    Push.prototype,
    'onHeld',
    (original) =>
      function (this: Push, peer, message): void {
        original.call(this, peer, { ...message, to: message.to + 1_000_000 })
      },
    () => firstFailure(40),
  )
  assert.equal(failure, 'copies')
})

test('finds retention that does not drop', () => {
  const failure = withFault(
    Replica.prototype,
    'trim',
    () => () => undefined,
    () => firstFailure(40),
  )
  assert.equal(failure, 'bounded memory')
})

test('finds a catalog that forgets to decide between equal versions', () => {
  const failure = withFault(
    Catalog.prototype,
    'merge',
    (original) =>
      function (this: Catalog, entry): boolean {
        if (this.get(entry.key)?.version === entry.version) return false
        return original.call(this, entry)
      },
    () => firstFailure(300),
  )
  assert.equal(failure, 'agreement')
})

test('finds numbering that begins anew', () => {
  const failure = withFault(
    GossipAgent.prototype,
    'nextSequence',
    () =>
      function (this: GossipAgent, replica): number {
        return replica.messages + 1
      },
    () => firstFailure(40),
  )
  // The agent's own assertion stops it before an invariant could.
  assert.equal(failure, 'no exception')
})

test('finds an origin state that asks for nothing behind a dropped sequence', () => {
  const failure = withFault(
    OriginState.prototype,
    'givenUpTo',
    () =>
      function (this: OriginState, sequence: number): number | undefined {
        return sequence <= this.last ? this.last : undefined
      },
    () => firstFailure(60),
  )
  assert.equal(failure, 'gap honesty')
})
