// The receiving end of one publishing connection: checks each publish frame, numbers it in place, hands it to the
// gossip agent, and answers.
//
// The bytes of a batch stay what the publisher wrote; the records are walked once, so that no broken batch ever reaches
// a subscriber, and only a batch whose topics belong to several streams is taken apart.

import type { Refusal } from '../core/common/errors.ts'
import type { StreamId } from '../core/common/ids.ts'
import type { Replica } from '../core/stream/replica.ts'
import { compactBatch } from '../wire/batch-compact.ts'
import { filterBatch } from '../wire/batch-filter.ts'
import {
  type AckLevel,
  batchBaseTime,
  batchCount,
  batchFlag,
  batchHeaderProblem,
  batchOffset,
  isPatientPublish,
  numberBatch,
  publishAckLevel,
  publishNumber,
} from '../wire/batch-header.ts'
import { BatchReader } from '../wire/batch-reader.ts'
import { readU16 } from '../wire/bytes.ts'
import type { AcknowledgedRun, PublishOutcome } from '../wire/control-frames.ts'
import type { Broker } from './broker.ts'
import { PublishAnswers } from './publish-answers.ts'

/** One publish frame whose answer waits for copies on other nodes. */
interface Pending {
  readonly publish: number
  readonly bytes: number
  readonly runs: AcknowledgedRun[]
  /** Confirmations still to come. */
  waiting: number
  ok: boolean
}

export class Publisher {
  readonly #broker: Broker
  readonly answers: PublishAnswers
  readonly #reader = new BatchReader()
  /** Topic index of each record of the batch being read. */
  readonly #topicIndexes = new Uint16Array(512)
  readonly #inFlightBytesMax: number
  /** Bytes of publishes that wait for their copies. */
  #inFlightBytes = 0
  /** The stream that was published to last. */
  lastStream: Replica | undefined = undefined
  /** Where the records stored last were put. */
  lastRun: AcknowledgedRun | undefined = undefined

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
    this.#inFlightBytesMax = inFlightBytesMax
    this.answers = new PublishAnswers(broker.ports, answer)
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
    const problem = batchHeaderProblem(frame)
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
    const first = streams[0]
    if (first !== undefined && streams.every((replica) => replica === first)) {
      this.#publishWhole(frame, topics, first, level, number, lastTime)
    } else this.#publishParts(frame, topics, streams, level, number, lastTime)
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

  #resolve(topics: readonly string[]): Replica[] | Refusal {
    const streams: Replica[] = []
    for (const topic of topics) {
      const replica = this.#broker.streams.resolve(topic)
      if ('refused' in replica) return replica
      streams.push(replica)
    }
    return streams
  }

  #publishWhole(
    frame: Uint8Array,
    topics: readonly string[],
    replica: Replica,
    level: AckLevel,
    number: number,
    lastTime: number,
  ): void {
    if (level !== 'copies') {
      const isPatient = isPatientPublish(frame)
      const run = this.#store(frame, topics, replica, 0, lastTime)
      const outcome: PublishOutcome = { status: 'stored', publish: number, runs: [run] }
      if (isPatient && level === 'local') this.answers.pushPatient(outcome, frame.length)
      else this.#answer(level, outcome)
      return
    }
    const pending = this.#newPending(frame, number, 1)
    const token = this.#broker.newToken((ok) => this.#onConfirmed(pending, ok))
    pending.runs.push(this.#store(frame, topics, replica, token, lastTime))
  }

  /** The rare batch of several streams: one part per stream; an answer names the runs in the order of the records. */
  #publishParts(
    frame: Uint8Array,
    topics: readonly string[],
    streams: readonly Replica[],
    level: AckLevel,
    number: number,
    lastTime: number,
  ): void {
    const parts = new Set(streams)
    const pending = this.#newPending(frame, number, parts.size + 1)
    const next = new Map<StreamId, AcknowledgedRun>()
    const order = this.#topicIndexes.slice(0, batchCount(frame))
    for (const replica of parts) {
      const filtered = filterBatch(frame, (index) => streams[index] === replica, this.#broker.ports.allocate)
      if (filtered === undefined) {
        pending.waiting--
        continue
      }
      const part = compactBatch(filtered, this.#broker.ports.allocate)
      this.#walk(part)
      const token = level === 'copies' ? this.#broker.newToken((ok) => this.#onConfirmed(pending, ok)) : 0
      next.set(replica.id, this.#store(part, topics, replica, token, lastTime))
    }
    for (const index of order) pending.runs.push(...takeOne(next, streams[index]))
    mergeRuns(pending.runs)
    if (level === 'copies') return this.#onConfirmed(pending, true)
    this.#inFlightBytes -= pending.bytes
    this.#answer(level, { status: 'stored', publish: number, runs: pending.runs })
  }

  #newPending(frame: Uint8Array, publish: number, waiting: number): Pending {
    this.#inFlightBytes += frame.length
    return { publish, bytes: frame.length, runs: [], waiting, ok: true }
  }

  #store(
    frame: Uint8Array,
    topics: readonly string[],
    replica: Replica,
    token: number,
    lastTime: number,
  ): AcknowledgedRun {
    const { agent, boot, origin, ports } = this.#broker
    this.lastStream = replica
    const records = batchCount(frame)
    const first = agent.nextSequence(replica)
    const times = (frame[batchOffset.flags] as number) & batchFlag.times
    numberBatch(frame, replica.id, boot, first, times | (token === 0 ? 0 : batchFlag.confirm))
    const firstTime = batchBaseTime(frame)
    const onlyTopic = readU16(frame, batchOffset.topicCount) === 1 ? topics[0] : undefined
    if (onlyTopic !== undefined) {
      ports.recorder.sent(replica.name, origin, first, records, onlyTopic, firstTime, lastTime)
    } else {
      const indexes = this.#topicIndexes.subarray(0, records)
      ports.recorder.sentMixed(replica.name, origin, first, topics, indexes, firstTime, lastTime)
    }
    ports.count('messagesPublished', records)
    this.#broker.handle({ kind: 'publish', replica, frame, count: records, confirm: token !== 0, token })
    this.lastRun = { records, stream: replica.id, boot, first }
    return this.lastRun
  }

  #onConfirmed(pending: Pending, ok: boolean): void {
    pending.waiting--
    pending.ok &&= ok
    if (pending.waiting === 0) this.#finish(pending)
  }

  /** With one node the confirmation comes while the batch is being stored, before its run is known: so it waits. */
  #finish(pending: Pending): void {
    const { publish, runs, bytes } = pending
    this.#inFlightBytes -= bytes
    this.#answer('copies', { status: pending.ok ? 'stored' : 'unknown', publish, runs })
  }

  #answer(level: AckLevel, outcome: PublishOutcome): void {
    if (level === 'none' && outcome.status !== 'refused') return
    this.answers.push(outcome)
  }
}

/** One record's place from the run of its stream, advancing the run. */
function takeOne(runs: Map<StreamId, AcknowledgedRun>, replica: Replica | undefined): AcknowledgedRun[] {
  const run = replica === undefined ? undefined : runs.get(replica.id)
  if (replica === undefined || run === undefined) return []
  runs.set(replica.id, { ...run, first: run.first + 1 })
  return [{ ...run, records: 1 }]
}

/** Joins neighbouring runs of one stream, in place. */
function mergeRuns(runs: AcknowledgedRun[]): void {
  const merged: AcknowledgedRun[] = []
  for (const run of runs) {
    const last = merged[merged.length - 1]
    if (last !== undefined && last.stream === run.stream && last.first + last.records === run.first) {
      merged[merged.length - 1] = { ...last, records: last.records + run.records }
    } else merged.push(run)
  }
  runs.splice(0, runs.length, ...merged)
}
