// The lines of a journal as typed events (docs/protocol.md, section 4), and the decoder from parsed JSON.
//
// A journal was written by another process, perhaps while its disk failed: every field is looked at, and a line
// whose numbers contradict each other counts as damaged, because half of it would make a wrong verdict.

import {
  damaged,
  decodeOrder,
  decodeRanges,
  type Fields,
  isFields,
  orderedRange,
  type SequenceRange,
  sequence,
  type TopicRun,
  text,
  texts,
  time,
} from './journal-field.ts'
import { decodeSubscriptionLine, type SubscriptionEvent } from './subscription-event.ts'

interface Span {
  readonly stream: string
  readonly origin: string
  readonly from: number
  readonly to: number
  /** Milliseconds since 1970 of the first and of the last message. */
  readonly first: number
  readonly last: number
}

/** One line of a journal; `at` is when it was written, in milliseconds since 1970 by the node's clock. */
export type JournalEvent = { readonly at: number } & (
  | { readonly t: 'start'; readonly origin: string }
  | { readonly t: 'stop'; readonly origin: string }
  | { readonly t: 'stream'; readonly stream: string }
  | ({
      readonly t: 'sent'
      readonly topics: readonly TopicRun[]
      readonly isOrdered: boolean
      /** Who named itself, and the sequence that it gave the first message. */
      readonly producer?: { readonly name: string; readonly sequence: number }
    } & Span)
  | ({ readonly t: 'void' } & Pick<Span, 'stream' | 'origin' | 'from' | 'to'>)
  | { readonly t: 'forgotten'; readonly name: string }
  | ({ readonly t: 'unplaced' } & Pick<Span, 'stream' | 'origin' | 'from' | 'to'>)
  | SubscriptionEvent
  | ({ readonly t: 'got'; readonly sub: string; readonly ranges: readonly SequenceRange[] } & Span)
  | {
      readonly t: 'retention' | 'placed'
      readonly stream: string
      readonly origin: string
      readonly to: number
    }
  | {
      readonly t: 'latency'
      readonly stream: string
      readonly topic: string
      readonly from: string
      readonly n: number
      readonly hdr: string
    }
  | { readonly t: 'dropped'; readonly lines: number }
  | { readonly t: 'clock'; readonly peer: string; readonly offsetMs: number; readonly errorMs: number }
)

/** The event of one parsed line; 'unknown' for a kind of a later version, 'damaged' when fields are missing or wrong. */
export function toJournalEvent(value: unknown): JournalEvent | 'unknown' | 'damaged' {
  if (!isFields(value)) return 'damaged'
  try {
    return decode(value, value['t'])
  } catch (error) {
    if (error === damaged) return 'damaged'
    throw error
  }
}

function decode(line: Fields, kind: unknown): JournalEvent | 'unknown' {
  if (typeof kind !== 'string') throw damaged
  const at = time(line['at'])
  switch (kind) {
    case 'start':
    case 'stop':
      return { t: kind, at, origin: text(line['origin']) }
    case 'stream':
      return { t: kind, at, stream: text(line['stream']) }
    case 'sent':
      return decodeSent(line, at)
    case 'got':
      return decodeGot(line, at)
    case 'retention':
    case 'placed':
      return { t: kind, at, ...numbered(line), to: sequence(line['to']) }
    case 'forgotten':
      return { t: kind, at, name: text(line['name']) }
    case 'void':
    case 'unplaced': {
      const [from, to] = orderedRange(line)
      return { t: kind, at, ...numbered(line), from, to }
    }
    case 'latency':
      return {
        t: kind,
        at,
        stream: text(line['stream']),
        topic: text(line['topic']),
        from: text(line['from']),
        n: sequence(line['n']),
        hdr: text(line['hdr']),
      }
    case 'dropped':
      return { t: kind, at, lines: sequence(line['lines']) }
    case 'clock':
      return {
        t: kind,
        at,
        peer: text(line['peer']),
        offsetMs: time(line['offsetMs']),
        errorMs: time(line['errorMs']),
      }
    default:
      return decodeSubscriptionLine(line, kind, at)
  }
}

function decodeSent(line: Fields, at: number): JournalEvent {
  const [from, to] = orderedRange(line)
  const count = to - from + 1
  if (line['n'] !== count) throw damaged
  const order = line['order']
  const ordered = line['ordered']
  if (ordered !== undefined && ordered !== true) throw damaged
  const topics =
    order === undefined
      ? [{ topic: text(line['topic']), count }]
      : decodeOrder(text(order), texts(line['topics']), count)
  const { producer: name, number } = line
  const producer = name === undefined ? {} : { producer: { name: text(name), sequence: sequence(number) } }
  return { t: 'sent', at, ...span(line, from, to), topics, isOrdered: ordered === true, ...producer }
}

function decodeGot(line: Fields, at: number): JournalEvent {
  const [from, to] = orderedRange(line)
  const listed = line['ranges']
  const ranges: readonly SequenceRange[] =
    listed === undefined ? [[from, to]] : decodeRanges(text(listed), from, to)
  let sum = 0
  for (const [low, high] of ranges) sum += high - low + 1
  if (line['n'] !== sum) throw damaged
  return { t: 'got', at, sub: text(line['sub']), ...span(line, from, to), ranges }
}

function span(line: Fields, from: number, to: number): Span {
  return {
    ...numbered(line),
    from,
    to,
    first: time(line['first']),
    last: time(line['last']),
  }
}

function numbered(line: Fields): { readonly stream: string; readonly origin: string } {
  return { stream: text(line['stream']), origin: text(line['origin']) }
}
