// Which streams and epochs a node has in gossip mode: they are made, dropped when they were removed, and forgotten once they cannot come back.

import type { StreamId } from '../common/ids.ts'
import type { SlabPool } from '../common/slabs.ts'
import type { StreamDefinition } from '../stream/definition.ts'
import { Replica } from '../stream/replica.ts'
import type { GossipContext } from './context.ts'
import type { Push } from './push.ts'
import type { Wants } from './wants.ts'

export class GossipStreams {
  readonly #context: GossipContext
  readonly #push: Push
  readonly #wants: Wants
  readonly #slabs: SlabPool

  constructor(context: GossipContext, push: Push, wants: Wants, slabs: SlabPool) {
    this.#context = context
    this.#push = push
    this.#wants = wants
    this.#slabs = slabs
  }

  /** Creates the replica of a stream that has become known, or takes its changed definition over. */
  define(definition: StreamDefinition, id: StreamId): Replica {
    const { replicas } = this.#context
    const known = replicas.get(id)
    if (known !== undefined) {
      known.definition = definition
      known.isRemoved = false
      return known
    }
    const replica = new Replica(definition, this.#slabs, id)
    if (id !== replica.stream) this.#forgetBefore(replica)
    replicas.set(id, replica)
    return replica
  }

  /**
   * Drops what was removed: a stream, or an epoch of it. Its numbers are kept, since what is made again may go on in the same epoch;
   * what comes of it until then, from nodes that have not heard of it, is not taken. Nobody is told what is gone of it.
   */
  undefine(id: StreamId): void {
    this.end(id)
    for (const state of this.#context.replicas.get(id)?.origins.values() ?? []) state.closeChapter()
  }

  /** Drops an epoch that is over, and that retention does not cover any more: whoever comes to it late is told what is gone of it. */
  end(id: StreamId): void {
    const { replicas, now } = this.#context
    const replica = replicas.get(id)
    if (replica === undefined) return
    this.#wants.forgetStream(replica)
    replica.isRemoved = true
    replica.definition = { ...replica.definition, retention: { bytes: 0, ageMs: 0 } }
    replica.trim(now)
  }

  /**
   * An epoch that begins is behind all others of its stream: those that were removed do not come back, and their numbers are behind it. The first
   * one may, on a node that knows nothing of the stream's group.
   */
  #forgetBefore({ stream }: Replica): void {
    const { replicas } = this.#context
    for (const replica of replicas.values()) {
      if (replica.stream !== stream || replica.id === stream || !replica.isRemoved) continue
      this.#push.forgetStream(replica)
      replicas.delete(replica.id)
    }
  }
}
