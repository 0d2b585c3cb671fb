// A member's log: the durable entries and those on their way to the disk, what of it is committed, and what is applied.

import { assert } from '../common/assert.ts'
import { entryBytes, type LogEntry, type Position, type Snapshot } from './entry.ts'
import type { StableLog } from './stable-log.ts'
import { Unstable } from './unstable.ts'

export interface LogLimits {
  /** Bytes of committed entries that are being applied at the same time; one entry may go beyond it. */
  readonly applyingBytesMax: number
  /**
   * Whether entries may be applied before they are durable here. A majority has them durable, so what they say is final; a member
   * that crashes applies them again.
   */
  readonly appliesBeforeDurable: boolean
}

/** This member has acknowledged entries as durable, and its log ends before them: its disk has lost them. */
export class EntriesLost extends Error {
  constructor(last: number, committed: number) {
    super(`the log ends at entry ${last}, and ${committed} was acknowledged as durable`)
  }
}

export class RaftLog {
  readonly #stable: StableLog
  readonly #unstable: Unstable
  readonly #limits: LogLimits
  /** Highest index that is known to be committed. */
  committed: number
  /** Highest index that was handed out to be applied. */
  #applying: number
  #applied: number
  #applyingBytes = 0
  /** No more is handed out until what is being applied is. */
  #isApplyingPaused = false

  constructor(stable: StableLog, limits: LogLimits) {
    this.#stable = stable
    this.#limits = limits
    this.#unstable = new Unstable(stable.lastIndex + 1)
    this.committed = stable.firstIndex - 1
    this.#applying = this.committed
    this.#applied = this.committed
  }

  get applied(): number {
    return this.#applied
  }

  get firstIndex(): number {
    const { snapshot } = this.#unstable
    return snapshot === undefined ? this.#stable.firstIndex : snapshot.index + 1
  }

  get lastIndex(): number {
    return this.#unstable.lastIndex ?? this.#stable.lastIndex
  }

  get last(): Position {
    const index = this.lastIndex
    const term = this.termAt(index)
    assert(term !== undefined, 'the term of the last entry is known')
    return { term, index }
  }

  /** Whether a snapshot is on its way into the log: until it is durable nothing is applied, and this member cannot lead. */
  get hasSnapshotPending(): boolean {
    return this.#unstable.snapshot !== undefined
  }

  /** Index of the snapshot that is on its way; 0 if none is. */
  get pendingSnapshotIndex(): number {
    return this.#unstable.snapshot?.index ?? 0
  }

  /** Whether entries are not known to be durable. */
  get hasUnstable(): boolean {
    return this.#unstable.hasEntries
  }

  get hasNextUnstable(): boolean {
    return this.#unstable.hasNextEntries
  }

  get nextUnstable(): readonly LogEntry[] {
    return this.#unstable.nextEntries
  }

  get nextSnapshot(): Snapshot | undefined {
    return this.#unstable.nextSnapshot
  }

  /** Term of an entry; undefined where it is compacted or not there yet. */
  termAt(index: number): number | undefined {
    const term = this.#unstable.termAt(index)
    if (term !== undefined) return term
    return index < this.#unstable.offset ? this.#stable.termAt(index) : undefined
  }

  matches({ term, index }: Position): boolean {
    return this.termAt(index) === term
  }

  /** Entries from an index to the end or some bytes, at least one; undefined where they are compacted. */
  entriesFrom(from: number, bytesMax: number): readonly LogEntry[] | undefined {
    return from < this.firstIndex ? undefined : this.#slice(from, this.lastIndex, bytesMax)
  }

  /** A snapshot for a member that lacks what is compacted; undefined while none can be had. */
  snapshot(): Snapshot | undefined {
    return this.#unstable.snapshot ?? this.#stable.snapshot()
  }

  /** Appends what this member, as the leader, has numbered. */
  append(entries: readonly LogEntry[]): void {
    assert((entries[0]?.index ?? Number.MAX_VALUE) > this.committed, 'what is committed stays')
    this.#unstable.append(entries)
  }

  /**
   * Takes entries that follow a position (§5.3): false where this log has another entry there. What is here already is left
   * alone, so that a late copy of an old message cuts nothing off; from the first difference on, what was here is replaced.
   */
  appendAfter(previous: Position, entries: readonly LogEntry[]): boolean {
    if (!this.matches(previous)) return false
    const firstNew = entries.findIndex((entry) => !this.matches(entry))
    if (firstNew >= 0) this.append(entries.slice(firstNew))
    return true
  }

  /** The position where a log that has `term` at `index` may match this one: no term beyond it is later there (§5.3, end). */
  lastWithTermUpTo(term: number, index: number): { readonly index: number; readonly term: number } {
    for (let at = index; at > 0; at--) {
      const own = this.termAt(at)
      if (own === undefined) return { index: at, term: 0 }
      if (own <= term) return { index: at, term: own }
    }
    return { index: 0, term: 0 }
  }

  commitTo(index: number): void {
    if (index <= this.committed) return
    if (index > this.lastIndex) throw new EntriesLost(this.lastIndex, index)
    this.committed = index
  }

  /** A snapshot takes the place of the whole log. */
  restore(snapshot: Snapshot): void {
    this.committed = snapshot.index
    this.#unstable.restore(snapshot)
  }

  /** What was handed out by `nextUnstable` and `nextSnapshot` is being written from now on. */
  onHanded(): void {
    this.#unstable.onHanded()
  }

  onDurable(position: Position): void {
    this.#unstable.onDurable(position)
  }

  onSnapshotDurable(index: number): void {
    this.#unstable.onSnapshotDurable(index)
  }

  /** Whether committed entries are to be applied now. */
  get hasNextCommitted(): boolean {
    return !this.#isApplyingPaused && !this.hasSnapshotPending && this.#applying < this.#applicableTo
  }

  /** Committed entries that are to be applied now. */
  nextCommitted(): readonly LogEntry[] {
    if (!this.hasNextCommitted) return []
    const bytesMax = this.#limits.applyingBytesMax - this.#applyingBytes
    return this.#slice(this.#applying + 1, this.#applicableTo, bytesMax)
  }

  /** Whether something committed up to here, and not applied, changes the members. */
  hasUnappliedChange(): boolean {
    for (let from = this.#applied + 1; from <= this.committed; ) {
      const entries = this.#slice(from, this.committed, this.#limits.applyingBytesMax)
      if (entries.some(({ change }) => change !== undefined)) return true
      from += entries.length
    }
    return false
  }

  /** These entries are being applied from now on. */
  onApplying(entries: readonly LogEntry[]): void {
    const last = entries.at(-1)
    if (last === undefined) return
    this.#applying = last.index
    this.#applyingBytes += entryBytes(entries)
    const isFull = this.#applyingBytes >= this.#limits.applyingBytesMax
    this.#isApplyingPaused = isFull || last.index < this.#applicableTo
  }

  /** Everything up to an index, with so many bytes since the last call, is applied. */
  onApplied(index: number, bytes: number): void {
    assert(index <= this.committed, 'only what is committed is applied')
    this.#applied = Math.max(index, this.#applied)
    this.#applying = Math.max(this.#applying, this.#applied)
    this.#applyingBytes = Math.max(0, this.#applyingBytes - bytes)
    this.#isApplyingPaused = this.#applyingBytes >= this.#limits.applyingBytesMax
  }

  get #applicableTo(): number {
    return this.#limits.appliesBeforeDurable
      ? this.committed
      : Math.min(this.committed, this.#unstable.offset - 1)
  }

  #slice(from: number, to: number, bytesMax: number): readonly LogEntry[] {
    if (from > to) return []
    const { offset } = this.#unstable
    if (from >= offset) return this.#unstable.entries(from, to, bytesMax)
    const stableTo = Math.min(to, offset - 1)
    const stable = this.#stable.entries(from, stableTo, bytesMax)
    if (to < offset || stable.length < stableTo - from + 1) return stable
    const left = bytesMax - entryBytes(stable)
    return left <= 0 ? stable : [...stable, ...this.#unstable.entries(offset, to, left)]
  }
}
