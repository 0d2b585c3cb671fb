// What subscribers get: messages and gaps. A message is a window onto the batch that it came in; text, headers and
// the rest are read when somebody asks. It keeps the whole batch in memory: copy the payload to hold on to it for long.

import { batchEpoch, batchOffset, batchPlace, batchSequence } from '../node/wire/batch-header.ts'
import { readHeaders } from '../node/wire/batch-reader.ts'
import { readF64 } from '../node/wire/bytes.ts'
import type { GapReason } from '../node/wire/control.ts'
import { readRecordParts } from '../node/wire/record.ts'
import { readText } from '../node/wire/text.ts'

/** What the messages of one batch have in common. */
export interface MessageSource {
  readonly frame: Uint8Array
  readonly topics: readonly string[]
  readonly stream: string
  readonly origin: string
}

/** One message. All fields are read-only. */
export class Message {
  readonly #source: MessageSource
  /** First byte of the record. */
  readonly #start: number
  /** Position within the messages of its stream and origin: 1, 2, 3 … */
  readonly sequence: number

  /** Made by a subscription. */
  constructor(source: MessageSource, start: number, sequence: number) {
    this.#source = source
    this.#start = start
    this.sequence = sequence
  }

  /** Tells a message from a `Gap`. */
  get kind(): 'message' {
    return 'message'
  }

  /** The topic it was published under. */
  get topic(): string {
    const { frame, topics } = this.#source
    const at = this.#start + 4
    return topics[(frame[at] as number) | ((frame[at + 1] as number) << 8)] as string
  }

  /** The payload's bytes, as a view of the batch: copy them before keeping them for long. */
  get payload(): Uint8Array {
    const { frame } = this.#source
    const { payloadStart, payloadEnd } = readRecordParts(frame, this.#start)
    return new Uint8Array(frame.buffer, frame.byteOffset + payloadStart, payloadEnd - payloadStart)
  }

  /** The payload as text; U+FFFD stands where it is not UTF-8. */
  text(): string {
    return readText(this.payload)
  }

  /** The headers by name, an object without prototype; empty if there are none. */
  get headers(): Readonly<Record<string, string>> {
    const { headersStart, headersEnd } = readRecordParts(this.#source.frame, this.#start)
    return readHeaders(this.#source.frame, headersStart, headersEnd)
  }

  /** The key it was published with. */
  get key(): string | undefined {
    const { frame } = this.#source
    const { hasKey, keyStart, keyEnd } = readRecordParts(frame, this.#start)
    return hasKey ? readText(frame.subarray(keyStart, keyEnd)) : undefined
  }

  /** The stream that the topic belongs to. */
  get stream(): string {
    return this.#source.stream
  }

  /** Who numbered the message: `node#boot`. */
  get origin(): string {
    return this.#source.origin
  }

  /** Place in the order of its stream, 1, 2, 3 …; undefined where the stream has none: in gossip mode. */
  get offset(): number | undefined {
    const { frame } = this.#source
    const first = batchPlace(frame)
    return first === 0 ? undefined : first + this.sequence - batchSequence(frame)
  }

  /** The epoch of the stream in which it got that place; undefined where it has none. */
  get epoch(): number | undefined {
    const { frame } = this.#source
    return batchPlace(frame) === 0 ? undefined : batchEpoch(frame)
  }

  /** When the publisher meant to send it: milliseconds since 1970 by the publisher's clock, with fractions. */
  get time(): number {
    const { frame } = this.#source
    return readF64(frame, batchOffset.baseTime) + readRecordParts(frame, this.#start).timeDeltaMs
  }
}

/** Messages that will not come: the sequences `from` to `to` of an origin, both included. */
export interface Gap {
  readonly kind: 'gap'
  readonly stream: string
  readonly origin: string
  readonly from: number
  readonly to: number
  /** `retention`: older than what is kept; `lost`: no node has them any more. */
  readonly reason: GapReason
}

/** What a subscription hands out, in order. */
export type Delivery = Message | Gap
