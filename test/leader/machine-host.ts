// A machine over a log that a test appends to and commits.

import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { emptyConfiguration } from '../../node/core/raft/configuration.ts'
import { type LogEntry, noData } from '../../node/core/raft/entry.ts'
import { EntryMemory } from '../../node/groups/entry-memory.ts'
import { GroupLog } from '../../node/groups/group-log.ts'
import { Reads } from '../../node/groups/reads.ts'
import { type Command, encodeCommand } from '../../node/leader/command.ts'
import { DataMachine } from '../../node/leader/data-machine.ts'
import { Ledger } from '../../node/leader/ledger.ts'
import { type LeaderLimits, leaderLimits } from '../../node/leader/limits.ts'
import { LeaderStreams } from '../../node/leader/streams.ts'
import { batchPlace, batchSequence } from '../../node/wire/batch-header.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'

export class MachineHost {
  now = 10_000
  readonly slabs: CountedSlabs = new CountedSlabs(smallWipedSlabs)
  readonly log: GroupLog
  readonly streams: LeaderStreams
  readonly reads: Reads
  readonly machine: DataMachine
  /** What happened, in order. */
  readonly events: string[] = []

  constructor(log?: GroupLog, limits: LeaderLimits = leaderLimits) {
    const floor = { index: 0, term: 0, configuration: emptyConfiguration, data: noData }
    this.log = log ?? new GroupLog(floor, new EntryMemory(this.slabs))
    this.streams = new LeaderStreams({
      ...{ slabs: this.slabs, now: () => this.now },
      onDelivered: ({ name, messages }) => this.events.push(`${name} has ${messages}`),
    })
    this.reads = new Reads(
      1 as Boot,
      () => this.now,
      () => undefined,
    )
    this.machine = new DataMachine({
      ...{ log: this.log, limits, reads: this.reads, streams: this.streams },
      propose: (data) => this.events.push(`proposes ${data.length} bytes`),
      onVoid: (stream, origin, from, to) => this.events.push(`void ${stream} ${origin} ${from}-${to}`),
      onPlaced: (frame) => this.events.push(`${batchSequence(frame)} at ${batchPlace(frame)}`),
      onLeader: () => this.events.push('leader'),
      onPhase: ({ epoch }) => this.events.push(`epoch ${epoch}`),
      onRestored: () => undefined,
      nodes: () => ['A' as NodeId],
      isUp: () => true,
      now: () => this.now,
    })
    this.machine.restore(this.log.floor)
  }

  /** Commands are appended to the log and applied as one round. */
  apply(term: number, ...commands: readonly (Command | undefined)[]): void {
    const first = this.log.lastIndex + 1
    const entries: LogEntry[] = commands.map((command, nth) => {
      return { term, index: first + nth, data: command === undefined ? noData : encodeCommand(command) }
    })
    this.log.append(entries)
    this.machine.apply(entries)
  }

  /** What happened since the last call. */
  take(): string[] {
    return this.events.splice(0)
  }

  floor(): { readonly index: number; readonly ledger: Ledger } | undefined {
    const floor = this.machine.floorAt(this.log.lastIndex)
    return floor && { index: floor.index, ledger: Ledger.decode(floor.state) }
  }

  /** Retention drops what is too old. */
  pass(ms: number): void {
    this.now += ms
    this.streams.onSecond()
  }
}
