// Where the batches of publishers go: each is numbered in place, written into the journal, and handed to whoever has its stream.

import type { Boot } from '../core/common/ids.ts'
import type { PublishRefusal } from '../core/common/publish-endings.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { Placed, PlacedPart } from '../leader/submissions.ts'
import {
  type AckLevel,
  batchBaseTime,
  batchCount,
  batchFlag,
  batchOffset,
  lastingFlags,
  numberBatch,
} from '../wire/batch-header.ts'
import { batchProducer } from '../wire/batch-producer.ts'
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

/**
 * Hears whether a batch is where it was asked to be, and where its records were put; it may hear that before `store` returns. `refused`:
 * nothing of it was stored.
 */
export type OnStored = (ok: boolean, runs: readonly AcknowledgedRun[], refused?: PublishRefusal) => void

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
  store(batch: CheckedBatch, replica: Replica, onStored?: OnStored, level?: AckLevel): AcknowledgedRun {
    return isInOrder(replica)
      ? this.#storeInOrder(batch, replica, onStored, level === 'copies')
      : this.#storeWithCopies(batch, replica, onStored)
  }

  #storeInOrder(
    batch: CheckedBatch,
    replica: Replica,
    onStored: OnStored | undefined,
    asksForCopies: boolean,
  ): AcknowledgedRun {
    const { leader } = this.#broker
    const run = this.#number(batch, replica, leader.nextSequence(replica), batchFlag.submitted)
    const onPlaced = onStored && ((placed?: Placed) => this.#onPlaced(run, placed, onStored))
    leader.publish(replica, batch.frame, onPlaced, asksForCopies)
    return run
  }

  #onPlaced(run: AcknowledgedRun, placed: Placed | undefined, onStored: OnStored): void {
    const { epoch = 0, offset = 0, parts } = placed ?? {}
    if (parts === undefined) return onStored(placed !== undefined, [{ ...run, epoch, offset }])
    const old = parts.filter(({ kind }) => kind === 'old')
    // Of a batch that one leader has cut, the next one may have forgotten the rest.
    if (old.length > 0) return onStored(false, [], old.length === parts.length ? tooOld : undefined)
    const runs = runsOf(run, parts)
    for (const { isDuplicate, records } of runs)
      if (isDuplicate === true) this.#broker.ports.count('duplicatesPassed', records)
    onStored(true, runs)
  }

  #storeWithCopies(batch: CheckedBatch, replica: Replica, onStored?: OnStored): AcknowledgedRun {
    const { agent } = this.#broker
    const confirm = onStored !== undefined
    const run = this.#number(batch, replica, agent.nextSequence(replica), confirm ? batchFlag.confirm : 0)
    const token = confirm ? this.#broker.confirmations.add((ok) => onStored(ok, [run])) : 0
    const { frame } = batch
    this.#broker.handle({ kind: 'publish', replica, frame, count: run.records, confirm, token })
    return run
  }

  #number(batch: CheckedBatch, replica: Replica, first: number, flags: number): AcknowledgedRun {
    const { frame, topics, topicIndexes, lastTime } = batch
    const { boot, origin, ports } = this.#broker
    this.lastStream = replica
    const records = batchCount(frame)
    const isSubmitted = (flags & batchFlag.submitted) !== 0
    numberBatch(frame, isSubmitted ? replica.stream : replica.id, boot, first, lastingFlags(frame) | flags)
    const producer = batchProducer(frame)
    const mode = isSubmitted ? 'leader' : 'gossip'
    const firstTime = batchBaseTime(frame)
    const onlyTopic = readU16(frame, batchOffset.topicCount) === 1 ? topics[0] : undefined
    if (onlyTopic !== undefined) {
      ports.recorder.sent(
        replica.name,
        origin,
        first,
        records,
        onlyTopic,
        firstTime,
        lastTime,
        mode,
        producer,
      )
    } else {
      const indexes = topicIndexes.subarray(0, records)
      ports.recorder.sentMixed(
        replica.name,
        origin,
        first,
        topics,
        indexes,
        firstTime,
        lastTime,
        mode,
        producer,
      )
    }
    ports.count('messagesPublished', records)
    const run = { records, stream: replica.stream, boot, first, epoch: 0, offset: 0 }
    this.lastRun = run
    return run
  }
}

const tooOld: PublishRefusal = {
  refused: 'PRODUCER_SEQUENCE_OLD',
  reason: 'nobody knows any more whether something with this producer sequence is stored',
}

/** What became of a batch that was not all new; where something is missing, nobody knows the places. */
function runsOf(run: AcknowledgedRun, parts: readonly PlacedPart[]): readonly AcknowledgedRun[] {
  let passed = 0
  const runs = parts.map(({ kind, records, epoch, offset, original }): AcknowledgedRun => {
    const { stream, boot } = run
    const first = run.first + passed
    passed += records
    if (kind === 'new') return { records, stream, boot, first, epoch, offset }
    const stored = { boot: original?.boot ?? (0 as Boot), first: original?.first ?? 0 }
    return { records, stream, ...stored, epoch, offset, isDuplicate: true }
  })
  return passed === run.records ? runs : [run]
}
