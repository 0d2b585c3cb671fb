// The durable part of a log, in memory.

import type { ConfigurationRecord } from '../../node/core/raft/configuration.ts'
import {
  countWithinBytes,
  type HardState,
  initialHardState,
  type LogEntry,
  type Position,
  type Snapshot,
} from '../../node/core/raft/entry.ts'
import type { StableLog } from '../../node/core/raft/stable-log.ts'

export class MemoryLog implements StableLog {
  hardState: HardState = initialHardState
  /** The state machine's, which a log knows nothing of. */
  newestSnapshot: () => Snapshot | undefined = () => undefined
  #configuration: ConfigurationRecord
  /** What stands in front of the first entry. */
  #start: Position
  #entries: LogEntry[] = []

  /** A log without entries, behind a snapshot. */
  constructor({ term, index, configuration }: Snapshot) {
    this.#start = { term, index }
    this.#configuration = configuration
  }

  get firstIndex(): number {
    return this.#start.index + 1
  }

  get lastIndex(): number {
    return this.#start.index + this.#entries.length
  }

  initialState(): { hardState: HardState; configuration: ConfigurationRecord } {
    const configuration = this.newestSnapshot()?.configuration ?? this.#configuration
    return { hardState: this.hardState, configuration }
  }

  termAt(index: number): number | undefined {
    if (index === this.#start.index) return this.#start.term
    return this.#entries[index - this.firstIndex]?.term
  }

  entries(from: number, to: number, bytesMax: number): readonly LogEntry[] {
    if (from < this.firstIndex || to > this.lastIndex)
      throw new Error(`entries ${from}..${to} are not in the log`)
    const start = from - this.firstIndex
    const count = countWithinBytes(this.#entries, start, to - this.firstIndex + 1, bytesMax)
    return this.#entries.slice(start, start + count)
  }

  snapshot(): Snapshot | undefined {
    return this.newestSnapshot()
  }

  /** Writes entries from the first one's index on, in place of what is there. */
  append(entries: readonly LogEntry[]): void {
    const first = entries[0]
    if (first === undefined) return
    this.#entries.length = first.index - this.firstIndex
    for (const entry of entries) this.#entries.push(entry)
  }

  /** Puts a snapshot in place of everything. */
  restore({ term, index, configuration }: Snapshot): void {
    this.#start = { term, index }
    this.#entries = []
    this.#configuration = configuration
  }

  /** Forgets everything up to an index. */
  compact(index: number): void {
    const term = this.termAt(index)
    if (term === undefined) throw new Error(`index ${index} is not in the log`)
    this.#entries.splice(0, index - this.#start.index)
    this.#start = { term, index }
  }
}
