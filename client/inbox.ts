// What arrived for one subscription and was not handed out yet. Frames are checked on arrival, once and completely:
// against the batch layout, and against the delivery rule (docs/protocol.md section 2). Messages are made one by
// one when they are taken.

import { Deque } from '../node/core/common/deque.ts'
import {
  batchBoot,
  batchCount,
  batchOffset,
  batchSequence,
  batchStream,
  numberedBatchProblem,
  recordFlag,
  recordsStart,
} from '../node/wire/batch-header.ts'
import { BatchReader, readTopics } from '../node/wire/batch-reader.ts'
import { readU32 } from '../node/wire/bytes.ts'
import type { GapReason } from '../node/wire/control.ts'
import { recordEnd } from '../node/wire/record.ts'
import { type Delivery, type Gap, Message, type MessageSource } from './delivery.ts'
import { type Position, Positions } from './positions.ts'
import type { PositionNames } from './receipt.ts'

/** A batch that is being handed out. */
class InboxBatch implements MessageSource {
  readonly frame: Uint8Array
  readonly topics: readonly string[]
  readonly position: Position
  /** Sequence of the last record, holes counted. */
  readonly last: number
  /** Copies that were passed and are not counted yet. */
  copies = 0
  /** Records up to this sequence are copies of what came before. */
  readonly #skipThrough: number
  readonly #end: number
  #at: number
  #sequence: number

  constructor(frame: Uint8Array, topics: readonly string[], position: Position) {
    this.frame = frame
    this.topics = topics
    this.position = position
    this.#skipThrough = position.received
    this.#at = recordsStart(frame)
    this.#end = readU32(frame, batchOffset.topicsStart)
    this.#sequence = batchSequence(frame)
    this.last = this.#sequence + batchCount(frame) - 1
  }

  get stream(): string {
    return this.position.stream
  }

  get origin(): string {
    return this.position.origin
  }

  /** The next message that is no copy; undefined at the end. */
  next(): Message | undefined {
    while (this.#at < this.#end) {
      const start = this.#at
      const word = readU32(this.frame, start)
      const flags = word >>> 24
      if (flags === recordFlag.hole) {
        this.#at = start + 4
        this.#sequence += word & 0xffffff
        continue
      }
      this.#at = flags === 0 ? start + 6 + word : recordEnd(this.frame, start)
      const sequence = this.#sequence++
      if (sequence > this.#skipThrough) return new Message(this, start, sequence)
      this.copies++
    }
    return undefined
  }
}

interface Passed {
  readonly kind: 'passed'
  readonly position: Position
  sequence: number
}

interface InboxGap {
  readonly kind: 'inbox gap'
  readonly position: Position
  readonly gap: Gap
}

/** What was consumed since the node was asked on this connection. */
export interface Consumed {
  messages: number
  bytes: number
}

export class Inbox {
  readonly positions: Positions = new Positions()
  readonly consumed: Consumed = { messages: 0, bytes: 0 }
  readonly #names: PositionNames
  readonly #isShared: boolean
  readonly #queue = new Deque<InboxBatch | InboxGap | Passed>()
  readonly #reader = new BatchReader()
  /** Whether a message was taken that is not counted as consumed yet. */
  #isTaken = false
  /** Topic table of the batch before, which is nearly always the same. */
  #topicBytes: Uint8Array = new Uint8Array(0)
  #topics: readonly string[] = []

  /** `isShared`: of a member of a queue, whose node knows what it has sent; it comes in the order of each key alone. */
  constructor(names: PositionNames, isShared = false) {
    this.#names = names
    this.#isShared = isShared
  }

  get isEmpty(): boolean {
    return this.length === 0
  }

  /** Batches, gaps and passed positions that wait. */
  get length(): number {
    return this.#queue.length
  }

  /** Takes in a batch; answers how the protocol was broken, if it was. */
  onBatch(frame: Uint8Array): string | undefined {
    const problem = numberedBatchProblem(frame) ?? this.#loadTopics(frame)
    if (problem !== undefined) return `a batch ${problem}`
    const broken = this.#walk(frame)
    if (broken !== undefined) return `a batch ${broken}`
    const stream = this.#names.streamNumber(batchStream(frame))
    const boot = batchBoot(frame)
    const first = batchSequence(frame)
    const position = this.#positionOf(stream, boot, first - 1)
    if (typeof position === 'string') return position
    if (first > position.received + 1) return skipped(position, first)
    // Copies count as consumed in their turn: the node takes a total for everything that it sent before.
    const batch = new InboxBatch(frame, this.#topics, position)
    position.received = Math.max(position.received, batch.last)
    this.#queue.push(batch)
    return undefined
  }

  /** Everything of this origin up to the sequence is behind the subscription. */
  onProgress(number: number, boot: number, sequence: number): string | undefined {
    const stream = this.#names.streamNumber(number)
    const position = this.#positionOf(stream, boot, sequence)
    if (typeof position === 'string') return position
    if (sequence <= position.received) return undefined
    position.received = sequence
    this.#pass(position, sequence)
    return undefined
  }

  onGap(stream: number, boot: number, from: number, to: number, reason: GapReason): string | undefined {
    const position = this.#positionOf(stream, boot, from - 1)
    if (typeof position === 'string') return position
    if (to <= position.received) return undefined
    if (from > position.received + 1) return skipped(position, from)
    const gap: Gap = {
      kind: 'gap',
      stream: position.stream,
      origin: position.origin,
      from: position.received + 1,
      to,
      reason,
    }
    position.received = to
    this.#queue.push({ kind: 'inbox gap', position, gap })
    return undefined
  }

  /** The next thing to hand out; undefined if nothing waits. */
  take(): Delivery | undefined {
    for (let item = this.#queue.peek(); item !== undefined; item = this.#queue.peek()) {
      if (item instanceof InboxBatch) {
        const message = item.next()
        this.consumed.messages += item.copies
        item.copies = 0
        if (message !== undefined) {
          item.position.handed = message.sequence
          this.#isTaken = true
          return message
        }
        item.position.handed = Math.max(item.position.handed, item.last)
        this.consumed.bytes += item.frame.length
        this.#queue.shift()
        continue
      }
      this.#queue.shift()
      if (item.kind === 'passed') {
        item.position.handed = item.sequence
        continue
      }
      item.position.handed = item.gap.to
      return item.gap
    }
    return undefined
  }

  /** What was taken last has been worked on. */
  onConsumed(): void {
    if (this.#isTaken) this.consumed.messages++
    this.#isTaken = false
  }

  /** Forgets everything, positions included: the subscription never began. */
  restart(): void {
    this.clear()
    this.positions.clear()
  }

  clear(): void {
    while (this.#queue.shift() !== undefined);
  }

  /** Progress is not bounded by credit: behind the last batch or gap there is one item per origin, however long it waits. */
  #pass(position: Position, sequence: number): void {
    for (let at = this.#queue.end - 1; at >= this.#queue.first; at--) {
      const item = this.#queue.at(at)
      if (item === undefined || !('kind' in item) || item.kind !== 'passed') break
      if (item.position !== position) continue
      item.sequence = sequence
      return
    }
    this.#queue.push({ kind: 'passed', position, sequence })
  }

  /** Where an origin stands; of a member of a queue, just before what has come. */
  #positionOf(stream: number, boot: number, sequence: number): Position | string {
    const known = this.#isShared ? undefined : this.positions.find(stream, boot)
    if (known !== undefined) return known
    const position = this.#newPosition(stream, boot, sequence)
    if (typeof position === 'string' || this.#isShared) return position
    return this.positions.add(stream, boot, position)
  }

  #newPosition(stream: number, boot: number, sequence: number): Position | string {
    const streamName = this.#names.streamName(stream)
    const origin = this.#names.originName(boot)
    if (streamName === undefined) return `the stream ${stream} has no name yet`
    if (origin === undefined) return `the boot ${boot} has no origin yet`
    return { stream: streamName, origin, received: sequence, handed: sequence }
  }

  #loadTopics(frame: Uint8Array): string | undefined {
    const bytes = frame.subarray(readU32(frame, batchOffset.topicsStart))
    if (isEqual(bytes, this.#topicBytes) && this.#topics.length > 0) return undefined
    const read = readTopics(frame)
    if ('problem' in read) return read.problem
    this.#topics = read.topics
    this.#topicBytes = bytes.slice()
    return undefined
  }

  /** Walks the whole batch; what is wrong, if anything is. */
  #walk(frame: Uint8Array): string | undefined {
    const reader = this.#reader
    reader.open(frame)
    while (reader.next());
    return reader.problem
  }
}

function skipped(position: Position, sequence: number): string {
  return `sequence ${sequence} of ${position.origin} on ${position.stream} came after ${position.received}`
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}
