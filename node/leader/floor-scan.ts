// How far the log of a data group is needed: from its oldest batch on that retention covers. Where that is a few old ones in front of much
// that is dropped, the floor goes on behind them, and keeps them.

import type { StreamId } from '../core/common/ids.ts'
import type { LogEntry } from '../core/raft/entry.ts'
import { entryOverheadBytes } from '../core/stream/replica.ts'
import type { GroupLog } from '../groups/group-log.ts'
import type { Floor } from '../groups/machine.ts'
import { type Command, decodeCommand } from './command.ts'
import { type DataState, KeptBatches, weightOf } from './kept-batches.ts'
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

/** Entries that are looked at in one call where retained ones are passed: the rest waits for the next. */
const lookedAtMax = 20_000

export class FloorScan {
  readonly #options: FloorScanOptions
  /** What the group knew behind the last entry that was passed. */
  readonly #ledger: Ledger
  readonly #kept: KeptBatches
  #index: number
  /** Weight of dropped batches that were passed, and stay in the log until there is another floor. */
  #freed = 0

  constructor(options: FloorScanOptions, { ledger, kept }: DataState) {
    this.#options = options
    this.#ledger = ledger
    this.#kept = new KeptBatches(kept)
    this.#index = options.log.floor.index
  }

  /** The floor that may stand by now, at most behind `applied`; undefined while it is not worth writing. */
  floorAt(applied: number): Floor | undefined {
    const { streams } = this.#options
    this.#pass(applied)
    if (this.#kept.hasDroppedFirst(streams)) this.#freed += this.#kept.drop(streams)
    // Where nothing of weight is dropped the floor stays where it is, and it frees no less than half of what it has to write.
    if (this.#freed === 0 || this.#freed * 2 < this.#kept.weight) return undefined
    this.#kept.drop(streams)
    this.#freed = 0
    return { index: this.#index, state: this.#kept.encode(this.#ledger), kept: this.#kept.entries }
  }

  #pass(applied: number): void {
    const { log, streams } = this.#options
    let ahead = this.#droppedAhead()
    let left = ahead === 0 ? Number.POSITIVE_INFINITY : lookedAtMax
    for (; this.#index < applied && left > 0; left--) {
      const entry = log.at(this.#index + 1)
      if (entry === undefined) return
      const command = decodeCommand(entry.data)
      if (command?.op !== 'batch') ahead = Math.max(0, ahead - weightOf(entry))
      else if (streams.isDropped(command.frame)) {
        this.#freed += weightOf(entry)
        ahead = Math.max(0, ahead - weightOf(entry))
      } else if (this.#isWorthKeeping(entry, ahead))
        this.#kept.add({ entry, placedBy: toPlacedBy(this.#ledger.time) })
      else return
      this.#passOne(command)
    }
  }

  #passOne(command: Command | undefined): void {
    if (command !== undefined) this.#ledger.apply(command)
    this.#index++
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
