// Whoever asked for what is current, and was answered in time, sees everything that anybody was told to be stored before, and everything that
// anybody had seen so before, and nothing that is not committed, and so could vanish.

import { type StreamId, toStreamId } from '../../../node/core/common/ids.ts'
import type { Placed } from '../../../node/leader/submissions.ts'
import { Violation } from '../../run.ts'
import type { LeaderNode } from '../leader-node.ts'
import type { Publication } from '../publications.ts'
import type { LeaderInvariant } from '../world.ts'

export class Reads implements LeaderInvariant {
  readonly name = 'reads'
  /** Last offset that a publisher was told, or that a read saw. */
  readonly #told = new Map<StreamId, number>()

  onPlaced({ stream, from, to }: Publication, placed: Placed | undefined): void {
    if (placed === undefined) return
    const parts = placed.parts ?? [{ offset: placed.offset, records: to - from + 1 }]
    const ends = parts.map(({ offset, records }) => (offset === 0 ? 0 : offset + records - 1))
    this.#tell(stream, ...ends)
  }

  toldOf(stream: StreamId): number {
    return this.#told.get(stream) ?? 0
  }

  /**
   * `told`: what `toldOf` said when the read began; `last`: the last offset that the node has now; `committed`: the last one that is
   * committed.
   */
  onRead(node: LeaderNode, stream: string, told: number, last: number, committed: number): void {
    if (last < told || last > committed)
      throw new Violation(
        this.name,
        `${node.id}, ${stream}: a read sees up to ${last}, ${told} was told before it, ${committed} is committed`,
      )
    this.#tell(toStreamId(stream), last)
  }

  #tell(stream: StreamId, ...offsets: readonly number[]): void {
    this.#told.set(stream, Math.max(this.toldOf(stream), ...offsets))
  }
}
