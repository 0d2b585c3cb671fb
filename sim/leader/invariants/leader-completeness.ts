// What is committed is in the log of every later leader (Raft figure 3). A candidate leads only when its own vote, and with it its
// log, is durable: so this looks at its disk.

import { Violation } from '../../run.ts'
import type { LogInvariant, LogWorld, Sent } from '../log-world.ts'

export class LeaderCompleteness implements LogInvariant {
  readonly name = 'leader completeness'
  readonly #world: LogWorld
  readonly #checked = new Set<string>()

  constructor(world: LogWorld) {
    this.#world = world
  }

  onSent({ node, group, message, disk }: Sent): void {
    if (message.kind !== 'append' && message.kind !== 'heartbeat' && message.kind !== 'snapshot') return
    const key = `${group} ${message.term}`
    if (this.#checked.has(key)) return
    this.#checked.add(key)
    const last = this.#world.commits.group(group).entries.at(-1)
    if (last === undefined || last.term > message.term) return
    const has = disk.termAt(last.index) === last.term || disk.floorIndex >= last.index
    if (has) return
    const what = `group ${group}: entry ${last.index} of term ${last.term} is committed`
    throw new Violation(this.name, `${what}, and ${node}, which leads in term ${message.term}, lacks it`)
  }
}
