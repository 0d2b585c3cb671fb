// Packs publications into one publish frame. Records are written straight into the frame that goes out; the topic
// table is appended at the end, when all topics are known. The open frame doubles as it fills and starts at the
// size of the one before, so that a lone message costs its own bytes and a flood costs no copying.

import { protocolLimits } from '../core/common/limits.ts'
import {
  type AckLevel,
  ackLevels,
  batchFlag,
  batchHeaderBytes,
  batchOffset,
  frameType,
  recordFlag,
} from './batch-header.ts'
import { type ProducerTag, producerBytesMax, writeProducer } from './batch-producer.ts'
import { writeF64, writeU16, writeU32 } from './bytes.ts'
import { writeText } from './text.ts'

/** What a publication may carry besides topic and payload. */
export interface RecordOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly key?: string | undefined
  /** Intended send time, milliseconds since 1970; the batch's base time if absent. */
  readonly time?: number | undefined
}

/** Bytes that a record takes at the most, without payload: fixed fields, headers block and key. */
const recordOverheadMax = 4 + 2 + 4 + 2 + protocolLimits.headerBytesMax + 1 + protocolLimits.keyBytesMax
const plainOverhead = 6
/** Guess: above so many topics a Map finds one sooner than a walk along the list. */
const listedTopicsMax = 16

export class BatchBuilder {
  readonly #allocate: (bytes: number) => Uint8Array
  #frame: Uint8Array
  /** Where the next record goes. */
  #end = batchHeaderBytes
  #count = 0
  #topics: string[] = []
  /** Made when there are so many topics that looking through them takes longer. */
  #topicIndex: Map<string, number> | undefined = undefined
  #lastTopic = ''
  #lastTopicIndex = -1
  #topicBytes = 0
  #baseTime = 0
  /** Of the open batch: whether its producer is named. */
  #flags = 0

  /** `allocate` returns fresh bytes that need not be zeroed. */
  constructor(allocate: (bytes: number) => Uint8Array) {
    this.#allocate = allocate
    this.#frame = allocate(1024)
  }

  /** Records in the open batch. */
  get count(): number {
    return this.#count
  }

  /** Bytes of the open batch so far. */
  get bytes(): number {
    return this.#end + this.#topicBytes
  }

  /** Whether another record of this payload size would still fit; an empty batch takes any legal one. */
  hasRoom(payloadBytesMax: number): boolean {
    if (this.#count === 0) return true
    return (
      this.#count < protocolLimits.batchRecordsMax &&
      this.bytes + payloadBytesMax < protocolLimits.batchBytesMax
    )
  }

  /** The open batch, which must be empty, is one of a named producer; `sequence` is that of its first record. */
  begin(producer: ProducerTag): void {
    this.#reserve(producerBytesMax)
    this.#flags = batchFlag.producer
    this.#end = writeProducer(this.#frame, producer)
  }

  /**
   * Appends one record. Topic, payload, headers and key must be within the protocol's limits, and `hasRoom` true.
   * `now` becomes the base time when the batch is empty. Returns the bytes of the payload.
   */
  append(
    topic: string,
    payload: Uint8Array | string,
    options: RecordOptions | undefined,
    now: number,
  ): number {
    if (this.#count === 0) this.#baseTime = options?.time ?? now
    const payloadMax = typeof payload === 'string' ? payload.length * 3 : payload.length
    this.#reserve(payloadMax + (options === undefined ? plainOverhead : recordOverheadMax))
    const start = this.#end
    let at = start + plainOverhead
    let flags = 0
    if (options !== undefined) {
      const written = this.#appendOptions(at, options)
      at = written.at
      flags = written.flags
    }
    let payloadBytes: number
    if (typeof payload === 'string') {
      const end = writeText(this.#frame, at, payload)
      payloadBytes = end - at
    } else {
      this.#frame.set(payload, at)
      payloadBytes = payload.length
    }
    writeU32(this.#frame, start, payloadBytes | (flags << 24))
    writeU16(
      this.#frame,
      start + 4,
      topic === this.#lastTopic ? this.#lastTopicIndex : this.#toTopicIndex(topic),
    )
    this.#end = at + payloadBytes
    this.#count++
    return payloadBytes
  }

  /**
   * Completes the frame and starts the next, empty one. Call only with at least one record. `isPatient`: nobody waits for
   * the acknowledgement yet.
   */
  finish(publishNumber: number, level: AckLevel, isPatient: boolean = false): Uint8Array {
    this.#reserve(this.#topicBytes)
    const frame = this.#frame
    let at = this.#end
    for (const topic of this.#topics) {
      const end = writeText(frame, at + 1, topic)
      frame[at] = end - at - 1
      at = end
    }
    frame.fill(0, 0, batchHeaderBytes)
    frame[batchOffset.type] = frameType.publish
    frame[batchOffset.flags] = ackLevels.indexOf(level) | (isPatient ? batchFlag.patient : 0) | this.#flags
    writeU16(frame, batchOffset.topicCount, this.#topics.length)
    writeU32(frame, batchOffset.recordCount, this.#count)
    writeU32(frame, batchOffset.topicsStart, this.#end)
    writeU32(frame, batchOffset.publishNumber, publishNumber)
    writeF64(frame, batchOffset.baseTime, this.#baseTime)
    this.#reset(at)
    return frame.subarray(0, at)
  }

  #appendOptions(start: number, options: RecordOptions): { at: number; flags: number } {
    let at = start
    let flags = 0
    if (options.time !== undefined && options.time > this.#baseTime) {
      flags |= recordFlag.timeDelta
      writeU32(this.#frame, at, Math.min(0xffffffff, Math.round((options.time - this.#baseTime) * 1000)))
      at += 4
    }
    if (options.headers !== undefined) {
      const end = writeHeaders(this.#frame, at + 2, options.headers)
      if (end > at + 2) {
        flags |= recordFlag.headers
        writeU16(this.#frame, at, end - at - 2)
        at = end
      }
    }
    if (options.key !== undefined) {
      const end = writeText(this.#frame, at + 1, options.key)
      flags |= recordFlag.key
      this.#frame[at] = end - at - 1
      at = end
    }
    return { at, flags }
  }

  #toTopicIndex(topic: string): number {
    let index =
      this.#topicIndex === undefined ? this.#topics.indexOf(topic) : (this.#topicIndex.get(topic) ?? -1)
    if (index < 0) {
      index = this.#topics.push(topic) - 1
      this.#topicBytes += 1 + topic.length * 3
      if (this.#topicIndex !== undefined) this.#topicIndex.set(topic, index)
      else if (index === listedTopicsMax)
        this.#topicIndex = new Map(this.#topics.map((topic, index) => [topic, index]))
    }
    this.#lastTopic = topic
    this.#lastTopicIndex = index
    return index
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes
    if (needed <= this.#frame.length) return
    const grown = this.#allocate(Math.max(needed, this.#frame.length * 2))
    grown.set(this.#frame.subarray(0, this.#end))
    this.#frame = grown
  }

  #reset(lastBytes: number): void {
    this.#frame = this.#allocate(lastBytes > 32_768 ? protocolLimits.batchBytesMax + 1024 : lastBytes * 2)
    this.#end = batchHeaderBytes
    this.#flags = 0
    this.#count = 0
    this.#topicBytes = 0
    this.#lastTopic = ''
    this.#lastTopicIndex = -1
    this.#topics = []
    this.#topicIndex = undefined
  }
}

function writeHeaders(frame: Uint8Array, start: number, headers: Readonly<Record<string, string>>): number {
  let at = start
  for (const [name, value] of Object.entries(headers)) {
    const nameEnd = writeText(frame, at + 1, name)
    frame[at] = nameEnd - at - 1
    const valueEnd = writeText(frame, nameEnd + 2, value)
    writeU16(frame, nameEnd, valueEnd - nameEnd - 2)
    at = valueEnd
  }
  return at
}
