// Where the batches of publishers go: each is numbered in place, written into the journal, and handed to whoever has its stream.

import type { Replica } from '../core/stream/replica.ts'
import { batchBaseTime, batchCount, batchFlag, batchOffset, numberBatch } from '../wire/batch-header.ts'
import { readU16 } from '../wire/bytes.ts'
import type { AcknowledgedRun } from '../wire/control-frames.ts'
import type { Broker } from './broker.ts'

/** A batch whose records were walked. */
export interface CheckedBatch {
  /** Is written to. */
  readonly frame: Uint8Array
  readonly topics: readonly string[]
  /** Topic of each record, as an index into `topics`. */
  readonly topicIndexes: Uint16Array
  /** Intended send time of the last record, milliseconds. */
  readonly lastTime: number
}

/** Hears whether a batch is where it was asked to be, and where it was put; it may hear that before `store` returns. */
export type OnStored = (ok: boolean, run: AcknowledgedRun) => void

/** Whether the messages of a stream have one order, or are about to: then they are acknowledged when they have their place in it. */
export function isInOrder({ definition, fence }: Replica): boolean {
  return definition.mode === 'leader' || fence !== undefined
}

export class BatchStore {
  readonly #broker: Broker
  /** The stream that was published to last. */
  lastStream: Replica | undefined = undefined
  /** Where the records stored last were put. */
  lastRun: AcknowledgedRun | undefined = undefined

  constructor(broker: Broker) {
    this.#broker = broker
  }

  /** Stores a batch of one stream. `onStored`, where it is given, hears of its copies, or of its place in the order. */
  store(batch: CheckedBatch, replica: Replica, onStored?: OnStored): AcknowledgedRun {
    return isInOrder(replica)
      ? this.#storeInOrder(batch, replica, onStored)
      : this.#storeWithCopies(batch, replica, onStored)
  }

  #storeInOrder(batch: CheckedBatch, replica: Replica, onStored?: OnStored): AcknowledgedRun {
    const { leader } = this.#broker
    const run = this.#number(batch, replica, leader.nextSequence(replica), batchFlag.submitted)
    const onPlaced = onStored && ((placed?: object) => onStored(placed !== undefined, { ...run, ...placed }))
    leader.publish(replica, batch.frame, onPlaced)
    return run
  }

  #storeWithCopies(batch: CheckedBatch, replica: Replica, onStored?: OnStored): AcknowledgedRun {
    const { agent } = this.#broker
    const confirm = onStored !== undefined
    const run = this.#number(batch, replica, agent.nextSequence(replica), confirm ? batchFlag.confirm : 0)
    const token = confirm ? this.#broker.confirmations.add((ok) => onStored(ok, run)) : 0
    const { frame } = batch
    this.#broker.handle({ kind: 'publish', replica, frame, count: run.records, confirm, token })
    return run
  }

  #number(batch: CheckedBatch, replica: Replica, first: number, flags: number): AcknowledgedRun {
    const { frame, topics, topicIndexes, lastTime } = batch
    const { boot, origin, ports } = this.#broker
    this.lastStream = replica
    const records = batchCount(frame)
    const times = (frame[batchOffset.flags] as number) & batchFlag.times
    const isSubmitted = (flags & batchFlag.submitted) !== 0
    numberBatch(frame, isSubmitted ? replica.stream : replica.id, boot, first, times | flags)
    const mode = isSubmitted ? 'leader' : 'gossip'
    const firstTime = batchBaseTime(frame)
    const onlyTopic = readU16(frame, batchOffset.topicCount) === 1 ? topics[0] : undefined
    if (onlyTopic !== undefined) {
      ports.recorder.sent(replica.name, origin, first, records, onlyTopic, firstTime, lastTime, mode)
    } else {
      const indexes = topicIndexes.subarray(0, records)
      ports.recorder.sentMixed(replica.name, origin, first, topics, indexes, firstTime, lastTime, mode)
    }
    ports.count('messagesPublished', records)
    const run = { records, stream: replica.stream, boot, first, epoch: 0, offset: 0 }
    this.lastRun = run
    return run
  }
}
