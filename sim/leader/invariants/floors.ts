// A floor stands for nothing but what retention may have dropped: whatever else it covers it keeps, as it was.

import type { LogEntry } from '../../../node/core/raft/entry.ts'
import { Violation } from '../../run.ts'
import type { Durable } from '../log-world.ts'
import type { Placing } from '../order.ts'
import { checksumOf } from '../publications.ts'
import { mayBeDropped } from '../retention.ts'
import type { LeaderInvariant, LeaderWorld } from '../world.ts'

export class Floors implements LeaderInvariant {
  readonly name = 'floors'
  readonly #world: LeaderWorld
  /** By group: entries up to here were looked at. What may be dropped once may be for ever. */
  readonly #checked = new Map<number, number>()
  /** Of these, by group, those that retention covered then. */
  readonly #covered = new Map<number, Set<number>>()

  constructor(world: LeaderWorld) {
    this.#world = world
  }

  onDurable({ node, record }: Durable): void {
    if (record.kind !== 'floor' && record.kind !== 'snapshot') return
    const { group, snapshot } = record
    const { index, kept = [] } = snapshot
    const covered = this.#covered.get(group) ?? new Set()
    this.#covered.set(group, covered)
    for (let at = (this.#checked.get(group) ?? 0) + 1; at <= index; at++) covered.add(at)
    this.#checked.set(group, Math.max(this.#checked.get(group) ?? 0, index))
    const byIndex = new Map(kept.map((entry) => [entry.index, entry]))
    this.#world.tally.count('entries that floors keep', byIndex.size)
    for (const at of covered) {
      const placing = this.#world.order.placedBy(group, at)
      if (placing === undefined || mayBeDropped(this.#world, placing)) covered.delete(at)
      else if (at <= index)
        this.#check(placing, byIndex.get(at), `${node}, group ${group}: the floor ${index}`)
    }
  }

  #check({ offset, checksum }: Placing, entry: LogEntry | undefined, who: string): void {
    if (entry === undefined)
      throw new Violation(this.name, `${who} stands for offset ${offset}, which retention covers`)
    if (checksumOf(entry.data) !== checksum)
      throw new Violation(this.name, `${who} keeps something else at offset ${offset}`)
  }
}
