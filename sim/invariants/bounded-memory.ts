// Whatever happens, a replica holds no more than its retention, one batch, and what may be held back; and a link's queue
// stays within what it said it takes, one batch, and the small messages that do not wait for room.

import { Violation } from '../run.ts'
import type { SimulatedNode } from '../simulated-node.ts'
import type { Invariant, World } from '../world.ts'

const batchBytesMax = 66_000
/** No retention that a plan draws is longer; placing an interest may hold back what retention allowed before. */
const heldBackBytesMax = 2 * 4_194_304
const smallMessagesBytesMax = 512 * 1024

export class BoundedMemory implements Invariant {
  readonly name = 'bounded memory'
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  onTick(node: SimulatedNode): void {
    for (const replica of node.broker?.agent.replicas.values() ?? []) {
      const { bytes, heldBackBytes, definition } = replica
      // A hole that was given up in this tick has set free what was held back; the next input drops it.
      if (bytes > definition.retention.bytes + batchBytesMax + heldBackBytesMax) {
        throw new Violation(this.name, `${node.id} holds ${bytes} bytes of ${replica.name}`)
      }
      // What was held back under a longer retention stays until its hole is filled or given up.
      if (heldBackBytes > heldBackBytesMax || heldBackBytes < 0) {
        throw new Violation(this.name, `${node.id} holds ${heldBackBytes} bytes of ${replica.name} back`)
      }
    }
    const queued = this.#world.network.queuedBytesMax
    if (queued > this.#world.plan.linkQueueBytes + batchBytesMax + smallMessagesBytesMax) {
      throw new Violation(this.name, `${queued} bytes wait for one link`)
    }
  }
}
