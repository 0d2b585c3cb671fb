// The machine of the group of names: it applies what is committed, and proposes what nodes ask for while this node leads. Its state is
// small and has no messages in it, so a floor can take the place of its entries whenever they are many.

import type { LogEntry, Snapshot } from '../../core/raft/entry.ts'
import type { RaftStatus } from '../../core/raft/raft.ts'
import type { GroupLog } from '../../groups/group-log.ts'
import type { Floor, Machine } from '../../groups/machine.ts'
import { decodeNameCommand } from './command.ts'
import { NameLedger } from './ledger.ts'

export interface NameMachineOptions {
  readonly log: GroupLog
  /** Entries that are kept behind the floor before another one takes their place. */
  readonly floorEntries: number
  /** The ledger has changed. */
  readonly onChanged: () => void
  /** Somebody else leads, or nobody: what was sent may be lost. */
  readonly onLeader: () => void
}

export class NameMachine implements Machine {
  readonly #options: NameMachineOptions
  #ledger = new NameLedger()
  /** Of the last entry that is applied. */
  #index = 0
  #isLeading = false

  constructor(options: NameMachineOptions) {
    this.#options = options
  }

  get ledger(): NameLedger {
    return this.#ledger
  }

  /** Whether this node leads the group, and has applied everything from before its term. */
  get isLeading(): boolean {
    return this.#isLeading
  }

  apply(entries: readonly LogEntry[]): void {
    let isChanged = false
    for (const { data, index } of entries) {
      this.#index = index
      const command = decodeNameCommand(data)
      if (command !== undefined) isChanged = this.#ledger.apply(command) || isChanged
    }
    if (isChanged) this.#options.onChanged()
  }

  restore({ data: state }: Snapshot): void {
    this.#ledger = NameLedger.decode(state)
    this.#index = this.#options.log.floor.index
    this.#options.onChanged()
  }

  floorAt(applied: number): Floor | undefined {
    const { log, floorEntries } = this.#options
    const isDue = applied - log.floor.index >= floorEntries
    if (!isDue || this.#index !== applied) return undefined
    return { index: applied, state: this.#ledger.encode() }
  }

  onLeadership(_status: RaftStatus, isLeading: boolean): void {
    this.#isLeading = isLeading
    this.#options.onLeader()
  }

  onRead(): void {
    // Nobody reads here: whoever takes a name has read it by that.
  }
}
