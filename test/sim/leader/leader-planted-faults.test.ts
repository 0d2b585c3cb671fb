// Every invariant of the leader world is able to fail: each planted defect is found, by the invariant that is there for it, in a run
// that its seed alone repeats.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { catchFault } from '../planted-fault.ts'
import { faultsOfDelivery } from './faults-of-delivery.ts'
import { faultsOfMembers } from './faults-of-members.ts'
import { faultsOfRaft } from './faults-of-raft.ts'
import { faultsOfStorage } from './faults-of-storage.ts'
import { runLeaderSeed } from './leader-seed.ts'

const plantedLeaderFaults = [...faultsOfRaft, ...faultsOfStorage, ...faultsOfDelivery, ...faultsOfMembers]

/** Invariants that have found something. */
const found = new Set<string>()

for (const { what, fault, invariants, first = 1, seeds = 40 } of plantedLeaderFaults) {
  test(`finds ${what}`, () => {
    const caught = catchFault(fault, { run: runLeaderSeed, first, seeds, invariants })
    assert.ok(caught, `in one of ${seeds} seeds it is found by ${invariants.join(' or ')}`)
    const { seed, outcome, failure } = caught
    found.add(failure.invariant)
    assert.deepEqual(
      fault(() => runLeaderSeed(seed)),
      outcome,
      `seed ${seed} replays it`,
    )
    assert.equal(runLeaderSeed(seed).failure, undefined, `seed ${seed} passes without the fault`)
  })
}

test('every invariant has found a planted fault', () => {
  const files = readdirSync(new URL('../../../sim/leader/invariants/', import.meta.url))
  const invariants = files.map((file) => file.replace('.ts', '').replaceAll('-', ' '))
  assert.deepEqual(
    invariants.filter((name) => !found.has(name)),
    [],
  )
  assert(invariants.length >= 10)
})
