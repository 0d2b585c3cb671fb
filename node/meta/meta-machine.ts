// The machine of the META group: applies what it agrees on to the roster.

import type { LogEntry, Snapshot } from '../core/raft/entry.ts'
import type { GroupLog } from '../groups/group-log.ts'
import type { Floor, Machine } from '../groups/machine.ts'
import type { Reads } from '../groups/reads.ts'
import type { Roster } from './roster.ts'
import { decodeRoster, decodeRosterCommand, encodeRoster } from './roster-bytes.ts'

export interface MetaMachineOptions {
  readonly log: GroupLog
  /** Hears what was read, and how far this node has come. */
  readonly reads: Pick<Reads, 'onAnswer' | 'onApplied'>
  /** The roster is written as a floor behind so many entries. */
  readonly floorEntries: number
  /** The roster is another one, or has changed. */
  readonly onRoster: () => void
  /** Another one leads META, or this member may propose now. */
  readonly onLeadership: () => void
}

export class MetaMachine implements Machine {
  readonly #options: MetaMachineOptions
  #roster: Roster | undefined
  #floorIndex = 0
  #index = 0

  constructor(options: MetaMachineOptions) {
    this.#options = options
  }

  /** Undefined while this member has not heard from the cluster yet. */
  get roster(): Roster | undefined {
    return this.#roster
  }

  apply(entries: readonly LogEntry[]): void {
    let isChanged = false
    for (const { data, index } of entries) {
      this.#index = index
      const command = decodeRosterCommand(data)
      if (command !== undefined && this.#roster?.apply(command) === true) isChanged = true
    }
    if (isChanged) this.#options.onRoster()
    this.#options.reads.onApplied(this.#index)
  }

  restore({ data: state }: Snapshot): void {
    this.#floorIndex = this.#options.log.floor.index
    this.#index = this.#floorIndex
    if (state.length === 0) return
    this.#roster = decodeRoster(state)
    this.#options.onRoster()
    this.#options.reads.onApplied(this.#index)
  }

  floorAt(applied: number): Floor | undefined {
    if (this.#roster === undefined || applied - this.#floorIndex < this.#options.floorEntries)
      return undefined
    this.#floorIndex = this.#index
    return { index: this.#index, state: encodeRoster(this.#roster) }
  }

  onLeadership(): void {
    this.#options.onLeadership()
  }

  onRead(request: number, index: number): void {
    this.#options.reads.onAnswer(request, index)
    this.#options.reads.onApplied(this.#index)
  }
}
