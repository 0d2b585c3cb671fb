// The receiving end of one publishing connection: checks each publish frame, numbers it in place, hands it to the
// gossip agent, and answers.
//
// The bytes of a batch stay what the publisher wrote; the records are walked once, so that no broken batch ever reaches
// a subscriber, and only a batch whose topics belong to several streams is taken apart.

import type { Refusal } from '../core/common/errors.ts'
import type { PublishRefusal } from '../core/common/publish-endings.ts'
import type { Replica } from '../core/stream/replica.ts'
import { compactBatch } from '../wire/batch-compact.ts'
import { filterBatch } from '../wire/batch-filter.ts'
import {
  type AckLevel,
  batchCount,
  batchFlag,
  batchHeaderProblem,
  batchOffset,
  isPatientPublish,
  publishAckLevel,
  publishNumber,
} from '../wire/batch-header.ts'
import { isNamed, producerProblem, sliceBatch } from '../wire/batch-producer.ts'
import { BatchReader } from '../wire/batch-reader.ts'
import type { AcknowledgedRun, PublishOutcome } from '../wire/control-frames.ts'
import { BatchStore, type CheckedBatch, isInOrder, type OnStored } from './batch-store.ts'
import type { Broker } from './broker.ts'
import { PublishAnswers } from './publish-answers.ts'

/** One publish frame whose answer waits for other nodes. */
interface Pending {
  readonly publish: number
  readonly level: AckLevel
  readonly bytes: number
  /** Part of each record; undefined where they come in the order of the parts. */
  readonly order: readonly number[] | undefined
  /** Where the records of each part are. */
  readonly runs: (readonly AcknowledgedRun[])[]
  /** Parts that are not stored yet. */
  waiting: number
  ok: boolean
  /** Why nothing of a part was stored. */
  refused: PublishRefusal | undefined
}

export class Publisher {
  readonly #broker: Broker
  readonly answers: PublishAnswers
  readonly #store: BatchStore
  readonly #reader = new BatchReader()
  /** Topic index of each record of the batch being read. */
  readonly #topicIndexes = new Uint16Array(512)
  readonly #inFlightBytesMax: number
  /** Bytes of publishes that wait for their copies. */
  #inFlightBytes = 0

  /**
   * `answer` gets outcomes, several at a time and in no particular order. Who lets more than
   * `inFlightBytesMax` wait for copies breaks the protocol.
   */
  constructor(
    broker: Broker,
    answer: (outcomes: readonly PublishOutcome[]) => void,
    inFlightBytesMax: number = Number.POSITIVE_INFINITY,
  ) {
    this.#broker = broker
    this.#store = new BatchStore(broker)
    this.#inFlightBytesMax = inFlightBytesMax
    this.answers = new PublishAnswers(broker.ports, answer)
  }

  /** The stream that was published to last. */
  get lastStream(): Replica | undefined {
    return this.#store.lastStream
  }

  /** Where the records stored last were put; their place in an order, where they get one, is known later. */
  get lastRun(): AcknowledgedRun | undefined {
    return this.#store.lastRun
  }

  /** Whether everything published so far was answered. */
  get isAnswered(): boolean {
    return this.#inFlightBytes === 0 && this.answers.isEmpty
  }

  /** Takes a publish frame. A refusal means that the other end broke the protocol and is to be closed. */
  publish(frame: Uint8Array): Refusal | undefined {
    const malformed = (problem: string): Refusal => ({
      refused: 'BATCH_MALFORMED',
      reason: `publish ${problem}`,
    })
    const problem = batchHeaderProblem(frame) ?? producerProblem(frame)
    if (problem !== undefined) return malformed(problem)
    const level = publishAckLevel(frame)
    if (level === undefined) return malformed('asks for an unknown acknowledgement')
    const excess = this.#excess(frame.length)
    if (excess !== undefined) return excess
    const topics = this.#broker.topicTables.read(frame)
    if ('problem' in topics) return malformed(topics.problem)
    const lastTime = this.#walk(frame)
    if (typeof lastTime === 'string') return malformed(lastTime)
    const number = publishNumber(frame)
    const streams = this.#resolve(topics)
    if ('refused' in streams) {
      this.#broker.ports.count('publishesRefused', 1)
      this.#answer(level, {
        status: 'refused',
        publish: number,
        reason: `${streams.refused}: ${streams.reason}`,
      })
      return undefined
    }
    const batch = { frame, topics, topicIndexes: this.#topicIndexes, lastTime }
    const first = streams[0]
    if (first !== undefined && streams.every((replica) => replica === first))
      this.#publishWhole(batch, first, level, number)
    else this.#publishParts(batch, streams, level, number)
    return undefined
  }

  /** Why the frame is too much at a time. A single one never is. */
  #excess(bytes: number): Refusal | undefined {
    const max = this.#inFlightBytesMax
    if (this.#inFlightBytes === 0 || this.#inFlightBytes + bytes <= max) return undefined
    const reason = `${this.#inFlightBytes + bytes} bytes wait for copies, at most ${max} may`
    return { refused: 'PUBLISH_RATE_LIMITED', reason }
  }

  /** Walks all records; the last one's intended send time, or what is wrong. */
  #walk(frame: Uint8Array): number | string {
    const reader = this.#reader
    reader.open(frame)
    let index = 0
    let flags = 0
    while (reader.next()) {
      this.#topicIndexes[index++] = reader.topicIndex
      flags |= reader.flags
    }
    if (reader.problem !== undefined) return reader.problem
    if (index !== batchCount(frame)) return 'has holes, which only a node may make'
    if ((flags & 1) !== 0) frame[batchOffset.flags] = (frame[batchOffset.flags] as number) | batchFlag.times
    return reader.time
  }

  #resolve(topics: readonly string[]): Replica[] | PublishRefusal {
    const streams: Replica[] = []
    for (const topic of topics) {
      const replica = this.#broker.streams.resolve(topic)
      if ('refused' in replica) return replica
      const problem = isInOrder(replica) ? this.#broker.leader.publishProblem(replica) : undefined
      if (problem !== undefined) return problem
      streams.push(replica)
    }
    return streams
  }

  #publishWhole(batch: CheckedBatch, replica: Replica, level: AckLevel, number: number): void {
    if (level === 'copies' || (level === 'local' && isInOrder(replica))) {
      const pending = this.#newPending(batch.frame, number, level, 1)
      this.#store.store(batch, replica, (...stored) => this.#onStored(pending, 0, ...stored), level)
      return this.#onPart(pending)
    }
    const { frame } = batch
    const isPatient = isPatientPublish(frame)
    const run = this.#store.store(batch, replica)
    const outcome: PublishOutcome = { status: 'stored', publish: number, runs: [run] }
    if (isPatient && level === 'local') this.answers.pushPatient(outcome, frame.length)
    else this.#answer(level, outcome)
  }

  /** The rare batch of several streams: one part per stream; an answer names the runs in the order of the records. */
  #publishParts(batch: CheckedBatch, streams: readonly Replica[], level: AckLevel, number: number): void {
    if (isNamed(batch.frame)) return this.#publishRuns(batch, streams, level, number)
    const { frame } = batch
    const parts = [...new Set(streams)]
    const indexes = this.#topicIndexes.slice(0, batchCount(frame))
    const order = Array.from(indexes, (index) => parts.indexOf(streams[index] as Replica))
    const pending = this.#newPending(frame, number, level, parts.length, order)
    for (const [nth, replica] of parts.entries()) {
      const filtered = filterBatch(frame, (index) => streams[index] === replica, this.#broker.ports.allocate)
      if (filtered === undefined) this.#onPart(pending)
      else this.#storePart(batch, compactBatch(filtered, this.#broker.ports.allocate), replica, pending, nth)
    }
    this.#onPart(pending)
  }

  /** The same with a producer, whose sequences have no holes in a batch: a part is what follows one another on a stream. */
  #publishRuns(batch: CheckedBatch, streams: readonly Replica[], level: AckLevel, number: number): void {
    const { frame } = batch
    const replicas = Array.from(
      this.#topicIndexes.slice(0, batchCount(frame)),
      (index) => streams[index] as Replica,
    )
    const starts = [...replicas.keys()].filter((at) => at === 0 || replicas[at] !== replicas[at - 1])
    const pending = this.#newPending(frame, number, level, starts.length)
    for (const [nth, start] of starts.entries()) {
      const count = (starts[nth + 1] ?? replicas.length) - start
      const part = sliceBatch(frame, start, count, this.#broker.ports.allocate)
      this.#storePart(batch, part, replicas[start] as Replica, pending, nth)
    }
    this.#onPart(pending)
  }

  #storePart(batch: CheckedBatch, frame: Uint8Array, replica: Replica, pending: Pending, nth: number): void {
    const { level } = pending
    this.#walk(frame)
    const part = { ...batch, frame }
    const isAwaited = level === 'copies' || (level === 'local' && isInOrder(replica))
    const onStored: OnStored = (...stored) => this.#onStored(pending, nth, ...stored)
    if (isAwaited) this.#store.store(part, replica, onStored, level)
    else this.#onStored(pending, nth, true, [this.#store.store(part, replica)])
  }

  #newPending(
    frame: Uint8Array,
    publish: number,
    level: AckLevel,
    parts: number,
    order?: Pending['order'],
  ): Pending {
    this.#inFlightBytes += frame.length
    // One more than there are parts: the answer is not made before all of them are on their way.
    const waiting = parts + 1
    return { publish, level, bytes: frame.length, order, runs: [], waiting, ok: true, refused: undefined }
  }

  #onStored(pending: Pending, part: number, ...[ok, runs, refused]: Parameters<OnStored>): void {
    pending.ok &&= ok
    pending.refused ??= refused
    pending.runs[part] = runs
    this.#onPart(pending)
  }

  #onPart(pending: Pending): void {
    pending.waiting--
    if (pending.waiting > 0) return
    const { publish, level, bytes, ok, refused, runs } = pending
    this.#inFlightBytes -= bytes
    const isNothingStored = refused !== undefined && runs.every((part) => part.length === 0)
    if (isNothingStored) {
      this.#broker.ports.count('publishesRefused', 1)
      this.#answer(level, { status: 'refused', publish, reason: `${refused.refused}: ${refused.reason}` })
    } else this.#answer(level, { status: ok ? 'stored' : 'unknown', publish, runs: toRuns(pending) })
  }

  #answer(level: AckLevel, outcome: PublishOutcome): void {
    if (level === 'none' && outcome.status !== 'refused') return
    this.answers.push(outcome)
  }
}

/** The runs of a publish, in the order of its records. */
function toRuns({ order, runs }: Pending): readonly AcknowledgedRun[] {
  if (order === undefined) return runs.flat()
  const next = runs.map(([run]) => run)
  const merged: AcknowledgedRun[] = []
  let lastPart = -1
  for (const part of order) {
    const run = next[part]
    if (run === undefined) continue
    const { first, offset } = run
    next[part] = { ...run, first: first + 1, offset: offset === 0 ? 0 : offset + 1 }
    const last = merged.at(-1)
    if (last !== undefined && part === lastPart)
      merged[merged.length - 1] = { ...last, records: last.records + 1 }
    else merged.push({ ...run, records: 1 })
    lastPart = part
  }
  return merged
}
