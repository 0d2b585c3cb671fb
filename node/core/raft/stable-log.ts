// The durable part of a group's log, as the core reads it. A driver writes; the simulator and the node bring their own.

import type { ConfigurationRecord } from './configuration.ts'
import type { HardState, LogEntry, Snapshot } from './entry.ts'

export interface StableLog {
  /** What was durable when the member started. */
  initialState(): { readonly hardState: HardState; readonly configuration: ConfigurationRecord }
  /** Index of the first entry that is still there; one more than `lastIndex` where none is. */
  readonly firstIndex: number
  readonly lastIndex: number
  /** Term of the entry at `firstIndex - 1`..`lastIndex`; undefined outside: compacted, or not there yet. */
  termAt(index: number): number | undefined
  /** Entries from..to, at most so many bytes of data but at least one. Only what is there is asked for. */
  entries(from: number, to: number, bytesMax: number): readonly LogEntry[]
  /** The newest snapshot, at or behind `firstIndex - 1`; undefined while none can be had. */
  snapshot(): Snapshot | undefined
}
