// The run of one seed of the leader world.

import { LeaderSimulation } from '../../../sim/leader/leader-simulation.ts'
import { drawLeaderPlan, type LeaderPlan } from '../../../sim/leader/plan.ts'
import type { Outcome } from '../../../sim/run.ts'

export function runLeaderSeed(seed: number): Outcome<LeaderPlan> {
  return new LeaderSimulation(drawLeaderPlan(seed)).run()
}
