// At most one leader can be elected in a term of a group (Raft figure 3): whoever speaks as one in a term is the only one for ever.

import { Violation } from '../../run.ts'
import type { LogInvariant, LogWorld, Sent } from '../log-world.ts'

export class ElectionSafety implements LogInvariant {
  readonly name = 'election safety'
  readonly #world: LogWorld

  constructor(world: LogWorld) {
    this.#world = world
  }

  onSent({ node, group, message }: Sent): void {
    if (message.kind !== 'append' && message.kind !== 'heartbeat' && message.kind !== 'snapshot') return
    const leader = this.#world.commits.group(group).leaders.get(message.term)
    if (leader !== undefined && leader !== node)
      throw new Violation(this.name, `group ${group}, term ${message.term}: ${leader} and ${node} lead`)
    if (leader === undefined) this.#world.tell(`${node} leads group ${group} in term ${message.term}`)
  }
}
