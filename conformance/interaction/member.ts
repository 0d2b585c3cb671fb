// A member under replay: the core, a log in memory, and a state machine that puts what it applies one behind the other.

import { ChangeRefused } from '../../node/core/raft/change.ts'
import { emptyConfiguration } from '../../node/core/raft/configuration.ts'
import { type LogEntry, noData, type Snapshot } from '../../node/core/raft/entry.ts'
import type { RaftOptions } from '../../node/core/raft/options.ts'
import { Raft } from '../../node/core/raft/raft.ts'
import type { Ready } from '../../node/core/raft/ready.ts'
import { MemoryLog } from './memory-log.ts'

/** What a member's disk and state machine say to it where they are replayed apart. */
export interface LocalMessage {
  readonly kind: 'appended' | 'apply' | 'applied'
  readonly id: number
  readonly ready: Ready
}

const nothing: Snapshot = { term: 0, index: 0, configuration: emptyConfiguration, data: noData }

export class Member {
  readonly id: number
  readonly raft: Raft
  readonly log: MemoryLog
  readonly options: RaftOptions
  /** Whether writing and applying are steps of their own. */
  readonly isAsync: boolean
  readonly writes: Ready[] = []
  readonly applies: Ready[] = []
  #newest: Snapshot

  /** `start` is what state and log begin with: the log where it goes on, or else behind the state. */
  constructor(options: RaftOptions, isAsync: boolean, start: Snapshot = nothing, log?: MemoryLog) {
    this.id = options.id
    this.options = options
    this.isAsync = isAsync
    this.#newest = start
    this.log = log ?? new MemoryLog(start)
    this.log.newestSnapshot = () => (this.#newest.index === 0 ? undefined : this.#newest)
    this.raft = new Raft(options, this.log, start.index)
  }

  get snapshot(): Snapshot {
    return this.#newest
  }

  /** Writes what a Ready wants written. */
  write({ hardState, entries, snapshot }: Ready): void {
    if (hardState !== undefined) this.log.hardState = hardState
    if (snapshot !== undefined) {
      this.log.restore(snapshot)
      this.#newest = snapshot
    }
    this.log.append(entries)
  }

  /** Applies entries. Returns what was refused. */
  apply(entries: readonly LogEntry[]): string[] {
    return entries.flatMap((entry) => {
      const { term, index, data, change } = entry
      let { configuration } = this.#newest
      const refusals: string[] = []
      try {
        if (change !== undefined) configuration = this.raft.applyChange(change, index) ?? configuration
      } catch (error) {
        if (!(error instanceof ChangeRefused)) throw error
        refusals.push(error.message)
      }
      this.#newest = { term, index, configuration, data: Buffer.concat([this.#newest.data, data]) }
      return refusals
    })
  }
}
