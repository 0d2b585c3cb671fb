// Walks the records of a batch without allocating: the reader's fields describe the current record. Bytes from
// outside cannot make it throw or leave the frame; a record that does not fit ends the walk with a problem.

import { protocolLimits } from '../core/common/limits.ts'
import {
  batchBaseTime,
  batchCount,
  batchOffset,
  batchSequence,
  recordFlag,
  recordsStart,
} from './batch-header.ts'
import { readU16, readU32 } from './bytes.ts'
import { readText, tryReadText } from './text.ts'

export class BatchReader {
  #frame: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0
  #left = 0
  #topicCount = 0
  #baseTime = 0
  #nextSequence = 0

  /** Sequence of the current record. */
  sequence = 0
  topicIndex = 0
  /** Intended send time of the current record, milliseconds since 1970. */
  time = 0
  /** Headers block of the current record; equal positions mean none. */
  headersStart = 0
  headersEnd = 0
  /** Key of the current record; equal positions mean none, or an empty one (flag 4 tells). */
  keyStart = 0
  keyEnd = 0
  flags = 0
  payloadStart = 0
  payloadEnd = 0
  /** First byte of the current record. */
  recordStart = 0
  /** Why the walk ended early, if it did. */
  problem: string | undefined = undefined

  /** Starts a walk. The header must have passed `batchHeaderProblem`. */
  open(frame: Uint8Array): void {
    this.#frame = frame
    this.#at = recordsStart(frame)
    this.#end = readU32(frame, batchOffset.topicsStart)
    this.#left = batchCount(frame)
    this.#topicCount = readU16(frame, batchOffset.topicCount)
    this.#baseTime = batchBaseTime(frame)
    this.#nextSequence = batchSequence(frame)
    this.problem = undefined
  }

  /** Moves to the next record, over holes; false at the end or at a problem. */
  next(): boolean {
    const frame = this.#frame
    while (this.#left > 0) {
      const start = this.#at
      if (start + 4 > this.#end) return this.#stop('ends inside a record')
      const word = readU32(frame, start)
      const flags = word >>> 24
      const length = word & 0xffffff
      if (flags === recordFlag.hole) {
        if (length < 1 || length > this.#left) return this.#stop(`has a hole of ${length} records`)
        this.#left -= length
        this.#nextSequence += length
        this.#at = start + 4
        continue
      }
      return this.#read(frame, start, flags, length)
    }
    if (this.#at !== this.#end) return this.#stop('has bytes behind its last record')
    return false
  }

  #read(frame: Uint8Array, start: number, flags: number, length: number): boolean {
    let at = start + 6
    if (at > this.#end || flags > 7) return this.#stop('has a record that does not parse')
    this.recordStart = start
    this.flags = flags
    this.topicIndex = readU16(frame, start + 4)
    this.time = this.#baseTime
    this.headersStart = this.headersEnd = this.keyStart = this.keyEnd = 0
    if (flags !== 0) {
      at = this.#readOptions(frame, at, flags)
      if (at < 0) return this.#stop('has a record whose headers or key do not fit')
    }
    const payloadEnd = at + length
    if (payloadEnd > this.#end) return this.#stop('has a payload that does not fit')
    if (length > protocolLimits.payloadBytesMax) return this.#stop(`has a payload of ${length} bytes`)
    if (this.topicIndex >= this.#topicCount) return this.#stop(`has the topic index ${this.topicIndex}`)
    this.payloadStart = at
    this.payloadEnd = payloadEnd
    this.sequence = this.#nextSequence++
    this.#left--
    this.#at = payloadEnd
    return true
  }

  #readOptions(frame: Uint8Array, start: number, flags: number): number {
    let at = start
    if ((flags & recordFlag.timeDelta) !== 0) {
      if (at + 4 > this.#end) return -1
      this.time = this.#baseTime + readU32(frame, at) / 1000
      at += 4
    }
    if ((flags & recordFlag.headers) !== 0) {
      if (at + 2 > this.#end) return -1
      this.headersStart = at + 2
      this.headersEnd = at = at + 2 + readU16(frame, at)
      if (at > this.#end || at - this.headersStart > protocolLimits.headerBytesMax) return -1
    }
    if ((flags & recordFlag.key) !== 0) {
      if (at + 1 > this.#end) return -1
      this.keyStart = at + 1
      this.keyEnd = at = at + 1 + (frame[at] as number)
      if (at > this.#end) return -1
    }
    return at
  }

  #stop(problem: string): false {
    this.problem = problem
    this.#left = 0
    this.#at = this.#end
    return false
  }
}

/** The topics of a batch, or why its table does not parse. The header must have passed `batchHeaderProblem`. */
export function readTopics(
  frame: Uint8Array,
): { readonly topics: readonly string[] } | { readonly problem: string } {
  const count = readU16(frame, batchOffset.topicCount)
  const topics: string[] = []
  let at = readU32(frame, batchOffset.topicsStart)
  for (let index = 0; index < count; index++) {
    const end = at + 1 + (frame[at] ?? 0)
    if (at >= frame.length || end > frame.length) return { problem: 'has a topic table that does not fit' }
    const topic = tryReadText(frame.subarray(at + 1, end))
    if (topic === undefined) return { problem: 'has a topic that is not UTF-8' }
    topics.push(topic)
    at = end
  }
  if (at !== frame.length) return { problem: 'has bytes behind its topic table' }
  return { topics }
}

/** Decodes a headers block that a BatchReader found. Names are kept as they came; the object has no prototype. */
export function readHeaders(frame: Uint8Array, start: number, end: number): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  let at = start
  let count = 0
  while (at < end && count < protocolLimits.headerCountMax) {
    const nameEnd = at + 1 + (frame[at] as number)
    if (nameEnd + 2 > end) break
    const valueEnd = nameEnd + 2 + readU16(frame, nameEnd)
    if (valueEnd > end) break
    headers[readText(frame.subarray(at + 1, nameEnd))] = readText(frame.subarray(nameEnd + 2, valueEnd))
    at = valueEnd
    count++
  }
  return headers
}
