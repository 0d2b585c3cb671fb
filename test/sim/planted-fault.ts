// Breaks the production code on purpose for as long as a function runs. A simulation happens in one turn of the event loop, so
// nothing else sees the broken code.

import { drawPlan } from '../../sim/plan.ts'
import type { Failure, Outcome } from '../../sim/run.ts'
import { Simulation } from '../../sim/simulation.ts'

/** Runs something with the fault, which begins anew every time. */
export type Fault = <Result>(run: () => Result) => Result

/** A run that the fault made fail. */
export interface Caught {
  readonly seed: number
  readonly failure: Failure
  readonly outcome: Outcome
}

/** Replaces a method of a prototype. What the faulty method counts begins anew with every call of `toFaulty`. */
export function faultIn<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  toFaulty: (original: Owner[Name]) => Owner[Name],
): Fault {
  return (run) => {
    const original = owner[name]
    owner[name] = toFaulty(original)
    try {
      return run()
    } finally {
      owner[name] = original
    }
  }
}

/** Both faults at once. */
export function bothFaults(one: Fault, other: Fault): Fault {
  return (run) => one(() => other(run))
}

/** The whole run of a seed. */
export function runSeed(seed: number): Outcome {
  return new Simulation(drawPlan(seed)).run()
}

export interface Hunt {
  readonly run: (seed: number) => Outcome
  /** The first seed that is tried, and how many at most. */
  readonly first: number
  readonly seeds: number
  /** Invariants that are to find it; by default any. One fault may break several, and which one it breaks first depends on the seed. */
  readonly invariants?: readonly string[]
}

/** The first of so many seeds in which the fault is found. */
export function catchFault(fault: Fault, { run, first, seeds, invariants }: Hunt): Caught | undefined {
  for (let seed = first; seed < first + seeds; seed++) {
    const outcome = fault(() => run(seed))
    const { failure } = outcome
    if (failure !== undefined && invariants?.includes(failure.invariant) !== false)
      return { seed, failure, outcome }
  }
  return undefined
}
