// A floor stands for nothing but what retention may have dropped: whatever it covers is still in the logs, for members that lag.

import { Violation } from '../../run.ts'
import { mayBeDropped } from '../retention.ts'
import type { Durable, LeaderInvariant, LeaderWorld } from '../world.ts'

export class Floors implements LeaderInvariant {
  readonly name = 'floors'
  readonly #world: LeaderWorld
  /** By group: entries up to here were looked at. What may be dropped once may be for ever. */
  readonly #checked = new Map<number, number>()

  constructor(world: LeaderWorld) {
    this.#world = world
  }

  onDurable({ node, record }: Durable): void {
    if (record.kind !== 'floor' && record.kind !== 'snapshot') return
    const { group, snapshot } = record
    const { index } = snapshot
    const checked = this.#checked.get(group) ?? 0
    for (let at = checked + 1; at <= index; at++) {
      const placing = this.#world.order.placedBy(group, at)
      if (placing === undefined || mayBeDropped(this.#world, placing)) continue
      const what = `${node}, group ${group}: the floor ${index} stands for offset ${placing.offset}`
      throw new Violation(this.name, `${what}, which retention covers`)
    }
    this.#checked.set(group, Math.max(checked, index))
  }
}
