// What a group's log is made of, and what of it must survive a crash.

import type { MembershipChange } from './change.ts'
import type { ConfigurationRecord } from './configuration.ts'
import { type MemberId, nobody } from './quorum.ts'

/** An entry's place: in one term there is one entry at an index. */
export interface Position {
  readonly term: number
  readonly index: number
}

/** Something proposed. An entry without data and change is what a new leader begins its term with. */
export interface Proposal {
  readonly data: Uint8Array
  /** Makes it an entry that changes the members once it is applied. */
  readonly change?: MembershipChange | undefined
}

export interface LogEntry extends Position, Proposal {}

/** What a member must not forget (Raft paper, figure 2); the commit index is kept along, and may be lost. */
export interface HardState {
  readonly term: number
  readonly vote: MemberId
  readonly commit: number
}

export const initialHardState: HardState = { term: 0, vote: nobody, commit: 0 }

/** The state behind an entry, in place of all entries up to it. */
export interface Snapshot extends Position {
  readonly configuration: ConfigurationRecord
  readonly data: Uint8Array
  /** Entries up to its index that the state needs as they are, ascending; if left out, none. */
  readonly kept?: readonly LogEntry[] | undefined
}

/** The empty data of entries that only mark something. */
export const noData: Uint8Array = new Uint8Array(0)

/** What an entry costs beside its data, so that empty ones are bounded too. */
const entryOverheadBytes = 64

/** What entries count for where bytes are bounded. */
export function entryBytes(entries: readonly Proposal[]): number {
  let bytes = entryOverheadBytes * entries.length
  for (const { data } of entries) bytes += data.length
  return bytes
}

/** Whether a log that ends here may vote for one that ends there: its last term is later, or as late and it is as long (§5.4.1). */
export function isUpToDate(candidate: Position, own: Position): boolean {
  return candidate.term > own.term || (candidate.term === own.term && candidate.index >= own.index)
}

/** How many of the entries from an offset on, at least one where there is any, take no more than so many bytes. */
export function countWithinBytes(
  entries: readonly Proposal[],
  from: number,
  to: number,
  bytesMax: number,
): number {
  let bytes = 0
  for (let at = from; at < to; at++) {
    bytes += entryOverheadBytes + (entries[at]?.data.length ?? 0)
    if (bytes > bytesMax && at > from) return at - from
  }
  return to - from
}
