// What a group agrees on is a machine's business: it is told the entries in their order, the same on every member.

import type { LogEntry, Snapshot } from '../core/raft/entry.ts'
import type { RaftStatus } from '../core/raft/raft.ts'

/** What one member makes of its group's log. */
export interface Machine {
  /** Applies committed entries, in order, each once after a start: from the floor on, and then as they come. */
  apply(entries: readonly LogEntry[]): void
  /** Takes a floor, its state and the entries that it keeps, in place of everything. Throws where the bytes are none. */
  restore(floor: Snapshot): void
  /** The highest index up to which the log need not have the entries, at most `applied`; and what stands for them. */
  floorAt(applied: number): Floor | undefined
  /**
   * Who leads has changed; what this member has proposed and not applied may have come to nothing. `isLeading`: it leads, has applied
   * everything from before its term, and may propose from now on.
   */
  onLeadership(status: RaftStatus, isLeading: boolean): void
  /** A read that was asked for under this number sees everything that it must once this index is applied. */
  onRead(request: number, index: number): void
}

/** A state that may stand for everything up to an index. */
export interface Floor {
  readonly index: number
  readonly state: Uint8Array
  /** Entries of the log, or of the floor before, that the state needs as they are, ascending; if left out, none. */
  readonly kept?: readonly LogEntry[]
}
