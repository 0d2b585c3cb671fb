// Whatever happens, a replica holds no more than its retention, one batch, and what may be held back; and a link's queue
// stays within what it said it takes, one batch, and the small messages that do not wait for room.

import type { SimulatedNode } from '../simulated-node.ts'
import { type Invariant, Violation, type World } from '../world.ts'

const batchBytesMax = 66_000
const smallMessagesBytesMax = 512 * 1024

export class BoundedMemory implements Invariant {
  readonly name = 'bounded memory'
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  onTick(node: SimulatedNode): void {
    for (const replica of node.broker?.agent.replicas.values() ?? []) {
      const { retention } = replica.definition
      const bound = retention.bytes + batchBytesMax + replica.heldBackBytesMax
      if (replica.bytes > bound) {
        throw new Violation(this.name, `${node.id} holds ${replica.bytes} bytes of ${replica.name}`)
      }
      if (replica.heldBackBytes > replica.heldBackBytesMax || replica.heldBackBytes < 0) {
        throw new Violation(
          this.name,
          `${node.id} holds ${replica.heldBackBytes} bytes of ${replica.name} back`,
        )
      }
    }
    const queued = this.#world.network.queuedBytesMax
    if (queued > this.#world.plan.linkQueueBytes + batchBytesMax + smallMessagesBytesMax) {
      throw new Violation(this.name, `${queued} bytes wait for one link`)
    }
  }
}
