// What is kept is kept for somebody: when a node has no stream any more, and nothing waits for a link, no slab and no slot of
// an entry is in use.
// Looks at the end, and takes the streams away itself; the last of the invariants.

import { Violation } from '../run.ts'
import type { SimulatedNode } from '../simulated-node.ts'
import type { Invariant, World } from '../world.ts'

export class MemoryReturns implements Invariant {
  readonly name = 'memory returns'
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  onEnd(): void {
    for (const node of this.#world.nodes) {
      if (node.isAlive && this.#isUnwritten(node)) this.#checkNode(node)
    }
  }

  /** Nothing waits for a link of the node. */
  #isUnwritten({ id }: SimulatedNode): boolean {
    const { network, nodes, plan } = this.#world
    return nodes.every((other) => other.id === id || network.room(id, other.id) === plan.linkQueueBytes)
  }

  #checkNode({ id, broker, slabs }: SimulatedNode): void {
    for (const replica of broker?.agent.replicas.values() ?? []) {
      replica.loseInterest()
      broker?.agent.undefine(replica.id)
      const entries = replica.entries.length
      if (entries > 0) throw new Violation(this.name, `${id} has ${entries} entries of ${replica.name}`)
    }
    if (slabs.bytesOut > 0)
      throw new Violation(this.name, `${id} has ${slabs.bytesOut} bytes of slabs in use`)
    this.#world.tally.count('nodes without memory in use')
  }
}
