// Every invariant of the log is able to fail in the switching world: each defect that the leader world finds with one is found there as well, in a run
// that passes without it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeLogInvariants } from '../../../sim/leader/log-invariants.ts'
import type { LogWorld } from '../../../sim/leader/log-world.ts'
import type { Outcome } from '../../../sim/run.ts'
import { drawSwitchingPlan } from '../../../sim/switching/plan.ts'
import { SwitchingSimulation } from '../../../sim/switching/switching-simulation.ts'
import { faultsOfRaft } from '../leader/faults-of-raft.ts'
import { faultsOfStorage } from '../leader/faults-of-storage.ts'
import { catchFault } from '../planted-fault.ts'

const ofTheLog = makeLogInvariants({} as LogWorld).map(({ name }) => name)

/** Defects of which nothing but an invariant of the log says what they are. */
const faultsOfTheLog = [...faultsOfRaft, ...faultsOfStorage].filter(({ invariants }) =>
  invariants.every((name) => ofTheLog.includes(name)),
)

function runSeed(seed: number): Outcome {
  return new SwitchingSimulation(drawSwitchingPlan(seed)).run()
}

/** The first seed that is tried, where many before it have nothing that could show it. */
const beginsAt: Readonly<Record<string, number>> = {
  'a candidate that counts every answer as a vote': 7,
  'a vote without a look at the log': 7,
  'files that are removed while a group needs them': 7,
}

/** Invariants of the log that have found something. */
const found = new Set<string>()

for (const { what, fault, invariants } of faultsOfTheLog) {
  test(`finds ${what}, in the switching world`, () => {
    const first = beginsAt[what] ?? 1
    const caught = catchFault(fault, { run: runSeed, first, seeds: 20, invariants })
    assert.ok(caught, `in one of 20 seeds from ${first} on it is found by ${invariants.join(' or ')}`)
    found.add(caught.failure.invariant)
    assert.equal(runSeed(caught.seed).failure, undefined, `seed ${caught.seed} passes without the fault`)
  })
}

test('every invariant of the log has found a planted fault in the switching world', () => {
  assert.deepEqual(
    ofTheLog.filter((name) => !found.has(name)),
    [],
  )
})
