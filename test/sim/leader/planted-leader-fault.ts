// A defect that is planted into the code of leader mode.

import type { Fault } from '../planted-fault.ts'

export interface PlantedLeaderFault {
  /** Completes "finds …". */
  readonly what: string
  readonly fault: Fault
  /** Invariants that may find it first: which one does hangs on the plan of the seed. */
  readonly invariants: readonly string[]
  /** The first seed that is tried, and how many at most. */
  readonly first?: number
  readonly seeds?: number
}

/** What does its work but every twentieth time. */
export function isTwentieth(count: number): boolean {
  return count % 20 === 0
}
