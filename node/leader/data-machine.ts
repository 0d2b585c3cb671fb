// The machine of a data group: it puts committed batches into the replicas of their streams, in their order, and gives places to new
// ones while this node leads the group.

import { type NodeId, toOrigin, toStreamId } from '../core/common/ids.ts'
import type { LogEntry, Snapshot } from '../core/raft/entry.ts'
import type { RaftStatus } from '../core/raft/raft.ts'
import type { GroupLog } from '../groups/group-log.ts'
import type { Floor, Machine } from '../groups/machine.ts'
import type { Reads } from '../groups/reads.ts'
import { batchBoot, batchCount, batchSequence, batchStream } from '../wire/batch-header.ts'
import { isVoid } from '../wire/batch-producer.ts'
import { isGap } from '../wire/gap-batch.ts'
import { type Command, decodeCommand, encodeCommand } from './command.ts'
import { FloorScan } from './floor-scan.ts'
import { type DataState, decodeState } from './kept-batches.ts'
import { Ledger, type StreamLedger } from './ledger.ts'
import type { LeaderLimits } from './limits.ts'
import { Numbering } from './numbering.ts'
import type { LeaderPorts } from './ports.ts'
import { stampsAgainMs, toPlacedBy } from './stamps.ts'
import type { LeaderStreams } from './streams.ts'
import { Switching, type SwitchingOptions } from './switching.ts'

export interface DataMachineOptions {
  readonly log: GroupLog
  readonly limits: Pick<LeaderLimits, 'droppedBytesMax' | 'keptBytesMax'>
  readonly streams: LeaderStreams
  readonly reads: Reads
  readonly propose: (data: Uint8Array) => void
  /** A batch has its place for good. */
  readonly onPlaced: (frame: Uint8Array) => void
  readonly onVoid: LeaderPorts['onVoid']
  /** Somebody else gives places now, or nobody. */
  readonly onLeader: () => void
  /** A stream is in another phase: an epoch is sealed, or has begun. */
  readonly onPhase: (stream: StreamLedger) => void
  /** A floor stands for everything before it. */
  readonly onRestored: (ledger: Ledger) => void
  /** For switching, while this node leads. */
  readonly nodes: SwitchingOptions['nodes']
  readonly isUp: SwitchingOptions['isUp']
  readonly now: () => number
}

export class DataMachine implements Machine {
  readonly #options: DataMachineOptions
  /** Entries up to here were in the log when the node started. */
  readonly #recoveredTo: number
  #ledger = new Ledger()
  #scan: FloorScan
  /** Of the last entry that is applied: the leader of its term has applied everything before that. */
  #term = 0
  #index = 0
  /** Whether the state that the node has started with is here. */
  #isRunning = false
  #numbering: Numbering | undefined
  #switching: Switching | undefined

  constructor(options: DataMachineOptions) {
    this.#options = options
    this.#scan = this.#scanFrom(0, { ledger: new Ledger(), kept: [] })
    this.#recoveredTo = options.log.lastIndex
  }

  get ledger(): Ledger {
    return this.#ledger
  }

  /** Set while this node leads and may give places. */
  get numbering(): Numbering | undefined {
    return this.#numbering
  }

  /** Set while this node leads and may begin and end epochs. */
  get switching(): Switching | undefined {
    return this.#switching
  }

  /** Term whose leader is known to take submissions. */
  get term(): number {
    return this.#term
  }

  apply(entries: readonly LogEntry[]): void {
    const termBefore = this.#term
    for (const { data, index, term } of entries) {
      this.#term = term
      this.#index = index
      const command = decodeCommand(data)
      if (command !== undefined && this.#ledger.apply(command)) this.#tell(command, index)
    }
    const { streams, reads, onLeader } = this.#options
    streams.endRound()
    reads.onApplied(this.#index)
    this.#switching?.tick()
    if (this.#term !== termBefore) onLeader()
  }

  restore({ index, term, data, kept: entries = [] }: Snapshot): void {
    const { ledger, kept } = decodeState(data, entries)
    this.#ledger = ledger
    // What is known behind the floor and behind what is applied go on apart.
    this.#scan = this.#scanFrom(index, decodeState(data, entries))
    this.#index = index
    const termBefore = this.#term
    this.#term = term
    this.#options.streams.restore(ledger, kept)
    for (const stream of this.#ledger.streams.values()) this.#options.onPhase(stream)
    this.#options.onRestored(this.#ledger)
    if (this.#isRunning && this.#term !== termBefore) this.#options.onLeader()
    this.#isRunning = true
  }

  floorAt(applied: number): Floor | undefined {
    return this.#scan.floorAt(applied)
  }

  #scanFrom(index: number, state: DataState): FloorScan {
    return new FloorScan({ ...this.#options, ids: () => this.#ledger.streams.keys() }, index, state)
  }

  onLeadership(_status: RaftStatus, isLeading: boolean): void {
    this.#numbering = undefined
    this.#switching = undefined
    if (isLeading) this.#lead()
    this.#options.onLeader()
  }

  onRead(request: number, index: number): void {
    this.#options.reads.onAnswer(request, index)
    this.#options.reads.onApplied(this.#index)
  }

  #lead(): void {
    const { nodes, isUp, now } = this.#options
    let stampedAt = Number.NEGATIVE_INFINITY
    const propose = (command: Command): void => {
      // Publishers' clocks say nothing of how long a batch has been here, and this node's says nothing when it has started again.
      if (command.op === 'batch' && now() - stampedAt >= stampsAgainMs) {
        stampedAt = now()
        this.#options.propose(encodeCommand({ op: 'time', at: stampedAt }))
      }
      const timed = command.op === 'begin' ? { ...command, at: now() } : command
      this.#options.propose(encodeCommand(timed))
    }
    const ledger = this.#ledger
    const numbering = new Numbering(ledger, propose)
    this.#numbering = numbering
    this.#switching = new Switching({ ledger, numbering, propose, nodes, isUp, now })
  }

  #tell(command: Command, index: number): void {
    const { streams, onPlaced } = this.#options
    if (command.op === 'seal' || command.op === 'begin') return this.#tellPhase(command)
    if (command.op !== 'batch') return
    const { frame } = command
    const node = this.#ledger.nodes.get(batchBoot(frame))
    if (node !== undefined)
      streams.insert(node, frame, index > this.#recoveredTo ? undefined : toPlacedBy(this.#ledger.time))
    if (node !== undefined && isVoid(frame) && !isGap(frame)) this.#tellVoid(node, frame)
    onPlaced(frame)
  }

  #tellVoid(node: NodeId, frame: Uint8Array): void {
    const name = this.#ledger.streams.get(batchStream(frame))?.definition.name
    const from = batchSequence(frame)
    const origin = toOrigin(node, batchBoot(frame))
    if (name !== undefined) this.#options.onVoid(name, origin, from, from + batchCount(frame) - 1)
  }

  #tellPhase({ op, definition, epoch }: Command & { op: 'seal' | 'begin' }): void {
    const { streams, onPhase } = this.#options
    const id = toStreamId(definition.name)
    const stream = this.#ledger.streams.get(id)
    if (stream === undefined) return
    // What was applied before belongs to the epoch before: its subscribers hear of it first.
    streams.endRound()
    if (op === 'begin') this.#numbering?.onBegin(id, epoch)
    if (op === 'begin' && definition.mode === 'leader') streams.begin(stream, this.#ledger.nodes)
    onPhase(stream)
  }
}
