// The publishing half of a client. Publications of one turn of the event loop go into one open batch, which is sealed
// when the turn ends or the batch is full, and handed to the outbox. What cannot be sent is refused on the spot.

import { protocolLimits } from '../node/core/common/limits.ts'
import type { PublishRefusal, RefusedCode } from '../node/core/common/publish-endings.ts'
import { BatchBuilder, type RecordOptions } from '../node/wire/batch-builder.ts'
import type { AckLevel } from '../node/wire/batch-header.ts'
import type { ProducerTag } from '../node/wire/batch-producer.ts'
import type { PublishOptions, WaitOptions } from './options.ts'
import { type FailureListener, Outbox } from './outbox.ts'
import type { Producer, ProducerPublication } from './producer.ts'
import { optionsProblem, payloadProblem, TopicCheck } from './publication-check.ts'
import { type PositionNames, PublishBatch, PublishReceipt, type PublishResult } from './receipt.ts'
import type { Environment } from './transport.ts'
import { abortable } from './wait.ts'

export interface PublisherSettings {
  readonly deadlineMs: number
  readonly inFlightBytesMax: number
}

export class Publisher {
  readonly outbox: Outbox
  readonly #environment: Environment
  readonly #deadlineMs: number
  readonly #inFlightBytesMax: number
  readonly #names: PositionNames
  readonly #listener: FailureListener
  readonly #builder: BatchBuilder
  readonly #topics = new TopicCheck()
  /** The batch being filled; its records are in the builder. */
  #open: PublishBatch | undefined
  #isTurnAwaited = false
  #closedBy: PublishRefusal | undefined
  /** Refusals of this turn that no batch stands for, by code. */
  readonly #refusedNow = new Map<RefusedCode, { messages: number; reason: string }>()

  constructor(
    environment: Environment,
    settings: PublisherSettings,
    names: PositionNames,
    listener: FailureListener,
  ) {
    this.outbox = new Outbox(environment, settings.inFlightBytesMax, listener)
    this.#environment = environment
    this.#deadlineMs = settings.deadlineMs
    this.#inFlightBytesMax = settings.inFlightBytesMax
    this.#names = names
    this.#listener = listener
    this.#builder = new BatchBuilder(environment.allocate)
  }

  /** Appends to the open batch. 128 bytes take about 100 ns: nothing but the receipt is allocated. */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options: PublishOptions | undefined,
    producer?: ProducerTag,
  ): PublishReceipt {
    this.outbox.counts.published++
    const isText = typeof payload === 'string'
    if (!isText && !(payload instanceof Uint8Array)) {
      throw new TypeError('payload is neither a string nor a Uint8Array')
    }
    let room = isText ? payload.length * 3 : payload.length
    const problem = this.#topics.problem(topic) ?? this.#closedBy ?? this.#sizeProblem(payload, room)
    if (problem !== undefined) return this.#refuse(problem, producer)
    let level: AckLevel = 'local'
    let deadlineMs = this.#deadlineMs
    if (options !== undefined) {
      const unfit = optionsProblem(options)
      if (unfit !== undefined) return this.#refuse(unfit, producer)
      level = options.ack ?? level
      deadlineMs = options.deadlineMs ?? deadlineMs
      room += optionsRoom(options)
    }
    const batch = this.#batchFor(level, deadlineMs, room, options?.time, producer)
    const record = options === undefined && !batch.isTimed ? undefined : this.#toRecord(batch, options)
    this.#builder.append(topic, payload, record, batch.baseTime)
    const index = batch.count++
    if (batch.count === protocolLimits.batchRecordsMax) this.#seal()
    return new PublishReceipt(batch, index)
  }

  /** Publishes in order, pauses while too much is held, and waits for all outcomes. */
  async publishAll(
    publications: Iterable<ProducerPublication>,
    { signal, ...options }: Pick<PublishOptions, 'ack' | 'deadlineMs'> & WaitOptions,
    producer?: Pick<Producer, 'publish'>,
  ): Promise<PublishResult[]> {
    const receipts: PublishReceipt[] = []
    for (const { topic, payload, headers, key, time, sequence } of publications) {
      signal?.throwIfAborted()
      if (this.isSaturated) await abortable(this.writable(), signal)
      else if (payload.length > this.#inFlightBytesMax) await abortable(this.flush(), signal)
      const all = { ...options, headers, key, time }
      receipts.push(
        producer?.publish(topic, payload, { ...all, sequence }) ?? this.publish(topic, payload, all),
      )
    }
    return abortable(Promise.all(receipts), signal)
  }

  /** Whether so much is held, sealed or not, that waiting is wise. */
  get isSaturated(): boolean {
    return this.#heldBytes >= this.#inFlightBytesMax
  }

  /** Resolves when less than the in-flight limit is held. What is open is sent, or nothing would ever be answered. */
  async writable(): Promise<void> {
    if (!this.isSaturated) return
    this.#seal()
    await this.outbox.writable()
  }

  /** Resolves when everything published so far has its outcome. */
  async flush(): Promise<void> {
    void this.#open?.wait()
    this.#seal()
    await this.outbox.settled()
  }

  /** Gives everything an outcome and refuses from now on. */
  close(code: RefusedCode, reason: string): void {
    this.refuseNew(code, reason)
    this.#seal()
    this.outbox.close(code, reason)
  }

  /** Refuses from now on. What was published before keeps its chance. */
  refuseNew(code: RefusedCode, reason: string): void {
    this.#closedBy ??= { refused: code, reason }
  }

  /** Bytes without an outcome, sealed or not. */
  get #heldBytes(): number {
    return this.outbox.heldBytes + (this.#builder.count === 0 ? 0 : this.#builder.bytes)
  }

  #sizeProblem(payload: string | Uint8Array, room: number): PublishRefusal | undefined {
    if (room > protocolLimits.payloadBytesMax) {
      const problem = payloadProblem(payload)
      if (problem !== undefined) return problem
    }
    const held = this.#heldBytes
    const limit = 2 * this.#inFlightBytesMax
    // A single message larger than the buffer goes through when nothing else waits.
    if (held === 0 || held + payload.length <= limit) return undefined
    return {
      refused: 'CLIENT_BUFFER_FULL',
      reason: `${held} bytes are unacknowledged, at most ${limit} may be`,
    }
  }

  /** The open batch if it fits; else it is sealed and a new one begins. */
  #batchFor(
    level: AckLevel,
    deadlineMs: number,
    room: number,
    time: number | undefined,
    producer: ProducerTag | undefined,
  ): PublishBatch {
    const open = this.#open
    if (open !== undefined) {
      // A record cannot be earlier than the first one of its batch.
      const inTime = time === undefined || time >= open.baseTime
      const isAlike = open.level === level && open.deadlineMs === deadlineMs && open.goesOnWith(producer)
      if (inTime && isAlike && this.#builder.hasRoom(room)) return open
      this.#seal()
    }
    const now = this.#environment.now()
    const batch = new PublishBatch(level, now, deadlineMs, time, this.#names, producer)
    if (producer !== undefined) this.#builder.begin(producer)
    this.#open = batch
    if (!this.#isTurnAwaited) this.#awaitTurn()
    return batch
  }

  #toRecord(batch: PublishBatch, options: PublishOptions | undefined): RecordOptions | undefined {
    const time = options?.time ?? (batch.isTimed ? this.#environment.now() : undefined)
    if (time === undefined && options?.headers === undefined && options?.key === undefined) return undefined
    return { headers: options?.headers, key: options?.key, time }
  }

  #awaitTurn(): void {
    this.#isTurnAwaited = true
    this.#environment.afterTurn(() => {
      this.#isTurnAwaited = false
      this.#seal()
      if (this.#refusedNow.size > 0) this.#tellRefused()
    })
  }

  #tellRefused(): void {
    for (const [code, { messages, reason }] of this.#refusedNow) {
      this.#listener.onFailed('refused', messages, code, reason)
    }
    this.#refusedNow.clear()
  }

  #seal(): void {
    const batch = this.#open
    if (batch === undefined) return
    this.#open = undefined
    // While there is room for much more, the node may acknowledge several batches at once, unless somebody waits (patience.ts).
    const hasRoom = (this.outbox.heldBytes + this.#builder.bytes) * 2 < this.#inFlightBytesMax
    this.outbox.push(batch, this.#builder.finish(0, batch.level, hasRoom))
  }

  #refuse(problem: PublishRefusal, producer: ProducerTag | undefined): PublishReceipt {
    this.outbox.counts.refused++
    const batch = new PublishBatch('none', 0, 0, undefined, this.#names, producer)
    batch.settle({ status: 'refused', code: problem.refused, reason: problem.reason })
    const entry = this.#refusedNow.get(problem.refused)
    if (entry === undefined) this.#refusedNow.set(problem.refused, { messages: 1, reason: problem.reason })
    else entry.messages++
    if (!this.#isTurnAwaited) this.#awaitTurn()
    return new PublishReceipt(batch, 0)
  }
}

/** Bytes that headers, key and time of a record may take, roughly; decides only when a batch is full. */
function optionsRoom(options: PublishOptions): number {
  let room = 4
  if (options.key !== undefined) room += 1 + options.key.length * 3
  if (options.headers === undefined) return room
  for (const [name, value] of Object.entries(options.headers)) room += 3 + 3 * (name.length + value.length)
  return room + 2
}
