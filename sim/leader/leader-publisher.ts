// Publishes batches at a node, as its broker does, and notes what was published and what the publisher was told.

import { toStreamId } from '../../node/core/common/ids.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { batchFlag, lastingFlags, numberBatch } from '../../node/wire/batch-header.ts'
import type { LeaderNode } from './leader-node.ts'
import type { NamedAttempt } from './named-producer.ts'
import { checksumOf, type Publication } from './publications.ts'
import type { LeaderWorld } from './world.ts'

export class LeaderPublisher {
  readonly #world: LeaderWorld
  #builder = new BatchBuilder((bytes) => new Uint8Array(bytes))

  constructor(world: LeaderWorld) {
    this.#world = world
  }

  /** Publishes payloads as one batch, if the node takes it. `named`: its producer, who hears what the node says. */
  publish(node: LeaderNode, name: string, payloads: readonly string[], named?: NamedAttempt): void {
    node.do((agent) => {
      const { tally, timeline, publications, observers } = this.#world
      const { boot } = node
      const replica = node.replicaOf(name)
      if (replica === undefined || boot === undefined) return
      if (agent.publishProblem(replica) !== undefined) return tally.count('publishes refused')
      if (named !== undefined) this.#builder.begin(named.producer)
      for (const payload of payloads) this.#builder.append('a.x', payload, undefined, node.now())
      const frame = this.#builder.finish(1, 'copies')
      const from = agent.nextSequence(replica)
      const stream = toStreamId(name)
      numberBatch(frame, stream, boot, from, batchFlag.submitted | lastingFlags(frame))
      const publication: Publication = {
        ...{ stream, boot, from, to: from + payloads.length - 1, node: node.id },
        ...{ bytes: frame.length, checksum: checksumOf(frame), at: timeline.now, outcome: undefined },
        named: named && { producer: named.producer, frame: new Uint8Array(frame) },
      }
      publications.add(publication)
      tally.count('messages published', payloads.length)
      agent.publish(replica, frame, (placed) => {
        tally.trace(timeline.now, node.id, from, placed?.offset ?? -1)
        tally.count(placed === undefined ? 'publishes unknown' : 'publishes placed')
        for (const observer of observers) observer.onPlaced?.(publication, placed)
        publication.outcome = placed ?? 'unknown'
        named?.onAnswer(placed !== undefined)
      })
    })
  }
}
