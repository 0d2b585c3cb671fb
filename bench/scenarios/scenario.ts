// The letters of the benchmark and what each consists of. A case is one set-up that every system runs; a scenario is a table
// over cases, and two scenarios may read the same case.

import type { Driver } from '../drivers/driver.ts'
import type { MeasurementPlan } from '../measurement.ts'
import type { Measurement } from '../outcome.ts'

/** One set-up. */
export interface BenchCase {
  readonly id: string
  /** As a row of a table. */
  readonly title: string
  readonly plan: MeasurementPlan
  /** Systems that cannot be compared in this case are left out. */
  readonly isComparable: (driver: Driver) => boolean
}

/** One run of a case by a system, as the report keeps it. */
export interface RunRecord {
  readonly caseId: string
  readonly system: string
  readonly run: number
  readonly measurement: Measurement
}

export interface Scenario {
  readonly letter: string
  readonly title: string
  readonly cases: readonly BenchCase[]
  /** Lines of the tables over all runs that were made. */
  render(runs: readonly RunRecord[], systems: readonly string[]): string[]
}

export const everywhere = (): boolean => true
export const clustersOnly = (driver: Driver): boolean => driver.hasCluster
