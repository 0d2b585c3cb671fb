// How far the log of a data group is needed: from its oldest batch on that retention covers. Where that is a few old ones in front of much
// that is dropped, the floor goes on behind them, and keeps them.

import { type StreamId, toStreamId } from '../core/common/ids.ts'
import type { LogEntry } from '../core/raft/entry.ts'
import { entryOverheadBytes } from '../core/stream/replica.ts'
import type { GroupLog } from '../groups/group-log.ts'
import type { Floor } from '../groups/machine.ts'
import { type Command, decodeCommand } from './command.ts'
import { type DataState, encodeState, KeptBatches, weightOf } from './kept-batches.ts'
import type { Ledger } from './ledger.ts'
import type { LeaderLimits } from './limits.ts'
import { toPlacedBy } from './stamps.ts'
import type { LeaderStreams } from './streams.ts'

export interface FloorScanOptions {
  readonly log: GroupLog
  readonly streams: Pick<LeaderStreams, 'isDropped' | 'bytesOf'>
  readonly limits: Pick<LeaderLimits, 'droppedBytesMax' | 'keptBytesMax'>
  /** The streams of the group. */
  readonly ids: () => Iterable<StreamId>
}

/** Batches that are passed and kept in one call: the rest waits for the next. */
const keptAtOnceMax = 20_000

export class FloorScan {
  readonly #options: FloorScanOptions
  /** What the group knew behind the last entry that was passed. */
  readonly #ledger: Ledger
  readonly #kept: KeptBatches
  #index: number
  /** Weight of dropped batches that were passed, and stay in the log until there is another floor. */
  #freed = 0

  /** Goes on behind a floor. */
  constructor(options: FloorScanOptions, index: number, { ledger, kept }: DataState) {
    this.#options = options
    this.#ledger = ledger
    this.#kept = new KeptBatches(kept)
    this.#index = index
  }

  /** The floor that may stand by now, at most behind `applied`; undefined while it is not worth writing. */
  floorAt(applied: number): Floor | undefined {
    this.#freed += this.#kept.drop(this.#options.streams)
    this.#pass(applied)
    // Where nothing of weight is dropped the floor stays where it is, and it frees no less than half of what it has to write.
    if (this.#freed === 0 || this.#freed * 2 < this.#kept.weight) return undefined
    this.#freed = 0
    const kept = this.#kept.toList()
    const state = encodeState({ ledger: this.#ledger, kept })
    return { index: this.#index, state, kept: kept.map(({ entry }) => entry) }
  }

  #pass(applied: number): void {
    const { log, streams } = this.#options
    let ahead = this.#droppedAhead()
    for (let kept = 0; this.#index < applied && kept < keptAtOnceMax; ) {
      const entry = log.at(this.#index + 1)
      if (entry === undefined) return
      const command = decodeCommand(entry.data)
      if (command?.op !== 'batch') {
        // Epochs of which something is kept are told one behind the other, from their entries.
        if (this.#endsKept(command)) return
        this.#take(command)
      } else if (streams.isDropped(command.frame)) {
        this.#take(command)
        this.#freed += weightOf(entry)
      } else {
        if (!this.#isWorthKeeping(entry, ahead)) return
        if (this.#take(command)) this.#kept.add({ entry, placedBy: toPlacedBy(this.#ledger.time) })
        kept++
        continue
      }
      ahead = Math.max(0, ahead - weightOf(entry))
    }
  }

  /** False where the command means nothing to anybody. */
  #take(command: Command | undefined): boolean {
    this.#index++
    return command !== undefined && this.#ledger.apply(command)
  }

  /** Whether it ends an epoch, or begins one, of a stream of which batches are kept. */
  #endsKept(command: Command | undefined): boolean {
    if (command?.op !== 'begin' && command?.op !== 'seal') return false
    return this.#kept.has(toStreamId(command.definition.name))
  }

  /** Weight of what is dropped in front of here; 0 where the log has no more of it than it may. */
  #droppedAhead(): number {
    const { log, streams, limits, ids } = this.#options
    const retained = streams.bytesOf(ids())
    const dropped = log.dataBytes + entryOverheadBytes * log.count - retained
    return dropped > retained / 2 + limits.droppedBytesMax ? Math.max(0, dropped - this.#freed) : 0
  }

  #isWorthKeeping(entry: LogEntry, droppedAhead: number): boolean {
    const { droppedBytesMax, keptBytesMax } = this.#options.limits
    const weight = this.#kept.weight + weightOf(entry)
    return weight <= keptBytesMax && droppedAhead >= Math.max(droppedBytesMax / 2, weight / 2)
  }
}
