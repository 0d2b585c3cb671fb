// The letters of the benchmark and what each consists of. A case is one set-up that every system runs; a scenario is a table
// over cases, and two scenarios may read the same case.

import type { System } from '../drivers/driver.ts'
import { isDurable } from '../drivers/durable-driver.ts'
import type { MeasurementPlan } from '../measurement.ts'
import type { Measurement } from '../outcome.ts'

/** One set-up. */
export interface BenchCase {
  readonly id: string
  /** As a row of a table. */
  readonly title: string
  readonly plan: MeasurementPlan
  /** Systems that cannot be compared in this case are left out. */
  readonly isComparable: (system: System) => boolean
}

/** One run of a case by a system, as the report keeps it. */
export interface RunRecord {
  readonly caseId: string
  readonly system: string
  readonly run: number
  readonly measurement: Measurement
}

/** A system as a column of a table. */
export interface Column {
  readonly name: string
  /** What has been done with a publication on disk when it is acknowledged; of systems that keep publications. */
  readonly sync?: string
}

export interface Scenario {
  readonly letter: string
  readonly title: string
  readonly cases: readonly BenchCase[]
  /** Lines of the tables over all runs that were made. */
  render(runs: readonly RunRecord[], systems: readonly Column[]): string[]
}

/** Systems whose messages are measured to subscribers. */
export const everywhere = (system: System): boolean => !isDurable(system)
export const clustersOnly = (system: System): boolean => 'hasCluster' in system && system.hasCluster === true
/** Systems that keep publications. */
export const durableOnly = (system: System): boolean => isDurable(system)
/** Servers of a system that keeps publications, of which two make a majority. */
export const durableServerCount = 3
